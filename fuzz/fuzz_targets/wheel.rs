//! A wheel's contents: names, modes and texts of its files, in an archive and with a RECORD that fit.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Write as _;
use zip::write::SimpleFileOptions;

fuzz_target!(|text: &str| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let wheel = folder.path().join("fuzzed.whl");
    if write(&wheel, text).is_ok() {
        windlass_build::fuzzing::wheel(&wheel, &folder.path().join("cache"));
    }
});

/// Names and texts in turn, separated by NUL; a name that starts with `*` is executable, one with `>` a
/// symbolic link.
fn write(path: &std::path::Path, text: &str) -> zip::result::ZipResult<()> {
    let mut zip = zip::ZipWriter::new(File::create(path)?);
    let mut record = String::new();
    let mut parts = text.split('\0');
    let info = "a-1.0.dist-info";
    let fixed = [
        (
            format!("{info}/WHEEL"),
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
        ),
        (format!("{info}/METADATA"), "Metadata-Version: 2.1\nName: a\nVersion: 1.0\n".to_owned()),
    ];
    let others = std::iter::from_fn(|| Some((parts.next()?.to_owned(), parts.next()?.to_owned())));
    for (name, content) in fixed.into_iter().chain(others) {
        let hash = base64(&Sha256::digest(content.as_bytes()));
        let options = SimpleFileOptions::default();
        let name = if let Some(name) = name.strip_prefix('*') {
            zip.start_file(name, options.unix_permissions(0o755))?;
            zip.write_all(content.as_bytes())?;
            name
        } else if let Some(name) = name.strip_prefix('>') {
            zip.add_symlink(name, &content, options)?;
            name
        } else {
            zip.start_file(&name, options)?;
            zip.write_all(content.as_bytes())?;
            &name
        };
        record.push_str(&format!(
            "\"{}\",sha256={hash},{}\n",
            name.replace('"', "\"\""),
            content.len()
        ));
    }
    record.push_str(&format!("{info}/RECORD,,\n"));
    zip.start_file(format!("{info}/RECORD"), SimpleFileOptions::default())?;
    zip.write_all(record.as_bytes())?;
    zip.finish().map(drop)
}

/// URL-safe base64 without padding, as RECORD has it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            out.push(LETTERS[(word >> (18 - 6 * place)) as usize & 63] as char);
        }
    }
    out
}
