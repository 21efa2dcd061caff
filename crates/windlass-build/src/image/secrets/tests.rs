//! Shapes of real files. What stands for a key is random and made when the test runs.

use super::SecretKind::{
    AwsCredentials, CloudAccount, Environment, HostPasswords, IndexCredentials, KeyStore,
    Kubeconfig, PrivateKey, TerraformState,
};
use super::*;
use rand::Rng as _;

/// Random letters and digits.
fn random(count: usize) -> String {
    const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::thread_rng();
    (0..count).map(|_| char::from(ALL[random.gen_range(0..ALL.len())])).collect()
}

fn upper(count: usize) -> String {
    random(4 * count).to_uppercase().chars().take(count).collect()
}

/// A PEM block with this label around random lines; `ends` stands between its lines.
fn pem(label: &str, ends: &str) -> String {
    let lines: Vec<_> = (0..6).map(|_| random(64)).collect();
    format!("-----BEGIN {label}-----{ends}{}{ends}-----END {label}-----{ends}", lines.join(ends))
}

fn check(rows: &[(&str, String, Option<SecretKind>)]) {
    for (path, text, wanted) in rows {
        assert_eq!(secret(path, text.as_bytes()), *wanted, "{path}:\n{text}");
    }
}

#[test]
fn private_keys_are_known_by_their_bodies() {
    let legacy = pem("RSA PRIVATE KEY", "\n").replacen(
        '\n',
        "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n",
        1,
    );
    let pgp = pem("PGP PRIVATE KEY BLOCK", "\n").replacen('\n', "\nVersion: 1\n\n", 1);
    let putty = format!(
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\n{}\n",
        random(64)
    );
    check(&[
        ("tls/server.pem", pem("PRIVATE KEY", "\n"), Some(PrivateKey)),
        ("tls/server.txt", pem("RSA PRIVATE KEY", "\r\n"), Some(PrivateKey)),
        ("deploy/key", pem("OPENSSH PRIVATE KEY", "\n"), Some(PrivateKey)),
        ("id_ecdsa", pem("EC PRIVATE KEY", "\n"), Some(PrivateKey)),
        ("a.key", pem("ENCRYPTED PRIVATE KEY", "\n"), Some(PrivateKey)),
        (
            "a.bundle",
            format!("{}{}", pem("CERTIFICATE", "\n"), pem("PRIVATE KEY", "\n")),
            Some(PrivateKey),
        ),
        (
            "values.yaml",
            format!("tls:\n  key: |\n    {}", pem("PRIVATE KEY", "\n    ")),
            Some(PrivateKey),
        ),
        ("conf.ini", format!("key = \"{}\"\n", pem("PRIVATE KEY", "\\n")), Some(PrivateKey)),
        ("legacy", legacy, Some(PrivateKey)),
        ("pgp.asc", pgp, Some(PrivateKey)),
        ("a.ppk", putty, Some(PrivateKey)),
        ("age.txt", format!("# created\nAGE-SECRET-KEY-1{}\n", upper(58)), Some(PrivateKey)),
    ]);
}

