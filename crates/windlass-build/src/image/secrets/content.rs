//! What the bytes of a file say, whatever its name.
//!
//! Markers alone prove nothing, since code that reads keys names them as well: a key counts with
//! its body, a password with its value. A value that is taken from elsewhere (`${TOKEN}`) is none.

use super::SecretKind;

/// Files that people write code and prose in: a key in one of them is told, not refused, since it
/// is more often an example than a secret.
const PROSE: [&str; 22] = [
    "py", "pyi", "js", "mjs", "cjs", "ts", "tsx", "jsx", "vue", "go", "rs", "rb", "java", "c", "h",
    "md", "rst", "html", "htm", "css", "ipynb", "svg",
];

/// Whether the file is code or prose.
pub(super) fn is_prose(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    PROSE.iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// What the content alone shows.
pub(super) fn secret(name: &str, bytes: &[u8]) -> Option<SecretKind> {
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) || bytes.starts_with(&[0x03, 0xd9, 0xa2, 0x9a])
    {
        return Some(SecretKind::KeyStore);
    }
    if is_prose(name) || !is_text(bytes) {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}');
    if name.to_ascii_lowercase().ends_with(".json") {
        let key = json_text(text, "private_key") && private_key(text).is_some();
        let user = json_text(text, "refresh_token") && json_text(text, "client_secret");
        if key || user {
            return Some(SecretKind::CloudAccount);
        }
    }
    let putty = text.starts_with("PuTTY-User-Key-File-") && text.contains("Private-Lines:");
    if putty || private_key(text).is_some() {
        return Some(SecretKind::PrivateKey);
    }
    if assigns(text, &["aws_secret_access_key"]) {
        return Some(SecretKind::AwsCredentials);
    }
    is_kubeconfig(text).then_some(SecretKind::Kubeconfig)
}

/// Text, as far as one can see: no NUL among the first bytes.
pub(super) fn is_text(bytes: &[u8]) -> bool {
    !bytes[..bytes.len().min(8_000)].contains(&0)
}

/// Where a private key with a body begins, in bytes: PEM (RFC 7468), OpenSSH, PGP, age.
pub(super) fn private_key(text: &str) -> Option<usize> {
    const END: &str = "PRIVATE KEY";
    let pem = text.match_indices("-----BEGIN ").find(|(at, begin)| {
        let rest = &text[at + begin.len()..];
        let Some(label) = rest.split("-----").next() else { return false };
        let is_key = label.ends_with(END) || label == "PGP PRIVATE KEY BLOCK";
        label.len() <= 60 && is_key && rest.get(label.len() + 5..).is_some_and(has_body)
    });
    let age = text.match_indices("AGE-SECRET-KEY-1").find(|(at, begin)| {
        let body = text[at + begin.len()..].bytes();
        body.take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()).count() >= 50
    });
    pem.or(age).map(|(at, _)| at)
}

/// Whether base64 follows a key's first line, within lines or with `\n` written out, after the
/// headers that PEM and PGP allow.
fn has_body(rest: &str) -> bool {
    const ENOUGH: usize = 40;
    let lines = rest.split(['\n', '\r']).flat_map(|line| line.split("\\n")).take(12);
    let mut run = 0;
    for line in lines {
        let line = line.trim().trim_matches(['"', '\'', ',', '+', '\\', '|']).trim();
        if line.starts_with("-----END") {
            return false;
        }
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
        if line.bytes().all(base64) {
            run += line.len();
            if run >= ENOUGH {
                // `xxxx...` and `AAAA...` stand for a key in examples.
                let mut seen: Vec<u8> = line.bytes().collect();
                seen.sort_unstable();
                seen.dedup();
                return seen.len() > 8 || run > line.len();
            }
        }
    }
    false
}

/// A private key in DER: a SEQUENCE that begins with the version that PKCS #1 and #8 (0) and
/// SEC 1 (1) give it. Certificates and public keys begin otherwise.
pub(super) fn is_der_key(bytes: &[u8]) -> bool {
    let ([0x30, 0x82, _, _, body @ ..] | [0x30, 0x81, _, body @ ..] | [0x30, _, body @ ..]) = bytes
    else {
        return false;
    };
    matches!(body, [2, 1, 0, 0x02 | 0x30, ..] | [2, 1, 1, 0x04, ..])
}

/// Whether one of these names is given a value: `name = value`, `name: value`.
pub(super) fn assigns(text: &str, names: &[&str]) -> bool {
    text.lines().any(|line| {
        let Some((name, value)) = line.split_once(['=', ':']) else { return false };
        let name = name.trim().trim_matches(['"', '\'']);
        names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)) && is_value(value)
    })
}

/// `//index.example.org/:_authToken=...` and its kin.
pub(super) fn npm_token(text: &str) -> bool {
    text.lines().any(|line| {
        let Some((name, value)) = line.split_once('=').or_else(|| line.split_once(": ")) else {
            return false;
        };
        let name = name.trim().trim_matches('"').trim_start_matches('#');
        let ends = ["_authToken", "_auth", "_password", "npmAuthToken", "npmAuthIdent"];
        ends.iter().any(|end| name.ends_with(end))
            && !line.starts_with(['#', ';'])
            && is_value(value)
    })
}

/// A URL with a password in it.
pub(super) fn url_password(text: &str) -> bool {
    text.match_indices("://").any(|(at, _)| {
        let authority = text[at + 3..].split(['/', ' ', '"', '\'', '\n', '\r']).next();
        let user = authority.and_then(|authority| authority.rsplit_once('@'));
        let password = user.and_then(|(user, _)| user.split_once(':'));
        password.is_some_and(|(_, password)| is_value(password))
    })
}

/// Whether a JSON text gives this key a text of some length.
pub(super) fn json_text(text: &str, key: &str) -> bool {
    text.match_indices(&format!("\"{key}\"")).any(|(at, found)| {
        let rest = text[at + found.len()..].trim_start();
        let value = rest.strip_prefix(':').map(str::trim_start).and_then(|v| v.strip_prefix('"'));
        value.and_then(|value| value.split('"').next()).is_some_and(is_value)
    })
}

/// Whether lines of `NAME=value` or `name = "value"` give any value.
pub(super) fn has_values(text: &str) -> bool {
    text.lines().map(str::trim).filter(|line| !line.starts_with('#')).any(|line| {
        line.split_once('=')
            .is_some_and(|(_, value)| !value.trim().trim_matches(['"', '\'']).is_empty())
    })
}

/// Kubernetes' client configuration with something to log in with.
fn is_kubeconfig(text: &str) -> bool {
    let is_config = text.lines().any(|line| {
        let line = line.trim_end();
        line == "kind: Config" || line.trim().trim_end_matches(',') == "\"kind\": \"Config\""
    });
    let keys = ["token", "client-key-data", "password", "- token", "refresh-token"];
    let users = text.contains("users") && text.contains("clusters");
    is_config && users && assigns(&text.replace(",\n", "\n"), &keys)
}

/// Whether a text is a value, and not the place of one: empty, `${TOKEN}`, `<token>`, `xxxx`.
fn is_value(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'']).trim();
    let place = ["$", "<", "{", "%", "***", "REDACTED", "changeme", "your"];
    let placed = place.iter().any(|start| {
        value.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
    });
    let first = value.bytes().next();
    !placed && value.bytes().any(|byte| Some(byte) != first)
}
