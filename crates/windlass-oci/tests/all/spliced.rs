//! Layers joined from segments, read by decoders that share no code with the writer.

mod refused;

use super::deflate::{Numbers, corpora};
use flate2::read::{GzDecoder, MultiGzDecoder};
use flate2::write::DeflateEncoder;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use windlass_model::{Compression, Digest};
use windlass_oci::deflate::DeflateError;
use windlass_oci::{
    Expected, FileHead, FileRange, LayerError, LayerInfo, PieceSource, SegmentError, SegmentFiles,
    SegmentWriter, Slice, SplicedFile, SplicedLayer, unpack_layer,
};

struct Segment {
    files: SegmentFiles,
    entries: Vec<(String, u32, Vec<u8>, Slice)>,
}

/// A segment of these files: every other one taken over from a stream of some level.
fn segment(dir: &Path, files: Vec<(String, Vec<u8>)>) -> Segment {
    std::fs::create_dir_all(dir).expect("made");
    let place = SegmentFiles { tar: dir.join("tar"), packed: dir.join("packed") };
    let file = |path: &Path| File::create(path).expect("made");
    let mut writer = SegmentWriter::new(file(&place.tar), file(&place.packed));
    let mut entries = Vec::new();
    for (number, (path, bytes)) in files.into_iter().enumerate() {
        let mode = if number % 3 == 0 { 0o755 } else { 0o644 };
        let head = FileHead { path: &path, mode, size: bytes.len() as u64 };
        let mut seen = Vec::new();
        let mut see = |part: &[u8]| seen.extend_from_slice(part);
        let slice = if number % 2 == 0 {
            let stream = stream(&bytes, number as u32 % 10);
            let length = stream.metadata().expect("there").len();
            let range = FileRange::new(&stream, 0, length);
            writer.append(head, PieceSource::Deflated(range), &mut see).expect("taken over")
        } else {
            let plain = PieceSource::Plain(&mut bytes.as_slice());
            writer.append(head, plain, &mut see).expect("compressed")
        };
        assert!(seen == bytes, "{path} was seen as it is");
        entries.push((path, mode, bytes, slice));
    }
    writer.finish().expect("written");
    Segment { files: place, entries }
}

/// A file with a raw stream.
fn stream(bytes: &[u8], level: u32) -> File {
    let file = tempfile::tempfile().expect("a file");
    let mut encoder = DeflateEncoder::new(file, flate2::Compression::new(level));
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("written")
}

fn layer_of<'a>(segments: &'a [Segment], keep: &dyn Fn(&str) -> bool) -> SplicedLayer<'a> {
    let mut layer = SplicedLayer::default();
    for segment in segments {
        for (path, _, _, slice) in segment.entries.iter().filter(|entry| keep(&entry.0)) {
            layer.files.push(SplicedFile { path, segment: &segment.files, slice });
            layer.folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        }
    }
    layer
}

fn many_segments(dir: &Path) -> Vec<Segment> {
    let mut numbers = Numbers(77);
    let odd = format!("usr/{}/{}", "d".repeat(160), "f".repeat(120));
    let first = corpora()
        .into_iter()
        .enumerate()
        .map(|(n, bytes)| (format!("usr/lib/a{n}.py"), bytes))
        .chain([(odd, b"long".to_vec()), ("usr/lib/\u{fc}.py".to_owned(), b"u".to_vec())])
        .collect();
    let second = (0..400)
        .map(|n| {
            let length = numbers.below(3_000) as usize;
            (format!("usr/share/d{}/f{n}", n % 7), include_bytes!("spliced.rs")[..length].to_vec())
        })
        .collect();
    vec![segment(&dir.join("1"), first), segment(&dir.join("2"), second)]
}

fn write(layer: &SplicedLayer<'_>) -> (Vec<u8>, LayerInfo) {
    layer.write(Vec::new(), Compression::Gzip).expect("written")
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

#[test]
fn a_layer_is_one_member_and_its_digests_are_right() {
    let dir = tempfile::tempdir().expect("a folder");
    let segments = many_segments(dir.path());
    let layer = layer_of(&segments, &|_| true);
    let (bytes, info) = write(&layer);
    assert_eq!(write(&layer), (bytes.clone(), info.clone()), "twice the same");
    assert_eq!(info.descriptor.digest, sha256(&bytes));
    assert_eq!(info.descriptor.size, bytes.len() as u64);
    let (mut one, mut all) = (Vec::new(), Vec::new());
    GzDecoder::new(bytes.as_slice()).read_to_end(&mut one).expect("gzip");
    MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut all).expect("gzip");
    assert!(one == all, "one member holds it all");
    assert_eq!(info.diff_id, sha256(&all));

    let mut archive = tar::Archive::new(all.as_slice());
    let mut found = Vec::new();
    for entry in archive.entries().expect("a tar") {
        let mut entry = entry.expect("an entry");
        let path = String::from_utf8(entry.path_bytes().into_owned()).expect("UTF-8");
        let mode = entry.header().mode().expect("a mode");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("content");
        found.push((path, mode, content));
    }
    let (folders, files) = found.split_at(layer.folders.len());
    assert!(folders.iter().all(|(path, mode, _)| path.ends_with('/') && *mode == 0o755));
    let wanted = segments.iter().flat_map(|segment| &segment.entries);
    for ((path, mode, bytes, _), there) in wanted.zip(files) {
        assert_eq!((path, mode), (&there.0, &there.1));
        assert!(*bytes == there.2, "{path}");
    }
    assert_eq!(files.len(), layer.files.len());
}