#[test]
fn what_belongs_to_keys_and_is_public_is_no_secret() {
    check(&[
        ("ca.pem", pem("CERTIFICATE", "\n"), None),
        ("id_rsa.pub", format!("ssh-rsa AAAAB3Nza{} me@example.org\n", random(200)), None),
        ("public.pem", pem("PUBLIC KEY", "\n"), None),
        ("dh.pem", pem("DH PARAMETERS", "\n"), None),
        ("notes.txt", "put the -----BEGIN PRIVATE KEY----- line here\n".to_owned(), None),
        ("empty.key", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n".to_owned(), None),
        ("shape.key", format!("-----BEGIN PRIVATE KEY-----\n{}\n", "x".repeat(64)), None),
        ("app/keys.py", format!("KEY = '''{}'''\n", pem("PRIVATE KEY", "\n")), None),
        ("README.md", pem("PRIVATE KEY", "\n"), None),
    ]);
}

#[test]
fn private_keys_in_der_are_known_by_their_versions() {
    // RSA's PKCS #1 and PKCS #8, EC's SEC 1; a certificate begins with another SEQUENCE.
    for (bytes, wanted) in [
        (&[0x30, 0x82, 4, 0xa4, 2, 1, 0, 2, 0x82, 1, 1, 0][..], Some(PrivateKey)),
        (&[0x30, 0x82, 4, 0xbe, 2, 1, 0, 0x30, 0x0d, 6, 9], Some(PrivateKey)),
        (&[0x30, 0x77, 2, 1, 1, 4, 0x20, 9, 9], Some(PrivateKey)),
        (&[0x30, 0x82, 3, 0x41, 0x30, 0x82, 2, 0x29, 0xa0, 3], None),
    ] {
        assert_eq!(secret("a/server.key", bytes), wanted, "{bytes:?}");
    }
}

#[test]
fn credentials_are_known_by_name_and_value() {
    let value = random(40);
    let text = |text: &str| text.replace("VALUE", &value);
    check(&[
        ("keys.p12", value.clone(), Some(KeyStore)),
        ("a/release.JKS", value.clone(), Some(KeyStore)),
        ("vault.kdbx", value.clone(), Some(KeyStore)),
        (".npmrc", text("//npm.example.org/:_authToken=VALUE\n"), Some(IndexCredentials)),
        (".npmrc", text("//npm.example.org/:_authToken=${NPM_TOKEN}\n"), None),
        (".npmrc", "registry=https://npm.example.org/\nsave-exact=true\n".to_owned(), None),
        (".yarnrc.yml", text("npmAuthToken: VALUE\n"), Some(IndexCredentials)),
        (
            ".pypirc",
            text("[pypi]\nusername = __token__\npassword = VALUE\n"),
            Some(IndexCredentials),
        ),
        (".pypirc", "[pypi]\nrepository = https://pypi.example.org/\n".to_owned(), None),
        (
            "pip.conf",
            text("[global]\nindex-url = https://me:VALUE@pypi.example.org/\n"),
            Some(IndexCredentials),
        ),
        ("pip.conf", "[global]\nindex-url = https://me:${PW}@pypi.example.org/\n".to_owned(), None),
    ]);
}

#[test]
fn accounts_are_known_by_name_and_value() {
    let value = random(40);
    let text = |text: &str| text.replace("VALUE", &value);
    let account =
        format!(r#"{{"type": "service_account", "private_key": "{}"}}"#, pem("PRIVATE KEY", "\\n"));
    let kube = |user: &str| {
        format!(
            "apiVersion: v1\nkind: Config\nclusters: []\nusers:\n- name: a\n  user:\n    {user}\n"
        )
    };
    check(&[
        (
            ".docker/config.json",
            text(r#"{"auths": {"r.example.org": {"auth": "VALUE"}}}"#),
            Some(IndexCredentials),
        ),
        ("app/config.json", text(r#"{"auth": "VALUE"}"#), None),
        (".netrc", text("machine a.example.org login me password VALUE\n"), Some(HostPasswords)),
        (".git-credentials", text("https://me:VALUE@git.example.org\n"), Some(HostPasswords)),
        ("gcp.json", account, Some(CloudAccount)),
        (
            "adc.json",
            text(r#"{"client_secret": "VALUE", "refresh_token": "VALUE"}"#),
            Some(CloudAccount),
        ),
        ("schema.json", r#"{"properties": {"private_key": {"type": "string"}}}"#.to_owned(), None),
        (
            ".aws/credentials",
            text("[default]\naws_secret_access_key = VALUE\n"),
            Some(AwsCredentials),
        ),
        ("deploy.cfg", "aws_secret_access_key = ${AWS_SECRET}\n".to_owned(), None),
        ("kubeconfig", kube(&text("token: VALUE")), Some(Kubeconfig)),
        ("k.yaml", kube(&text("client-key-data: VALUE")), Some(Kubeconfig)),
        ("k.yaml", kube("exec:\n      command: aws"), None),
        ("values.yaml", text("kind: Deployment\ntoken: VALUE\n"), None),
        ("infra/terraform.tfstate", text(r#"{"version": 4, "x": "VALUE"}"#), Some(TerraformState)),
        ("infra/terraform.tfstate.backup", text(r#"{"x": "VALUE"}"#), Some(TerraformState)),
        ("infra/main.tf", text("variable \"x\" {}\n"), None),
    ]);
}

#[test]
fn environments_are_secret_and_their_templates_are_not() {
    for (path, wanted) in [
        (".env", true),
        (".env.production", true),
        ("conf/.env.local", true),
        ("deploy/prod.env", true),
        (".envrc", true),
        (".streamlit/secrets.toml", true),
        (".env.example", false),
        (".env.sample", false),
        (".env.template", false),
        (".env.prod.example", false),
        ("example.env", false),
        (".flaskenv", false),
        ("environment.py", false),
    ] {
        let found = secret(path, b"# ours\nDATABASE_URL=postgres://db.example.org/shop\n");
        assert_eq!(found, wanted.then_some(Environment), "{path}");
    }
    for text in ["", "\n \n", "# A=1\n", "A=\nB=\"\"\n"] {
        assert_eq!(secret(".env", text.as_bytes()), None, "{text:?} says nothing");
    }
}

#[test]
fn tokens_in_code_are_told_with_their_lines() {
    let aws = format!("AKIA{}", upper(16));
    let github = format!("ghp_{}", random(36));
    let stripe = format!("sk_live_{}", random(32));
    let code = format!("import os\nA = '{aws}'\n\nB = f(\"{github}\")\nC = '{stripe}'\n");
    let found: Vec<_> =
        tokens("app.py", code.as_bytes()).into_iter().map(|t| (t.what, t.line)).collect();
    let wanted = [("an AWS access key", 2), ("a GitHub token", 4), ("a Stripe key", 5)];
    assert_eq!(found, wanted);
    let key = format!("# a\nKEY = '''{}'''\n", pem("PRIVATE KEY", "\n"));
    assert_eq!(tokens("k.py", key.as_bytes()), [Token { what: "a private key", line: 2 }]);
    for plain in [
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        format!("ghp_{}", "x".repeat(36)),
        format!("prefix{aws}"),
        format!("ghp_{}", random(20)),
        "sk_live_ and AKIA are prefixes".to_owned(),
    ] {
        assert_eq!(tokens("a.py", plain.as_bytes()), [], "{plain}");
    }
    let binary = [b"\0\0".as_slice(), code.as_bytes()].concat();
    assert_eq!(tokens("a.bin", &binary), []);
    assert_eq!(tokens("a.py", code.repeat(2_000).as_bytes()), [], "larger than is looked at");
}

/// Any bytes are looked at without a panic, in a time that their number bounds.
#[test]
fn hostile_bytes_are_only_bytes() {
    let mut random = rand::thread_rng();
    let pieces =
        ["-----BEGIN ", "PRIVATE KEY", "-----", "\n", "é", "://", "@", ":", "\"auth\"", "\0"];
    for _ in 0..2_000 {
        let count = random.gen_range(0..40);
        let text: String = (0..count).map(|_| pieces[random.gen_range(0..pieces.len())]).collect();
        for name in ["a", ".npmrc", "a.json", ".docker/config.json", "pip.conf", "a.py", ".env"] {
            let _ = (secret(name, text.as_bytes()), tokens(name, text.as_bytes()));
        }
    }
}
