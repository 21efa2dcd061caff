//! Hand-made wheels.

mod bombs;

use super::*;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use windlass_build::wheels::{Artifact, Location, LockedPackage, Source, WheelError, explain};
use windlass_model::Digest;
use zip::write::{SimpleFileOptions, ZipWriter};

const METADATA: &str = "Metadata-Version: 2.1\nName: p\nVersion: 1\n";
const WHEEL: &str =
    "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/// SHA-256 as RECORD writes it, by an independent hand.
fn hash_of(bytes: &[u8]) -> String {
    let script = "import base64, sys\nraw = bytes.fromhex(sys.argv[1])\n\
                  print(base64.urlsafe_b64encode(raw).rstrip(b'=').decode())";
    let hex = Digest::from_bytes(Sha256::digest(bytes).into()).hex();
    let output = Command::new(&python().0).args(["-c", script, &hex]).output().expect("Python");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// A wheel in the making: files, and what RECORD says of them.
struct Draft {
    files: Vec<(String, Vec<u8>, SimpleFileOptions)>,
    record: String,
}

impl Draft {
    fn new() -> Self {
        let draft = Self { files: Vec::new(), record: String::new() };
        draft.file("p-1.dist-info/METADATA", METADATA).file("p-1.dist-info/WHEEL", WHEEL)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let options = SimpleFileOptions::default();
        self.file_with(path, text, options)
    }

    fn file_with(mut self, path: &str, text: &str, options: SimpleFileOptions) -> Self {
        let hash = hash_of(text.as_bytes());
        let _ = writeln!(self.record, "{path},sha256={hash},{}", text.len());
        self.files.push((path.to_owned(), text.as_bytes().to_vec(), options));
        self
    }

    fn unrecorded(mut self, path: &str) -> Self {
        self.files.push((path.to_owned(), b"x".to_vec(), SimpleFileOptions::default()));
        self
    }

    fn bytes(self) -> Vec<u8> {
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (path, bytes, options) in &self.files {
            zip.start_file(path.as_str(), *options).expect("started");
            zip.write_all(bytes).expect("written");
        }
        zip.start_file("p-1.dist-info/RECORD", SimpleFileOptions::default()).expect("started");
        zip.write_all(self.record.as_bytes()).expect("written");
        zip.finish().expect("finished").into_inner()
    }
}

fn install_bytes(wheels: &[(&str, Vec<u8>)]) -> Result<Laid, InstallError> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut resolution = Resolution::default();
    for (name, bytes) in wheels {
        let path = folder.path().join(format!("{name}-1-py3-none-any.whl"));
        std::fs::write(&path, bytes).expect("written");
        let artifact = Artifact {
            file: format!("{name}-1-py3-none-any.whl"),
            location: Location::Path(path),
            sha256: Digest::from_bytes(Sha256::digest(bytes).into()),
            size: None,
        };
        resolution.packages.push(LockedPackage {
            name: (*name).to_owned(),
            version: Some("1".to_owned()),
            source: Source::Wheel(artifact),
        });
    }
    let cache = shared_cache();
    install_in(&cache, folder.path(), &spec(Dependencies::None, &[]), &resolution)
}

