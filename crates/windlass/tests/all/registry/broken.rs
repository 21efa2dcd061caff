//! Networks and registries that fail for a while.

use super::front::{Deed, Front, answer, status};
use super::{Small, client, hows, pull, registry};
use std::sync::atomic::{AtomicUsize, Ordering};
use windlass_oci::registry::{How, Keychain, RegistryError};
use windlass_testkit::{RegistryAuth, RegistryService};

#[test]
fn broken_transfers_go_on_or_begin_again() {
    let registry = registry(&RegistryAuth::Open);
    an_upload_that_is_cut_begins_again_where_nothing_was_kept(&registry);
    an_upload_goes_on_where_the_registry_kept_a_part(&registry);
    a_download_goes_on_where_it_was_cut(&registry);
    a_registry_that_recovers_is_waited_for(&registry);
    a_registry_that_does_not_recover_is_given_up(&registry);
    a_lost_session_is_made_anew(&registry);
}

/// Does `deed` with the first request that `matches`, and passes on all others.
fn once(
    registry: &RegistryService,
    matches: fn(&super::front::Asked) -> bool,
    deed: impl Fn() -> Deed + Send + Sync + 'static,
) -> Front {
    let times = AtomicUsize::new(0);
    Front::start(Some(registry.address()), move |asked| {
        if matches(asked) && times.fetch_add(1, Ordering::SeqCst) == 0 {
            deed()
        } else {
            Deed::Pass
        }
    })
}

/// This registry forgets a session whose request was cut.
fn an_upload_that_is_cut_begins_again_where_nothing_was_kept(registry: &RegistryService) {
    let small = Small::new(100);
    let big = |asked: &super::front::Asked| asked.is("PUT", "/uploads/") && asked.length > 1 << 19;
    let front = once(registry, big, || Deed::CutRequest(300_000));
    let pushed = small.push(&client(Keychain::default()), &front.name("cut/one"), "1");
    let pushed = pushed.expect("it begins again");
    assert!(hows(&pushed.blobs).iter().all(|how| *how == How::Uploaded { resumed: 0 }));
    // Three blobs, and one of them twice.
    assert_eq!(front.count("POST", "/uploads/"), 4);
    assert_eq!(front.count("GET", "/uploads/"), 1, "it was asked what was kept");
    comes_back(registry, "cut/one", &small);
}

fn an_upload_goes_on_where_the_registry_kept_a_part(registry: &RegistryService) {
    let small = Small::new(200);
    let big = |asked: &super::front::Asked| asked.is("PUT", "/uploads/") && asked.length > 1 << 19;
    let front = once(registry, big, || Deed::KeepPart(300_000));
    let pushed = small.push(&client(Keychain::default()), &front.name("kept/one"), "1");
    let pushed = pushed.expect("it goes on");
    let resumed: Vec<How> = hows(&pushed.blobs)
        .into_iter()
        .filter(|how| *how != How::Uploaded { resumed: 0 })
        .collect();
    assert_eq!(resumed, [How::Uploaded { resumed: 1 }]);
    let asked = front.asked();
    let patch = asked.iter().find(|asked| asked.method == "PATCH").expect("the rest was sent");
    assert_eq!(patch.header("content-range"), Some("300000-1048575"));
    assert_eq!(patch.length, 1_048_576 - 300_000, "nothing was sent twice");
    assert_eq!(front.count("POST", "/uploads/"), 3, "no session was begun again");
    comes_back(registry, "kept/one", &small);
}

