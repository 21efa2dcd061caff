//! Files that look like secrets, by their names and contents. Pure.
//!
//! An image travels: whoever can pull it can read every file of it, for ever. So a file that looks
//! like a private key or like somebody's credentials is refused until the project says that it is
//! none. What is looked at is bounded by [`LIMIT`]; a certificate, a public key, a template or an
//! empty file is no secret. What this module does not do: say which files get in at all
//! ([`super::ignore`]), or keep what it has seen: no value ever leaves it.

mod content;
mod tokens;

pub(crate) use tokens::{Token, tokens};

/// How much of a file is looked at, in bytes: keys and credentials are small.
const LIMIT: usize = 1 << 20;

/// Why a file counts as a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    /// A private key: PEM (RFC 7468), OpenSSH, PGP, PuTTY, age, or DER (PKCS #1, PKCS #8, SEC 1).
    PrivateKey,
    /// A key store with its keys: PKCS #12, Java, KeePass.
    KeyStore,
    /// Settings of the environment with values, such as `.env.production`.
    Environment,
    /// Credentials of a package index or a registry: `.npmrc`, `.pypirc`, Docker's config.
    IndexCredentials,
    /// Passwords for hosts: `.netrc`, `.git-credentials`.
    HostPasswords,
    /// The key of a cloud's service account, or a user's refresh token.
    CloudAccount,
    /// AWS's credentials file.
    AwsCredentials,
    /// Access to a Kubernetes cluster.
    Kubeconfig,
    /// The state of Terraform, which holds every secret that it manages.
    TerraformState,
}

impl SecretKind {
    /// What it is, with its article.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKey => "a private key",
            Self::KeyStore => "a key store",
            Self::Environment => "settings of an environment, with their values",
            Self::IndexCredentials => "credentials of a package index or registry",
            Self::HostPasswords => "passwords for hosts",
            Self::CloudAccount => "the key of a cloud account",
            Self::AwsCredentials => "AWS credentials",
            Self::Kubeconfig => "access to a Kubernetes cluster",
            Self::TerraformState => "the state of Terraform, secrets included",
        }
    }
}

/// Whether the file at `path` (relative, with `/`) looks like a secret.
pub(crate) fn secret(path: &str, bytes: &[u8]) -> Option<SecretKind> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return None;
    }
    let bytes = &bytes[..bytes.len().min(LIMIT)];
    let name = path.rsplit('/').next().unwrap_or(path);
    by_name(path, name, bytes).or_else(|| content::secret(name, bytes))
}

/// What a name promises, as far as the content does not disprove it.
fn by_name(path: &str, name: &str, bytes: &[u8]) -> Option<SecretKind> {
    let lower = name.to_ascii_lowercase();
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "p12" | "pfx" | "jks" | "kdbx" => return Some(SecretKind::KeyStore),
        "keystore" | "bks" if !content::is_text(bytes) => return Some(SecretKind::KeyStore),
        "key" | "der" | "pk8" if content::is_der_key(bytes) => return Some(SecretKind::PrivateKey),
        _ => {}
    }
    if lower.ends_with(".tfstate") || lower.ends_with(".tfstate.backup") {
        return Some(SecretKind::TerraformState);
    }
    let text = String::from_utf8_lossy(bytes);
    let found = match lower.as_str() {
        ".npmrc" | ".yarnrc" | ".yarnrc.yml" => content::npm_token(&text),
        ".pypirc" => content::assigns(&text, &["password"]),
        "pip.conf" | "pip.ini" | "uv.toml" => content::url_password(&text),
        ".dockercfg" => content::json_text(&text, "auth"),
        "config.json" if path.ends_with(".docker/config.json") => content::json_text(&text, "auth"),
        ".netrc" | "_netrc" => {
            let found = text.split_whitespace().any(|word| word == "password");
            return found.then_some(SecretKind::HostPasswords);
        }
        ".git-credentials" => {
            return content::url_password(&text).then_some(SecretKind::HostPasswords);
        }
        _ => {
            let environment = is_environment(&lower) && content::has_values(&text);
            return environment.then_some(SecretKind::Environment);
        }
    };
    found.then_some(SecretKind::IndexCredentials)
}

/// `.env`, `.env.production`, `prod.env`, `.envrc`, `secrets.toml`; not the templates of them.
fn is_environment(name: &str) -> bool {
    const TEMPLATES: [&str; 8] =
        ["example", "sample", "template", "dist", "tmpl", "tpl", "default", "defaults"];
    let stem = match name {
        ".envrc" | "secrets.toml" | ".secrets.toml" => return true,
        ".env" => "",
        name if name.starts_with(".env.") => &name[5..],
        name => match name.strip_suffix(".env") {
            Some(stem) => stem,
            None => return false,
        },
    };
    !stem.split(['.', '-', '_']).any(|word| TEMPLATES.contains(&word))
}

#[cfg(test)]
mod tests;
