//! Failures around an image's contents, keys and signatures, for a person.

use super::{disk, download};
use crate::advisories::AdvisoryError;
use crate::inventory::InventoryError;
use crate::signature::{KeyError, SignError};
use std::io::ErrorKind;
use windlass_model::Problem;
use windlass_oci::explain as oci;

const OUR_KEY: &str = "Make a pair of keys: `windlass image generate-key`.";

/// Explains an image whose contents cannot be listed.
pub fn inventory(error: &InventoryError) -> Problem {
    match error {
        InventoryError::Store(error) => oci::explain_store(error),
        InventoryError::Layer(error) => oci::explain_unpack(error),
        InventoryError::Mismatch { .. } => Problem::environment("image-damaged", error.to_string())
            .hint("Build or pull the image again."),
        InventoryError::TooMuch { .. } => Problem::user("layer-unsafe", error.to_string())
            .hint("Do not use this image: no honest builder makes such a layer."),
        InventoryError::Cache { source, .. } => disk("cache-unusable", error, source),
    }
}

/// Explains a key that cannot be used.
pub fn key(error: &KeyError) -> Problem {
    let problem = |code| Problem::user(code, error.to_string());
    match error {
        KeyError::Disk { source, .. } => {
            let problem = disk("key-unusable", error, source);
            match source.kind() {
                ErrorKind::AlreadyExists => problem.hint(
                    "It is left as it is: choose another name: `windlass image generate-key NAME`.",
                ),
                ErrorKind::NotFound => problem.hint(OUR_KEY),
                _ => problem,
            }
        }
        KeyError::NotPem => problem("key-invalid")
            .cause("a key is a text between lines such as `-----BEGIN PRIVATE KEY-----`")
            .hint(OUR_KEY),
        KeyError::Kind { label } => {
            let problem = problem("key-invalid");
            match label.as_str() {
                "ENCRYPTED PRIVATE KEY" => problem.hint(
                    "Write it without its password: \
                     `openssl pkcs8 -topk8 -nocrypt -in KEY -out NEW`; or make a new pair.",
                ),
                "PUBLIC KEY" => problem.hint("Signing takes the private key of the pair."),
                _ => problem.hint(OUR_KEY),
            }
        }
        KeyError::NotP256 { .. } => problem("key-invalid")
            .cause("images are signed by ECDSA over the curve P-256")
            .hint(OUR_KEY),
        KeyError::NeedsPassword => problem("key-password").hint(
            "Give its password: `--password-file FILE`, `--password-file -` for standard input, \
             or the variable WINDLASS_KEY_PASSWORD.",
        ),
        KeyError::Password => {
            problem("key-password").hint("Is it the password of another key? Nothing was signed.")
        }
        KeyError::Encryption => problem("key-invalid")
            .cause("read are scrypt of at most 1 GiB and NaCl's secretbox, as cosign writes them")
            .hint(OUR_KEY),
        KeyError::Random => Problem::environment("no-random-numbers", error.to_string())
            .hint("Is the system call getrandom forbidden to this process?"),
    }
}

/// Explains a signature that cannot be made, or is not good.
pub fn signature(error: &SignError) -> Problem {
    let problem = |code| Problem::user(code, error.to_string());
    match error {
        SignError::Store(error) => oci::explain_store(error),
        SignError::NotSigned { .. } => {
            problem("image-not-signed").hint("Sign it: `windlass image sign NAME --key FILE`.")
        }
        SignError::OtherKey { .. } => problem("image-signed-by-others")
            .cause("a signature counts only when it is of this key and about this very digest")
            .hint(
                "Do not use the image unless you know who else signs it; ask for their public key.",
            ),
        SignError::TooMany { .. } => problem("image-signatures")
            .hint("Remove the name `sha256-<digest>.sig` from the store, then sign again."),
    }
}

/// Explains advisories that cannot be read: then nobody knows whether there is anything.
pub fn advisories(error: &AdvisoryError) -> Problem {
    let problem = |code| Problem::user(code, error.to_string());
    match error {
        AdvisoryError::Disk { source, .. } => disk("advisories-unreadable", error, source)
            .hint("Is the path right? In `[tool.windlass.scan]` it is relative to pyproject.toml."),
        AdvisoryError::Download(error) => download(error),
        AdvisoryError::Invalid { .. } => problem("advisories-invalid").sources(error).hint(
            "Read are the OSV format, alone, in a list or in a zip, and Debian's tracker's JSON.",
        ),
        AdvisoryError::Archive { .. } => problem("advisories-invalid")
            .sources(error)
            .hint("Fetch the archive again: it may be cut off."),
        AdvisoryError::TooLarge { .. } => problem("advisories-invalid")
            .hint("Give the ecosystems that the image has: PyPI and Debian."),
        AdvisoryError::Empty { .. } => problem("advisories-invalid")
            .cause("a source without advisories would look as if nothing were wrong")
            .hint("Is it the right file or folder?"),
    }
}
