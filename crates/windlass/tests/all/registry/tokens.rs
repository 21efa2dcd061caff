//! A registry that wants tokens, and a place that gives them out: signed, for one repository and
//! what may be done with it.

use super::front::{Asked, Deed, Front, answer, status};
use super::{Small, client, pull, registry};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};
use windlass_oci::registry::{
    Credentials, How, Keychain, PushRequest, Registry, RegistryError, Secret,
};
use windlass_testkit::{RegistryAuth, RegistryService, TokenAuth, tools};

/// `ada:open-sesame`.
const PAIR: &str = "Basic YWRhOm9wZW4tc2VzYW1l";
const SERVICE: &str = "the registry";
const ISSUER: &str = "the issuer";

/// A key, and the certificate that the registry trusts.
struct Signer {
    openssl: PathBuf,
    _dir: tempfile::TempDir,
    key: PathBuf,
    certificate: String,
}

impl Signer {
    fn new() -> Self {
        let openssl = tools::need("openssl", "openssl");
        let dir = tempfile::tempdir().expect("a folder");
        let (key, certificate) = (dir.path().join("key.pem"), dir.path().join("certificate.pem"));
        let made = Command::new(&openssl)
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=tests", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .expect("openssl runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let certificate = std::fs::read_to_string(&certificate).expect("made");
        Self { openssl, _dir: dir, key, certificate }
    }

    /// A JSON Web Token (RFC 7519) that allows these actions.
    fn token(&self, scopes: &[String]) -> String {
        let body: String =
            self.certificate.lines().filter(|line| !line.starts_with("-----")).collect();
        let header = serde_json::json!({ "typ": "JWT", "alg": "RS256", "x5c": [body] });
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        let access: Vec<_> = scopes
            .iter()
            .filter_map(|scope| {
                let mut parts = scope.split(':');
                let (kind, name, actions) = (parts.next()?, parts.next()?, parts.next()?);
                let actions: Vec<_> = actions.split(',').collect();
                Some(serde_json::json!({ "type": kind, "name": name, "actions": actions }))
            })
            .collect();
        let claims = serde_json::json!({
            "iss": ISSUER, "aud": SERVICE, "sub": "ada", "jti": "1",
            "iat": now, "nbf": now - 60, "exp": now + 600, "access": access,
        });
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let text = [header, claims].map(|part| encode(part.to_string().as_bytes())).join(".");
        let signature = encode(&self.sign(text.as_bytes(), &self.key));
        format!("{text}.{signature}")
    }

    fn sign(&self, text: &[u8], key: &Path) -> Vec<u8> {
        let mut child = Command::new(&self.openssl)
            .args(["dgst", "-sha256", "-sign"])
            .arg(key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl runs");
        child.stdin.take().expect("piped").write_all(text).expect("it reads");
        child.wait_with_output().expect("it ends").stdout
    }
}

/// What the place for tokens was asked for, and by whom.
fn give(asked: &Asked, signer: &Signer) -> Deed {
    let query = match asked.method.as_str() {
        "POST" => asked.form.as_str(),
        _ => asked.path.split_once('?').map_or("", |(_, query)| query),
    };
    let pairs: Vec<(String, String)> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), decoded(value)))
        .collect();
    let get = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    let refreshed = get("grant_type") == Some("refresh_token");
    let known = asked.header("authorization") == Some(PAIR)
        || (refreshed && get("refresh_token") == Some("of ada & nobody else"));
    let anonymous = asked.header("authorization").is_none() && !refreshed;
    if get("service") != Some(SERVICE) || !(known || anonymous) {
        return status("401 Unauthorized", "");
    }
    let scopes = pairs.iter().filter(|(name, _)| name == "scope");
    let scopes: Vec<String> = scopes
        .flat_map(|(_, scope)| scope.split(' ').map(str::to_owned))
        .map(|scope| {
            // Nobody may write to what is locked.
            let writes = known && !scope.contains(":locked/");
            if writes { scope } else { scope.replace("pull,push", "pull") }
        })
        .collect();
    let name = if refreshed { "access_token" } else { "token" };
    let answered = serde_json::json!({ name: signer.token(&scopes), "expires_in": 300 });
    answer("200 OK", "content-type: application/json\r\n", answered.to_string().as_bytes())
}