fn refusal(bytes: Vec<u8>) -> WheelError {
    let error = install_bytes(&[("p", bytes)]).expect_err("refused");
    assert!(!explain::install(&error).hints.is_empty());
    match error {
        InstallError::Wheel { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

#[test]
fn paths_that_lead_outside_are_refused() {
    for path in ["../evil.py", "/etc/evil", "a/../../evil.py", "a//b.py", "./a.py", "a\\b.py"] {
        let error = refusal(Draft::new().file(path, "x").bytes());
        assert!(matches!(error, WheelError::UnsafePath { .. }), "{path}: {error:?}");
    }
}

#[test]
fn links_are_refused() {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.add_symlink("p/link", "/etc/passwd", SimpleFileOptions::default()).expect("added");
    let error = refusal(zip.finish().expect("finished").into_inner());
    assert!(matches!(error, WheelError::NotRegular { .. }), "{error:?}");
}

#[test]
fn a_path_twice_is_refused() {
    let mut bytes = Draft::new().file("p/one.py", "1").file("p/two.py", "2").bytes();
    // The writer refuses duplicates, so the second name is changed in the finished bytes.
    let (from, to) = (b"p/two.py", b"p/one.py");
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
    let error = refusal(bytes);
    assert!(matches!(error, WheelError::Duplicate { .. }), "{error:?}");
    let error = refusal(Draft::new().file("p/a", "1").file("p/a/b.py", "2").bytes());
    assert!(matches!(error, WheelError::Duplicate { .. }), "{error:?}");
}

#[test]
fn what_differs_from_record_is_refused() {
    let error = refusal(Draft::new().unrecorded("p/extra.py").bytes());
    assert!(matches!(error, WheelError::Unrecorded { .. }), "{error:?}");
    let mut draft = Draft::new().file("p/a.py", "x = 1\n");
    draft.files[2].1 = b"x = 2\n".to_vec();
    let error = refusal(draft.bytes());
    assert!(matches!(error, WheelError::Altered { .. }), "{error:?}");
    let mut draft = Draft::new();
    draft.record.push_str("broken line\n");
    let error = refusal(draft.bytes());
    assert!(matches!(error, WheelError::Metadata { line: 3, .. }), "{error:?}");
}

#[test]
fn damaged_archives_are_refused() {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut bytes = Draft::new().file_with("p/a.py", "marker = 12345\n", stored).bytes();
    let at = bytes.windows(5).position(|window| window == b"12345").expect("stored as it is");
    bytes[at] = b'9';
    let error = refusal(bytes);
    assert!(matches!(error, WheelError::Entry { .. } | WheelError::Altered { .. }), "{error:?}");
    let whole = Draft::new().bytes();
    let error = refusal(whole[..whole.len() / 2].to_vec());
    assert!(matches!(error, WheelError::Archive { .. }), "{error:?}");
    let error = refusal(b"not a zip".to_vec());
    assert!(matches!(error, WheelError::Archive { .. }), "{error:?}");
}

#[test]
fn wheels_without_their_metadata_are_refused() {
    let none = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let error = refusal(none.finish().expect("finished").into_inner());
    assert!(matches!(error, WheelError::DistInfo { count: 0 }), "{error:?}");
    let two = Draft::new().file("q-1.dist-info/METADATA", METADATA).bytes();
    assert!(matches!(refusal(two), WheelError::DistInfo { count: 2 }));
    let script = Draft::new()
        .file("p-1.dist-info/entry_points.txt", "[console_scripts]\n../evil = p:main\n");
    assert!(matches!(refusal(script.bytes()), WheelError::Metadata { line: 2, .. }));
}

#[test]
fn large_entries_data_files_and_scripts_go_where_they_belong() {
    let executable = SimpleFileOptions::default().unix_permissions(0o755);
    let stored = SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .large_file(true);
    let bytes = Draft::new()
        .file_with("p/__init__.py", "def main():\n    return 0\n", stored)
        .file_with("p/tool.sh", "#!/bin/sh\n", executable)
        .file("p/template.py", "{% not python %}")
        .file("p-1.data/purelib/pure.py", "x = 1\n")
        .file("p-1.data/platlib/plat.py", "x = 1\n")
        .file("p-1.data/data/share/p/data.txt", "data")
        .file("p-1.data/headers/p.h", "")
        .file("p-1.data/scripts/old", "#!python\nprint(1)\n")
        .file("p-1.data/scripts/raw", "#!/bin/sh\n")
        .file("p-1.dist-info/direct_url.json", "{}")
        .file("p-1.dist-info/entry_points.txt", "[console_scripts]\nnew = p:main\n")
        .bytes();
    let installed = install_bytes(&[("p", bytes)]).expect("installed");
    let version = python().1;
    let packages = format!("usr/local/lib/python{version}/dist-packages");
    let modes: BTreeMap<&str, u32> =
        installed.entries.iter().map(|entry| (entry.path.as_str(), entry.mode)).collect();
    for (path, mode) in [
        (format!("{packages}/p/__init__.py"), 0o644),
        (format!("{packages}/p/tool.sh"), 0o755),
        (format!("{packages}/pure.py"), 0o644),
        (format!("{packages}/plat.py"), 0o644),
        ("usr/local/share/p/data.txt".to_owned(), 0o644),
        (format!("usr/local/include/python{version}/p/p.h"), 0o644),
        ("usr/local/bin/old".to_owned(), 0o755),
        ("usr/local/bin/raw".to_owned(), 0o755),
        ("usr/local/bin/new".to_owned(), 0o755),
    ] {
        assert_eq!(modes.get(path.as_str()), Some(&mode), "{path}");
    }
    let read = |path: &str| {
        bytes_of(installed.entries.iter().find(|entry| entry.path == path).expect("there"))
    };
    let old = String::from_utf8(read("usr/local/bin/old")).expect("text");
    assert_eq!(old, format!("#!/usr/bin/python{version}\nprint(1)\n"));
    assert_eq!(read("usr/local/bin/raw"), b"#!/bin/sh\n");
    let names: Vec<&str> = modes.keys().copied().collect();
    assert!(!names.iter().any(|name| name.ends_with("direct_url.json")));
    assert!(!names.iter().any(|name| name.contains("template.cpython")), "not valid Python");
    assert!(names.iter().any(|name| name.contains("pure.cpython")));
}

#[test]
fn two_packages_that_fight_over_a_module_are_both_named() {
    let wheel = |name: &str, text: &str| {
        let mut draft = Draft { files: Vec::new(), record: String::new() };
        draft = draft
            .file(&format!("{name}-1.dist-info/WHEEL"), WHEEL)
            .file("shared/__init__.py", text);
        let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (path, bytes, options) in &draft.files {
            zip.start_file(path.as_str(), *options).expect("started");
            zip.write_all(bytes).expect("written");
        }
        let record = format!("{name}-1.dist-info/RECORD");
        zip.start_file(record, SimpleFileOptions::default()).expect("started");
        zip.write_all(draft.record.as_bytes()).expect("written");
        zip.finish().expect("finished").into_inner()
    };
    install_bytes(&[("a", wheel("a", "x = 1\n")), ("b", wheel("b", "x = 1\n"))]).expect("the same");
    match install_bytes(&[("a", wheel("a", "x = 1\n")), ("b", wheel("b", "x = 2\n"))]) {
        Err(InstallError::Overlap { overlap }) => {
            assert_eq!((overlap.kept.as_str(), overlap.dropped.as_str()), ("a", "b"));
            assert!(overlap.path.ends_with("shared/__init__.py"));
        }
        other => panic!("{other:?}"),
    }
}
