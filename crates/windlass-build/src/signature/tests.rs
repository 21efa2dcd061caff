//! Keys and signatures over a real store.

use super::*;
use base64ct::{Base64, Encoding};
use windlass_oci::attachment::signature_name;
use windlass_oci::{Descriptor, Manifest};

fn store() -> (tempfile::TempDir, ImageStore, Digest) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = ImageStore::open(folder.path().join("images")).expect("a store");
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{}".as_slice()).expect("written");
    let manifest = store.put_manifest(&Manifest::new(config, vec![])).expect("written");
    (folder, store, manifest.digest)
}

fn key() -> PrivateKey {
    PrivateKey::generate().expect("random numbers")
}

#[test]
fn what_a_key_signed_it_verifies_and_no_other_does() {
    let (_folder, store, manifest) = store();
    let (mine, other) = (key(), key());
    let unsigned = verify(&store, &manifest, &mine.public());
    assert!(matches!(unsigned, Err(SignError::NotSigned { .. })), "{unsigned:?}");
    let signed = sign(&store, &manifest, "shop", &mine).expect("signed");
    assert!(!signed.known && signed.name == signature_name(&manifest));
    assert_eq!(verify(&store, &manifest, &mine.public()).expect("good").reference, "shop");
    let refused = verify(&store, &manifest, &other.public());
    assert!(matches!(refused, Err(SignError::OtherKey { count: 1, .. })), "{refused:?}");

    let before = store.resolve(&signed.name).expect("an index");
    assert!(sign(&store, &manifest, "shop", &mine).expect("signed").known);
    assert_eq!(store.resolve(&signed.name).expect("an index"), before, "nothing is said twice");
    sign(&store, &manifest, "shop", &other).expect("signed");
    assert!(verify(&store, &manifest, &mine.public()).is_ok());
    assert!(verify(&store, &manifest, &other.public()).is_ok());
}

#[test]
fn a_signature_of_another_image_is_none() {
    let (_folder, store, manifest) = store();
    let mine = key();
    let config = store.put_blob(Descriptor::CONFIG, &mut b"{ }".as_slice()).expect("written");
    let victim = store.put_manifest(&Manifest::new(config, vec![])).expect("written").digest;
    let signed = sign(&store, &manifest, "shop", &mine).expect("signed");
    let moved = store.resolve(&signed.name).expect("an index").expect("it is there");
    store.tag(&signature_name(&victim), &moved).expect("tagged");
    let refused = verify(&store, &victim, &mine.public());
    assert!(matches!(refused, Err(SignError::OtherKey { .. })), "{refused:?}");
}

#[test]
fn keys_survive_their_files() {
    let mine = key();
    let plain = mine.to_pem(None).expect("PEM");
    let sealed = mine.to_pem(Some(b"hush")).expect("PEM");
    for (text, password) in [(&plain, None), (&sealed, Some(b"hush".as_slice()))] {
        let again = PrivateKey::from_pem(text, password).expect("the same key");
        assert_eq!(again.public(), mine.public());
    }
    let public = mine.public().to_pem();
    assert_eq!(PublicKey::from_pem(&public).expect("a key"), mine.public());
    let wrong = PrivateKey::from_pem(&sealed, Some(b"loud"));
    assert!(matches!(wrong, Err(KeyError::Password)));
    assert!(matches!(PrivateKey::from_pem(&sealed, None), Err(KeyError::NeedsPassword)));
    assert!(matches!(PrivateKey::from_pem(&public, None), Err(KeyError::Kind { .. })));
    assert!(matches!(PublicKey::from_pem("x"), Err(KeyError::NotPem)));
}

#[test]
fn a_key_that_would_cost_all_memory_to_open_is_refused() {
    let sealed = |n: u64| {
        let zeros = |count| Base64::encode_string(&vec![0; count]);
        let json = serde_json::json!({
            "kdf": {"name": "scrypt", "params": {"N": n, "r": 8, "p": 1}, "salt": zeros(32)},
            "cipher": {"name": "nacl/secretbox", "nonce": zeros(24)},
            "ciphertext": zeros(40),
        });
        let label = "ENCRYPTED SIGSTORE PRIVATE KEY";
        let body = Base64::encode_string(json.to_string().as_bytes());
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    };
    let open = |n| PrivateKey::from_pem(&sealed(n), Some(b"x"));
    assert!(matches!(open(1 << 40), Err(KeyError::Encryption)));
    assert!(matches!(open(3), Err(KeyError::Encryption)));
    assert!(matches!(open(2), Err(KeyError::Password)));
}
