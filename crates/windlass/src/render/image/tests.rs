//! Each rendering with the text that it gives.

use super::*;
use windlass_server::wire::Pruned;

fn digest(byte: u8) -> Digest {
    Digest::from_bytes([byte; 32])
}

fn listed(name: &str, used_by: &[&str]) -> ListedImage {
    ListedImage {
        summary: ImageSummary {
            names: (!name.is_empty()).then(|| name.to_owned()).into_iter().collect(),
            digest: digest(0xab),
            platforms: vec!["linux/amd64".to_owned()],
            bytes: 45_000_000,
            layers: 4,
            stored_at_ms: Some(0),
            damage: None,
        },
        used_by: used_by.iter().map(|&user| user.to_owned()).collect(),
    }
}

#[test]
fn images_have_a_line_for_each_name() {
    let mut damaged = listed("old", &["x 1"]);
    damaged.summary.damage = Some("missing: 1 of its layers".to_owned());
    let all = [listed("shop", &["shop 2 (current)", "shop 1"]), damaged, listed("", &[])];
    let wanted = "\
NAME  DIGEST        PLATFORM     SIZE   LAYERS  STORED    USED BY
shop  abababababab  linux/amd64  45 MB  4       60 s ago  shop 2 (current), shop 1
old   abababababab  linux/amd64  45 MB  4       60 s ago  missing: 1 of its layers
-     abababababab  linux/amd64  45 MB  4       60 s ago  -";
    assert_eq!(images(&all, 60_000, Style::plain()).join("\n"), wanted);
    assert_eq!(images(&[], 0, Style::plain()), ["no images yet"]);
    let many: Vec<String> = (1..=5).map(|n| format!("shop {n}")).collect();
    assert_eq!(users(&many), "shop 1, shop 2, shop 3 and 2 more");
}

#[test]
fn commands_can_be_typed_again() {
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    assert_eq!(shown(&words(&["gunicorn", "shop:app"])), "gunicorn shop:app");
    assert_eq!(shown(&words(&["sh", "-c", "exec it's"])), r"sh -c 'exec it'\''s'");
}

#[test]
fn what_was_freed_is_told_by_kind() {
    let kind = |what: &str, count, bytes| Pruned { what: what.to_owned(), count, bytes };
    let mut report = PruneReport {
        dry_run: true,
        pruned: vec![kind("images", 3, 2_000_000), kind("unpacked layers", 0, 0)],
        cache_bytes: Some(1_000_000),
    };
    let wanted = "\
KIND    COUNT  SIZE
images  3      2.0 MB
would free 2.0 MB
the build cache holds 1.0 MB";
    assert_eq!(pruned(&report, Style::plain()).join("\n"), wanted);
    report.pruned.clear();
    report.dry_run = false;
    report.cache_bytes = None;
    let wanted = ["freed 0 B", "the build cache was left alone: a build uses it"];
    assert_eq!(pruned(&report, Style::plain()), wanted);
}
