//! Downloads over connections that break, servers that lie, and caches that are damaged.

use super::mirror::{Answer, Mirror};
use sha2::{Digest as _, Sha256};
use std::cell::Cell;
use windlass_build::download::{DownloadError, DownloadSettings, Downloader, Wanted};
use windlass_model::Digest;

fn digest(bytes: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(bytes).into())
}

fn file(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 % 251) as u8).collect()
}

fn downloader() -> Downloader {
    Downloader::new(DownloadSettings { backoff_ms: 1, ..DownloadSettings::default() })
}

fn wanted(mirror: &Mirror, path: &str, bytes: &[u8]) -> Wanted {
    Wanted {
        url: format!("{}{path}", mirror.url),
        sha256: digest(bytes),
        size: Some(bytes.len() as u64),
    }
}

#[test]
fn a_cut_connection_is_resumed_where_it_broke() {
    let bytes = file(300_000);
    let script = vec![
        Answer::CutAfter(bytes.clone(), 100_000),
        Answer::Status(503),
        Answer::File(bytes.clone()),
    ];
    let mirror = Mirror::start([("/a".to_owned(), script)]);
    let dir = tempfile::tempdir().expect("a folder");
    let done = Cell::new(0);
    let paths = downloader()
        .fetch_all(&[wanted(&mirror, "/a", &bytes)], dir.path(), &|bytes| done.set(bytes))
        .expect("fetched");
    assert_eq!(std::fs::read(&paths[0]).expect("readable"), bytes);
    assert_eq!(done.get(), 300_000);
    let seen = mirror.seen();
    assert_eq!(seen[0].1, None);
    // How much of the first part arrived is the kernel's choice; that it is not asked for again is not.
    assert!(seen.len() == 3 && seen[2].1.is_some_and(|start| start > 0 && start <= 100_000));
}

#[test]
fn a_server_without_ranges_starts_again() {
    let bytes = file(200_000);
    let script = vec![Answer::CutAfter(bytes.clone(), 90_000), Answer::NoRanges(bytes.clone())];
    let mirror = Mirror::start([("/a".to_owned(), script)]);
    let dir = tempfile::tempdir().expect("a folder");
    let paths = downloader()
        .fetch_all(&[wanted(&mirror, "/a", &bytes)], dir.path(), &|_| {})
        .expect("fetched");
    assert_eq!(std::fs::read(&paths[0]).expect("readable"), bytes);
}

#[test]
fn a_wrong_file_is_refused_after_one_more_try() {
    let (right, wrong) = (file(1000), vec![7; 1000]);
    let mirror = Mirror::start([
        ("/never".to_owned(), vec![Answer::File(wrong.clone())]),
        ("/second".to_owned(), vec![Answer::File(wrong), Answer::File(right.clone())]),
    ]);
    let dir = tempfile::tempdir().expect("a folder");
    let refused = downloader().fetch_all(&[wanted(&mirror, "/never", &right)], dir.path(), &|_| {});
    assert!(matches!(refused, Err(DownloadError::Digest { .. })), "{refused:?}");
    assert_eq!(mirror.seen().len(), 2);
    assert!(!dir.path().join(digest(&right).hex()).exists());
    let other = tempfile::tempdir().expect("a folder");
    let paths = downloader()
        .fetch_all(&[wanted(&mirror, "/second", &right)], other.path(), &|_| {})
        .expect("the second file is right");
    assert_eq!(std::fs::read(&paths[0]).expect("readable"), right);
}

#[test]
fn what_is_there_is_checked_and_not_fetched_again() {
    let bytes = file(5000);
    let mirror = Mirror::start([("/a".to_owned(), vec![Answer::File(bytes.clone())])]);
    let dir = tempfile::tempdir().expect("a folder");
    let wanted = [wanted(&mirror, "/a", &bytes)];
    let fetch = || downloader().fetch_all(&wanted, dir.path(), &|_| {}).expect("fetched");
    let paths = fetch();
    fetch();
    assert_eq!(mirror.seen().len(), 1);
    std::fs::write(&paths[0], b"damaged").expect("writable");
    fetch();
    assert_eq!(std::fs::read(&paths[0]).expect("readable"), bytes);
    assert_eq!(mirror.seen().len(), 2);
}

#[test]
fn many_files_at_once_by_two_downloaders_at_once() {
    let files: Vec<Vec<u8>> = (0..20).map(|n| file(20_000 + n * 997)).collect();
    let script: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(n, bytes)| (format!("/{n}"), vec![Answer::File(bytes.clone())]))
        .collect();
    let mirror = Mirror::start(script);
    let all: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(n, bytes)| wanted(&mirror, &format!("/{n}"), bytes))
        .collect();
    let dir = tempfile::tempdir().expect("a folder");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let paths = downloader().fetch_all(&all, dir.path(), &|_| {}).expect("fetched");
                for (path, bytes) in paths.iter().zip(&files) {
                    assert_eq!(std::fs::read(path).expect("readable"), *bytes);
                }
            });
        }
    });
    assert_eq!(mirror.seen().len(), 20, "each file is fetched once");
}

#[test]
fn failures_say_what_and_never_the_password() {
    let mirror = Mirror::start([("/down".to_owned(), vec![Answer::Status(500)])]);
    let dir = tempfile::tempdir().expect("a folder");
    let url = mirror.url.replace("http://", "http://me:secret@");
    for (path, requests) in [("/missing", 1), ("/down", 4)] {
        let before = mirror.seen().len();
        let wanted = Wanted { url: format!("{url}{path}"), sha256: digest(b"x"), size: None };
        let error = downloader().fetch_all(&[wanted], dir.path(), &|_| {}).expect_err("refused");
        assert_eq!(mirror.seen().len() - before, requests, "{path}");
        let problem = windlass_build::explain::download(&error);
        assert!(!format!("{problem:?}").contains("secret"), "{problem:?}");
        assert!(problem.message.contains(path) && !problem.hints.is_empty(), "{problem:?}");
    }
    let wanted = Wanted { url: "ftp://127.0.0.1/x".into(), sha256: digest(b"x"), size: None };
    let error = downloader().fetch_all(&[wanted], dir.path(), &|_| {}).expect_err("refused");
    assert!(matches!(error, DownloadError::Scheme { .. }));
}