fn decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).unwrap_or(0) as u8;
        bytes.push(if byte == b'%' { digit() * 16 + digit() } else { byte });
    }
    String::from_utf8(bytes).expect("text")
}

#[test]
fn tokens_are_got_for_what_is_done_and_kept() {
    assert_eq!(STANDARD.encode("ada:open-sesame"), PAIR.trim_start_matches("Basic "));
    let signer = Arc::new(OnceLock::new());
    let of_front = Arc::clone(&signer);
    let realm = Front::start(None, move |asked| give(asked, of_front.get_or_init(Signer::new)));
    let registry = registry(&RegistryAuth::Token(TokenAuth {
        realm: format!("http://{}/token", realm.address),
        service: SERVICE.to_owned(),
        issuer: ISSUER.to_owned(),
        certificate: signer.get_or_init(Signer::new).certificate.clone(),
    }));
    let ada = |password: &str| {
        let password = Secret::new(password);
        with(&registry, Credentials::Basic { user: "ada".to_owned(), password })
    };

    let small = Small::new(4_000);
    let writer = ada("open-sesame");
    small.push(&writer, &registry.name("open/one"), "1").expect("ada may write");
    assert_eq!(realm.count("GET", "/token"), 1, "one token for the whole push");
    assert!(realm.asked()[0].path.contains("scope=repository%3Aopen%2Fone%3Apull%2Cpush"));
    assert_eq!(
        pull(&client(Keychain::default()), &registry.name("open/one:1")).expect("read").1,
        small.image
    );

    let error = small.push(&client(Keychain::default()), &registry.name("open/two"), "1");
    let error = error.expect_err("nobody may write unknown");
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
    let error = small.push(&ada("wrong"), &registry.name("open/two"), "1").expect_err("not ada");
    assert!(matches!(error, RegistryError::Unauthorized { user: Some(_), .. }), "{error}");
    let error = small.push(&writer, &registry.name("locked/one"), "1").expect_err("not even ada");
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");

    mounts_with_a_token_for_both(&registry, &small, &writer);
    an_identity_token_is_exchanged(&registry, &realm);
}

fn with(registry: &RegistryService, credentials: Credentials) -> Registry {
    let given = [(registry.address().to_string(), credentials)].into();
    client(Keychain { given, ..Keychain::default() })
}

/// What `docker login` keeps where a registry gives out no passwords (RFC 6749, section 6).
fn an_identity_token_is_exchanged(registry: &RegistryService, realm: &Front) {
    let identity =
        |token: &str| with(registry, Credentials::Identity { token: Secret::new(token) });
    let (small, name) = (Small::new(4_100), registry.name("identity/one"));
    small.push(&identity("of ada & nobody else"), &name, "1").expect("ada may write");
    assert_eq!(realm.count("POST", "/token"), 1);
    let error = small.push(&identity("of nobody"), &name, "2").expect_err("not ada");
    assert!(matches!(error, RegistryError::Unauthorized { user: Some(_), .. }), "{error}");
}

fn mounts_with_a_token_for_both(registry: &RegistryService, small: &Small, writer: &Registry) {
    let notes = tempfile::tempdir().expect("a folder");
    for path in ["mount/one", "mount/two"] {
        let to = registry.name(path).parse().expect("a reference");
        let request = PushRequest {
            store: &small.store,
            image: &small.image,
            to: &to,
            tags: &[],
            notes: Some(notes.path()),
        };
        let pushed = writer.push(&request, &|_| ()).expect("pushed");
        let mounted = super::hows(&pushed.blobs)
            .iter()
            .all(|how| matches!(how, How::Mounted { from } if from == "mount/one"));
        assert_eq!(mounted, path == "mount/two", "{pushed:?}");
    }
}
