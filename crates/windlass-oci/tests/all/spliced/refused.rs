//! What must never become a layer.

use super::*;

#[test]
fn a_damaged_segment_never_becomes_a_layer() {
    let dir = tempfile::tempdir().expect("a folder");
    let segments = many_segments(dir.path());
    let layer = layer_of(&segments, &|_| true);
    let mut numbers = Numbers(11);
    let files = &segments[1].files;
    for place in [&files.tar, &files.packed] {
        let good = std::fs::read(place).expect("there");
        for _ in 0..20 {
            let mut bad = good.clone();
            let bit = numbers.below(bad.len() as u64 * 8);
            bad[(bit / 8) as usize] ^= 1 << (bit % 8);
            std::fs::write(place, bad).expect("written");
            let refused = layer.write(Vec::new(), Compression::Gzip);
            assert!(
                matches!(&refused, Err(LayerError::Damaged { path }) if path == place),
                "{refused:?}"
            );
        }
        std::fs::write(place, &good[..good.len() / 2]).expect("written");
        assert!(matches!(
            layer.write(Vec::new(), Compression::Gzip),
            Err(LayerError::Damaged { .. })
        ));
        std::fs::write(place, good).expect("written");
    }
    let (_, _, bytes, slice) = &segments[1].entries[5];
    assert!(files.content(slice).expect("whole") == *bytes);
    std::fs::write(&files.tar, vec![0; 2_000_000]).expect("written");
    assert!(matches!(files.content(slice), Err(SegmentError::Damaged { .. })));
}

#[test]
fn what_is_no_stream_of_that_size_is_not_taken_over() {
    let bytes = vec![b'a'; 5_000];
    let stream = stream(&bytes, 9);
    let length = stream.metadata().expect("there").len();
    let append = |size, length| {
        let mut writer = SegmentWriter::new(Vec::new(), Vec::new());
        let head = FileHead { path: "a", mode: 0o644, size };
        let range = FileRange::new(&stream, 0, length);
        writer.append(head, PieceSource::Deflated(range), &mut |_| {})
    };
    append(5_000, length).expect("it is right");
    assert!(matches!(append(5_001, length), Err(SegmentError::Length { found: 5_000, .. })));
    let long = append(4_999, length);
    assert!(matches!(long, Err(SegmentError::Deflate(DeflateError::TooLong { .. }))), "{long:?}");
    let cut = append(5_000, length - 1);
    assert!(matches!(cut, Err(SegmentError::Deflate(DeflateError::Truncated))), "{cut:?}");
    let mut writer = SegmentWriter::new(Vec::new(), Vec::new());
    for path in ["", "/a", "a/../b", "a//b"] {
        let head = FileHead { path, mode: 0o644, size: 0 };
        let refused = writer.append(head, PieceSource::Plain(&mut std::io::empty()), &mut |_| {});
        assert!(matches!(refused, Err(SegmentError::Path { .. })), "{path:?}");
    }
    let head = FileHead { path: "a", mode: 0o644, size: 10 };
    for bytes in [&[0; 9][..], &[0; 11]] {
        let short = writer.append(head, PieceSource::Plain(&mut &*bytes), &mut |_| {});
        assert!(matches!(short, Err(SegmentError::Length { .. })), "{short:?}");
    }
}

#[test]
fn paths_twice_and_files_without_folders_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = vec![("a/b".to_owned(), Vec::new()), ("a/c".to_owned(), Vec::new())];
    let segments = vec![segment(dir.path(), files)];
    let whole = layer_of(&segments, &|_| true);
    let mut twice = whole.clone();
    twice.files.push(whole.files[0]);
    assert!(matches!(
        twice.write(Vec::new(), Compression::Gzip),
        Err(LayerError::Duplicate { .. })
    ));
    let mut file_and_folder = whole.clone();
    file_and_folder.folders.insert("a/b");
    assert!(matches!(
        file_and_folder.write(Vec::new(), Compression::Gzip),
        Err(LayerError::Duplicate { .. })
    ));
    let homeless = SplicedLayer { folders: BTreeSet::new(), ..whole };
    assert!(matches!(
        homeless.write(Vec::new(), Compression::Gzip),
        Err(LayerError::Parent { .. })
    ));
}
