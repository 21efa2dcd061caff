//! `windlass image generate-key`, `sign` and `verify`.
//!
//! A password is read from a file, from standard input, or from the environment, never from the
//! command line: that is in every list of processes.

use super::super::{At, done};
use super::bill;
use super::subject::Subject;
use crate::args::{ImageKey, ImageSign, ImageVerify, Password};
use crate::error::CliError;
use crate::facts::Facts;
use crate::render;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use windlass_build::explain;
use windlass_build::signature::{self, KeyError, PrivateKey, PublicKey, Signed};
use windlass_model::Digest;
use windlass_oci::explain::explain_store;

/// Largest key or password file that is read, in bytes.
const KEY_LIMIT: u64 = 64 << 10;
/// Variables that may hold the password, the first that is set.
const PASSWORDS: [&str; 2] = ["WINDLASS_KEY_PASSWORD", "COSIGN_PASSWORD"];

pub(super) fn generate(at: &At, wanted: &ImageKey, facts: &Facts) -> Result<ExitCode, CliError> {
    // What an empty password encrypts anybody can read.
    let password = password(at, &wanted.password, facts)?.filter(|text| !text.is_empty());
    let key = PrivateKey::generate().map_err(failed)?;
    let text = key.to_pem(password.as_deref().map(str::as_bytes)).map_err(failed)?;
    let named = |ending: &str| {
        let mut name = at.settings.folder.join(&wanted.name).into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (private, public) = (named(".key"), named(".pub"));
    let disk = |source| failed(KeyError::Disk { path: private.clone(), source });
    // A key that is there may be the only one that can sign what is out already.
    let mut file =
        File::options().write(true).create_new(true).mode(0o600).open(&private).map_err(disk)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(disk)?;
    bill::write(&public, key.public().to_pem().as_bytes())?;
    let encrypted = password.is_some();
    done(if at.output.show().json {
        let document =
            serde_json::json!({ "key": private, "public": public, "encrypted": encrypted });
        at.output.document(&document)
    } else {
        at.output.lines(&render::trust::generated(&private, &public, encrypted))
    })
}

pub(super) async fn sign(at: &At, wanted: &ImageSign, facts: &Facts) -> Result<ExitCode, CliError> {
    let subject = Subject::find(at, &wanted.image).await?;
    let path = at.settings.folder.join(&wanted.key);
    let text = limited(&path)?;
    let password = password(at, &wanted.password, facts)?;
    let key =
        PrivateKey::from_pem(&text, password.as_deref().map(str::as_bytes)).map_err(failed)?;
    let reference = wanted.reference.as_deref().unwrap_or(&subject.name);
    let mut all: Vec<(Digest, Signed)> = Vec::new();
    for digest in images(&subject)? {
        let signed = signature::sign(&subject.store, &digest, reference, &key)
            .map_err(|error| explain::signature(&error))?;
        all.push((digest, signed));
    }
    done(if at.output.show().json {
        let signed = all.iter().map(|(digest, signed)| {
            serde_json::json!({
                "digest": digest,
                "signature": signed.name,
                "known": signed.known,
                "attested": signed.attested,
            })
        });
        let document = serde_json::json!({
            "image": subject.digest,
            "reference": reference,
            "signed": signed.collect::<Vec<_>>(),
        });
        at.output.document(&document)
    } else {
        at.output.lines(&render::trust::signed(&subject.name, reference, &all))
    })
}

/// The image, or an index and every image of it that is here: whoever pulls one of them has only
/// that one.
fn images(subject: &Subject) -> Result<Vec<Digest>, CliError> {
    let store = &subject.store;
    let (_, document) = store.document(&subject.digest).map_err(|error| explain_store(&error))?;
    let mut images = vec![subject.digest];
    if let windlass_oci::Document::Index(index) = document {
        let here = index.images().filter(|listed| store.holds(listed));
        images.extend(here.map(|listed| listed.digest));
    }
    Ok(images)
}

pub(super) async fn verify(at: &At, wanted: &ImageVerify) -> Result<ExitCode, CliError> {
    let subject = Subject::find(at, &wanted.image).await?;
    let key = PublicKey::from_pem(&limited(&at.settings.folder.join(&wanted.key))?);
    let verified = signature::verify(&subject.store, &subject.digest, &key.map_err(failed)?)
        .map_err(|error| explain::signature(&error))?;
    done(if at.output.show().json {
        let attested: Vec<_> =
            verified.attested.iter().map(|statement| &statement.predicate_type).collect();
        let document = serde_json::json!({
            "image": subject.digest,
            "reference": verified.reference,
            "attested": attested,
        });
        at.output.document(&document)
    } else {
        at.output.lines(&render::trust::verified(&subject.name, &subject.digest, &verified))
    })
}

/// The password, if one was given anywhere, even an empty one; a newline at its end does not
/// belong to it.
fn password(at: &At, wanted: &Password, facts: &Facts) -> Result<Option<String>, CliError> {
    let text = match &wanted.password_file {
        None => {
            let mut set = PASSWORDS.iter().filter_map(|name| facts.environment.get(*name));
            return Ok(set.next().cloned());
        }
        Some(path) if path == Path::new("-") => {
            text(&mut io::stdin().lock()).map_err(|source| disk(path, source))?
        }
        Some(path) => limited(&at.settings.folder.join(path))?,
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Some(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

fn limited(path: &Path) -> Result<String, CliError> {
    let read = || text(&mut fs::File::open(path)?);
    read().map_err(|source| disk(path, source))
}

fn text(file: &mut dyn Read) -> io::Result<String> {
    let mut text = String::new();
    file.take(KEY_LIMIT + 1).read_to_string(&mut text)?;
    if text.len() as u64 > KEY_LIMIT {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

fn disk(path: &Path, source: io::Error) -> CliError {
    failed(KeyError::Disk { path: path.to_owned(), source })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: KeyError) -> CliError {
    explain::key(&error).into()
}
