//! Sweeps of small caches with set times.

use super::*;
use std::time::{Duration, SystemTime};
use windlass_model::{AppName, Digest};

const DAY: u64 = 24 * 60 * 60;

/// A cache whose entries have 40 KB each.
struct Cache {
    dir: tempfile::TempDir,
    store: ImageStore,
}

impl Cache {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let store = ImageStore::open(dir.path().join("images")).expect("a layout");
        Self { dir, store }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join("cache").join(path)
    }

    /// An entry that was used so many days ago.
    fn put(&self, path: &str, days: u64) {
        let file = self.path(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("made");
        fs::write(&file, vec![b'x'; 40_000]).expect("written");
        let then = SystemTime::now() - Duration::from_secs(days * DAY);
        let times = fs::FileTimes::new().set_accessed(then).set_modified(then);
        File::options().append(true).open(&file).expect("there").set_times(times).expect("set");
        let folder = file.parent().expect("a folder");
        if path.matches('/').count() > 1 {
            File::open(folder).expect("there").set_times(times).expect("set");
        }
    }

    fn sweep(&self, limit_bytes: u64, known: &str, dry_run: bool) -> Option<CacheSwept> {
        let now = SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after it");
        sweep(&CacheSweep {
            cache: &self.path(""),
            store: &self.store,
            limit_bytes,
            known: &|app| app == known,
            // In two months every record is old.
            now_ms: now.as_millis() as u64 + 60 * DAY * 1_000,
            dry_run,
            remove: &|folder| fs::remove_dir_all(folder),
        })
        .expect("swept")
    }
}

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

#[test]
fn the_longest_unused_goes_first_and_only_as_much_as_needed() {
    let cache = Cache::new();
    for (path, days) in [
        ("wheels/a", 9),
        ("wheels/b", 1),
        ("unpacked/c/index.json", 5),
        ("debian/debs/d", 7),
        ("uv-tool/bin/uv", 90),
        ("wheels/.lock", 90),
    ] {
        cache.put(path, days);
    }
    assert_eq!(cache.sweep(u64::MAX, "", false).expect("free").freed, BTreeMap::new());
    let counted = cache.sweep(100_000, "", true).expect("free");
    let swept = cache.sweep(100_000, "", false).expect("free");
    assert_eq!(counted, swept, "a dry run says what would be");
    let kinds: Vec<_> =
        swept.freed.iter().map(|(kind, freed)| (kind.as_str(), freed.count)).collect();
    assert_eq!(kinds, [("debian/debs", 1), ("wheels", 1)]);
    assert!(swept.left_bytes <= 100_000);
    for (path, there) in [
        ("wheels/a", false),
        ("wheels/b", true),
        ("unpacked/c/index.json", true),
        ("debian/debs/d", false),
        ("uv-tool/bin/uv", true),
        ("wheels/.lock", true),
    ] {
        assert_eq!(cache.path(path).exists(), there, "{path}");
    }
}

#[test]
fn what_known_apps_used_stays_and_what_crashes_left_goes() {
    let cache = Cache::new();
    let (ours, theirs) = (digest(1).hex(), digest(2).hex());
    cache.put(&format!("wheels/{ours}"), 50);
    cache.put(&format!("wheels/{theirs}"), 10);
    cache.put(&format!("unpacked/{ours}/index.json"), 50);
    cache.put("bytecode/.tmpXyz/file", 50);
    for (app, byte) in [("shop", 1), ("blog", 2)] {
        let app: AppName = app.parse().expect("valid");
        let record = BuildRecord { used: [digest(byte)].into() };
        note(&cache.path(""), &app, &record).expect("noted");
        note(&cache.path(""), &app, &record).expect("noted again");
    }
    assert!(cache.sweep(0, "shop", true).is_some());
    assert!(cache.path("builds/blog.json").exists(), "a dry run removes nothing");
    cache.sweep(0, "shop", false).expect("free");
    assert!(cache.path(&format!("wheels/{ours}")).exists());
    assert!(cache.path(&format!("unpacked/{ours}/index.json")).exists());
    assert!(!cache.path(&format!("wheels/{theirs}")).exists());
    assert!(!cache.path("bytecode/.tmpXyz").exists());
    assert!(cache.path("builds/shop.json").exists() && !cache.path("builds/blog.json").exists());
}

#[test]
fn nothing_is_swept_under_a_build() {
    let cache = Cache::new();
    cache.put("wheels/a", 9);
    let (one, two) = (hold(&cache.path("")).expect("held"), hold(&cache.path("")).expect("held"));
    drop(one);
    assert_eq!(cache.sweep(0, "", false), None);
    drop(two);
    assert_eq!(cache.sweep(0, "", false).expect("free").freed["wheels"].count, 1);
}

#[test]
fn notes_go_with_their_layers() {
    let cache = Cache::new();
    let there = cache.store.put_blob(Descriptor::LAYER_GZIP, &mut b"x".as_slice()).expect("put");
    let gone = Descriptor::new(Descriptor::LAYER_GZIP, digest(9), 3);
    fs::create_dir_all(cache.path("layers")).expect("made");
    for (name, descriptor) in [("a", there), ("b", gone)] {
        let text = serde_json::json!({ "descriptor": descriptor, "diff_id": digest(3) });
        fs::write(cache.path("layers").join(name), text.to_string()).expect("written");
    }
    let swept = cache.sweep(u64::MAX, "", false).expect("free");
    assert_eq!(swept.freed["layers"].count, 1);
    assert!(cache.path("layers/a").exists() && !cache.path("layers/b").exists());
}