fn a_download_goes_on_where_it_was_cut(registry: &RegistryService) {
    let small = Small::new(300);
    let client = client(Keychain::default());
    small.push(&client, &registry.name("down/one"), "1").expect("pushed");
    let front = once(
        registry,
        |asked| asked.is("GET", "/blobs/") && asked.path.contains("sha256"),
        || Deed::CutAnswer(0),
    );
    let layer = small.manifest().layers[1].digest.to_string();
    let cut = AtomicUsize::new(0);
    let second = Front::start(Some(registry.address()), move |asked| {
        let mine = asked.is("GET", &layer) && cut.fetch_add(1, Ordering::SeqCst) == 0;
        if mine { Deed::CutAnswer(400_000) } else { Deed::Pass }
    });
    for front in [&front, &second] {
        let (store, digest, _dir) = pull(&client, &front.name("down/one:1")).expect("it goes on");
        assert_eq!(digest, small.image);
        assert!(small.manifest().layers.iter().all(|layer| store.holds(layer)));
    }
    let asked = second.asked();
    let rest: Vec<_> = asked.iter().filter_map(|asked| asked.header("range")).collect();
    assert_eq!(rest, ["bytes=400000-"], "only the rest was asked for");
}

fn a_registry_that_recovers_is_waited_for(registry: &RegistryService) {
    let small = Small::new(400);
    let failing = |line: &'static str, headers: &'static str| {
        let left = AtomicUsize::new(2);
        Front::start(Some(registry.address()), move |_| {
            let more = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
            if more.is_ok() { status(line, headers) } else { Deed::Pass }
        })
    };
    for (line, headers) in [
        ("503 Service Unavailable", ""),
        ("500 Internal Server Error", ""),
        ("429 Too Many Requests", "retry-after: 0\r\n"),
        ("408 Request Timeout", ""),
    ] {
        let front = failing(line, headers);
        let pushed = small.push(&client(Keychain::default()), &front.name("late/one"), "1");
        assert_eq!(pushed.expect(line).digest, small.image);
    }
}

fn a_registry_that_does_not_recover_is_given_up(registry: &RegistryService) {
    let small = Small::new(500);
    let push = |method: &'static str, script: fn() -> Deed| {
        let front = Front::start(Some(registry.address()), move |asked| {
            if asked.method == method { script() } else { Deed::Pass }
        });
        let ended = small.push(&client(Keychain::default()), &front.name("never/one"), "1");
        (ended.expect_err("it never answers"), front.count(method, "/"))
    };
    let (error, times) = push("POST", || {
        let body = br#"{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}"#;
        answer("429 Too Many Requests", "retry-after: 3600\r\n", body)
    });
    assert!(times <= 3, "{times}: nobody waits an hour");
    assert!(error.to_string().contains("3600 s"), "{error}");
    let RegistryError::RateLimited { said, .. } = error else { panic!("{error}") };
    assert_eq!(said.as_deref(), Some("pull rate limit (TOOMANYREQUESTS)"));

    let (error, times) = push("HEAD", || status("502 Bad Gateway", ""));
    assert!(matches!(error, RegistryError::GaveUp { attempts: 4, .. }), "{error}");
    assert_eq!(times, 4);
    let (error, times) = push("POST", || status("403 Forbidden", ""));
    assert!(matches!(error, RegistryError::Denied { .. }), "{error}");
    assert!(times <= 3, "{times}: a refusal is final");
}

/// A session that expired is not the end.
fn a_lost_session_is_made_anew(registry: &RegistryService) {
    let small = Small::new(600);
    let front = once(
        registry,
        |asked| asked.is("PUT", "/uploads/"),
        || {
            let body = br#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN","message":"unknown"}]}"#;
            answer("404 Not Found", "", body)
        },
    );
    let pushed = small.push(&client(Keychain::default()), &front.name("lost/one"), "1");
    assert_eq!(pushed.expect("a new session").digest, small.image);
    assert_eq!(front.count("POST", "/uploads/"), 4);
}

fn comes_back(registry: &RegistryService, path: &str, small: &Small) {
    let from = registry.name(&format!("{path}:1"));
    let (store, digest, _dir) = pull(&client(Keychain::default()), &from).expect("pulled");
    assert_eq!(digest, small.image);
    assert_eq!(store.read_manifest(&digest).expect("stored"), small.manifest());
}
