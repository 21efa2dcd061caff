//! The bytes of a layer, read back by decoders that share no code with the writer.

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use std::io::Read;
use windlass_model::Digest;
use windlass_oci::{Content, EntryKind, LayerEntry, LayerWriter};

fn entries() -> Vec<LayerEntry> {
    let long = format!("usr/{}/{}", "d".repeat(180), "f".repeat(120));
    vec![
        LayerEntry::text("app/main.py", "print(1)\n"),
        LayerEntry::text(long, "long"),
        LayerEntry::text("app/übung.txt", "umlaut"),
        LayerEntry { mode: 0o1777, ..LayerEntry::dir("tmp") },
        LayerEntry::dir("data").owned_by(65_532),
        LayerEntry::dir("far-user").owned_by(3_000_000_000),
        LayerEntry::symlink("bin", "usr/bin"),
        LayerEntry::symlink("far", "x".repeat(150)),
        LayerEntry::file("usr/bin/tool", 0o755, Content::Bytes(vec![7; 100_000])),
    ]
}

#[test]
fn the_order_of_entries_does_not_matter_and_the_digests_are_right() {
    let (forward, info) = LayerWriter::new(Vec::new(), 6).write(entries()).expect("written");
    let mut reversed = entries();
    reversed.reverse();
    let (backward, _) = LayerWriter::new(Vec::new(), 6).write(reversed).expect("written");
    assert_eq!(forward, backward);
    assert_eq!(&forward[4..10], [0, 0, 0, 0, 0, 255], "no time, no system in the gzip header");
    let digest = |bytes: &[u8]| Digest::from_bytes(Sha256::digest(bytes).into());
    assert_eq!(info.descriptor.digest, digest(&forward));
    assert_eq!(info.descriptor.size, forward.len() as u64);
    let mut tar = Vec::new();
    MultiGzDecoder::new(forward.as_slice()).read_to_end(&mut tar).expect("gzip");
    assert_eq!(info.diff_id, digest(&tar));
}

#[test]
fn an_independent_reader_finds_every_entry_as_given() {
    let (bytes, _) = LayerWriter::new(Vec::new(), 1).write(entries()).expect("written");
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes.as_slice()));
    let mut found = Vec::new();
    for entry in archive.entries().expect("tar") {
        let mut entry = entry.expect("an entry");
        let path = String::from_utf8(entry.path_bytes().into_owned()).expect("UTF-8");
        let link = entry.link_name_bytes().map(|l| String::from_utf8_lossy(&l).into_owned());
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("content");
        let header = entry.header();
        assert_eq!(header.mtime().expect("a time"), 0);
        let owner = match path.as_str() {
            "data/" => 65_532,
            "far-user/" => 3_000_000_000,
            _ => 0,
        };
        assert_eq!((header.uid().expect("uid"), header.gid().expect("gid")), (owner, owner));
        found.push((path, header.mode().expect("mode"), link, content));
    }
    for wanted in entries() {
        let path = match wanted.kind {
            EntryKind::Dir => format!("{}/", wanted.path),
            _ => wanted.path.clone(),
        };
        let (_, mode, link, content) =
            found.iter().find(|(there, ..)| *there == path).expect("the entry is there");
        assert_eq!(*mode, wanted.mode, "{path}");
        match wanted.kind {
            EntryKind::Symlink(target) => assert_eq!(link.as_deref(), Some(target.as_str())),
            EntryKind::File(Content::Bytes(bytes)) => assert_eq!(*content, bytes),
            EntryKind::File(Content::Path(_)) | EntryKind::Dir => assert!(content.is_empty()),
        }
    }
}