#[test]
fn zstandard_holds_the_same_tar_and_is_unpacked() {
    let dir = tempfile::tempdir().expect("a folder");
    let segments = many_segments(dir.path());
    let layer = layer_of(&segments, &|_| true);
    let (_, gzip) = write(&layer);
    let (bytes, info) = layer.write(Vec::new(), Compression::Zstd).expect("written");
    assert_eq!(layer.write(Vec::new(), Compression::Zstd).expect("written").0, bytes);
    assert_eq!(info.diff_id, gzip.diff_id);
    assert!(info.descriptor.media_type.ends_with(".tar+zstd"));
    assert_eq!(
        (info.descriptor.digest, info.descriptor.size),
        (sha256(&bytes), bytes.len() as u64)
    );
    assert_eq!(sha256(&through("zstd", &["-dc"], &bytes)), info.diff_id);
    let (blob, root) = (dir.path().join("blob"), dir.path().join("root"));
    std::fs::write(&blob, &bytes).expect("written");
    std::fs::create_dir(&root).expect("made");
    let expected = Expected { digest: info.descriptor.digest, diff_id: info.diff_id };
    unpack_layer(&blob, expected, &root).expect("unpacked");
    let (path, _, content, _) = &segments[0].entries[3];
    assert!(std::fs::read(root.join(path)).expect("there") == *content);
    let mut bad = bytes.clone();
    let middle = bad.len() / 2;
    bad[middle] ^= 1;
    std::fs::write(&blob, &bad).expect("written");
    unpack_layer(&blob, expected, &root).expect_err("damaged");
}

#[test]
fn any_selection_in_any_order_is_a_layer() {
    let dir = tempfile::tempdir().expect("a folder");
    let segments = many_segments(dir.path());
    let mut numbers = Numbers(3);
    for _ in 0..20 {
        let mut layer = layer_of(&segments, &|path| path.len() % 2 == 0 || path.ends_with("py"));
        for at in (1..layer.files.len()).rev() {
            layer.files.swap(at, numbers.below(at as u64 + 1) as usize);
        }
        layer.files.truncate(numbers.below(200) as usize);
        let (bytes, info) = write(&layer);
        let mut tar = Vec::new();
        GzDecoder::new(bytes.as_slice()).read_to_end(&mut tar).expect("gzip");
        assert_eq!(info.diff_id, sha256(&tar));
        assert_eq!(tar::Archive::new(tar.as_slice()).entries().expect("a tar").count(), {
            layer.files.len() + layer.folders.len()
        });
    }
}

/// Runs a program over the layer; its output.
fn through(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(input).expect("it reads all"));
        child.wait_with_output().expect("it ends")
    });
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

/// Prints the digest of an independent tar of the layer on its input.
const TAR_AGAIN: &str = include_str!("tar_again.py");

#[test]
fn other_decoders_read_it_and_an_independent_tar_of_it_is_the_same() {
    let dir = tempfile::tempdir().expect("a folder");
    let segments = many_segments(dir.path());
    // Where a name needs more than a plain header, writers may differ.
    let layer = layer_of(&segments, &|path| path.len() < 100 && path.is_ascii());
    let (bytes, info) = write(&layer);
    let again = through("python3", &["-c", TAR_AGAIN], &bytes);
    assert_eq!(String::from_utf8_lossy(&again).trim(), info.diff_id.hex());

    let (bytes, info) = write(&layer_of(&segments, &|_| true));
    assert_eq!(sha256(&through("gzip", &["-dc"], &bytes)), info.diff_id);
    let listed = through("tar", &["-tzf", "-"], &bytes);
    let lines = String::from_utf8_lossy(&listed).lines().count();
    let layer = layer_of(&segments, &|_| true);
    assert_eq!(lines, layer.files.len() + layer.folders.len());
}
