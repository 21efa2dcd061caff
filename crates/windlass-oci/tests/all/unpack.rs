//! Layers unpacked: what comes out, and what is refused.

use sha2::{Digest as _, Sha256};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use windlass_model::Digest;
use windlass_oci::{Content, Expected, LayerEntry, LayerWriter, UnpackError, unpack_layer};

/// Makes a tar of raw headers, so that it can hold what no writer of ours would write.
fn raw_tar(entries: &[(&str, tar::EntryType, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, kind, link) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link.as_bytes());
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        header.set_uid(u64::from(rustix::process::getuid().as_raw()));
        header.set_gid(u64::from(rustix::process::getgid().as_raw()));
        header.set_size(0);
        header.set_mtime(0);
        header.set_cksum();
        builder.append(&header, std::io::empty()).expect("appended");
    }
    builder.into_inner().expect("a tar")
}

fn unpack_raw(tar: &[u8], dir: &Path) -> Result<(), UnpackError> {
    let blob = dir.join("blob");
    std::fs::write(&blob, tar).expect("written");
    let digest = Digest::from_bytes(Sha256::digest(tar).into());
    std::fs::create_dir(dir.join("root")).expect("made");
    unpack_layer(&blob, Expected { digest, diff_id: digest }, &dir.join("root"))
}

#[test]
fn what_was_written_comes_out() {
    let dir = tempfile::tempdir().expect("a folder");
    let entries = vec![
        LayerEntry::file("usr/bin/tool", 0o755, Content::Bytes(b"#!".to_vec())),
        LayerEntry::symlink("bin", "usr/bin"),
        LayerEntry { mode: 0o1777, ..LayerEntry::dir("tmp") },
    ];
    let (bytes, info) = LayerWriter::new(Vec::new(), 6).write(entries).expect("written");
    let blob = dir.path().join("blob");
    std::fs::write(&blob, bytes).expect("written");
    let root = dir.path().join("root");
    std::fs::create_dir(&root).expect("made");
    let expected = Expected { digest: info.descriptor.digest, diff_id: info.diff_id };
    unpack_layer(&blob, expected, &root).expect("unpacked");
    let mode = |path: &str| root.join(path).metadata().expect("there").permissions().mode();
    assert_eq!(mode("bin/tool") & 0o7777, 0o755);
    assert_eq!(mode("tmp") & 0o1777, 0o1777);
    assert_eq!(std::fs::read_link(root.join("bin")).expect("a link"), Path::new("usr/bin"));
}

#[test]
fn several_gzip_members_are_one_layer() {
    use std::io::Write;
    let dir = tempfile::tempdir().expect("a folder");
    let tar = raw_tar(&[("a/", tar::EntryType::Directory, "")]);
    let mut packed = Vec::new();
    for part in tar.chunks(700) {
        let mut gzip = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        gzip.write_all(part).expect("packed");
        packed = gzip.finish().expect("packed");
    }
    let blob = dir.path().join("blob");
    std::fs::write(&blob, &packed).expect("written");
    let digest = |bytes: &[u8]| Digest::from_bytes(Sha256::digest(bytes).into());
    let expected = Expected { digest: digest(&packed), diff_id: digest(&tar) };
    std::fs::create_dir(dir.path().join("root")).expect("made");
    unpack_layer(&blob, expected, &dir.path().join("root")).expect("unpacked");
    assert!(dir.path().join("root/a").is_dir());
}

#[test]
fn no_entry_leaves_the_folder() {
    use tar::EntryType::{Link, Regular, Symlink};
    let bad: &[&[(&str, tar::EntryType, &str)]] = &[
        &[("../out", Regular, "")],
        &[("/out", Regular, "")],
        &[("a/../../out", Regular, "")],
        &[("link", Symlink, ".."), ("link/out", Regular, "")],
        &[("link", Symlink, ".."), ("link/deeper/out", Regular, "")],
        &[("hard", Link, "../blob")],
        &[("link", Symlink, ".."), ("hard", Link, "link/blob")],
        &[(".wh...", Regular, "")],
    ];
    for entries in bad {
        let dir = tempfile::tempdir().expect("a folder");
        let refused = unpack_raw(&raw_tar(entries), dir.path());
        assert!(
            matches!(refused, Err(UnpackError::Path { .. } | UnpackError::Through { .. })),
            "{entries:?}: {refused:?}"
        );
        assert!(!dir.path().join("out").exists(), "{entries:?}");
    }
}

#[test]
fn whiteouts_and_hard_links_become_the_file_systems_own() {
    use tar::EntryType::{Link, Regular};
    let dir = tempfile::tempdir().expect("a folder");
    let tar = raw_tar(&[("d/.wh.gone", Regular, ""), ("d/a", Regular, ""), ("b", Link, "d/a")]);
    unpack_raw(&tar, dir.path()).expect("unpacked");
    let root = dir.path().join("root");
    let gone = std::fs::symlink_metadata(root.join("d/gone")).expect("a whiteout");
    assert_eq!((gone.mode() & 0o170_000, gone.rdev()), (0o020_000, 0));
    let inode = |path: &str| root.join(path).metadata().expect("there").ino();
    assert_eq!(inode("d/a"), inode("b"));
}

#[test]
fn a_flipped_bit_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let tar = raw_tar(&[("a", tar::EntryType::Regular, "")]);
    let digest = Digest::from_bytes(Sha256::digest(&tar).into());
    let mut damaged = tar;
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let blob = dir.path().join("blob");
    std::fs::write(&blob, damaged).expect("written");
    let result = unpack_layer(&blob, Expected { digest, diff_id: digest }, dir.path());
    assert!(matches!(result, Err(UnpackError::Damaged { .. })), "{result:?}");
}
