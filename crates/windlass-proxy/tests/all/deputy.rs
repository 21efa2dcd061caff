//! Apps that would use the edge's rights instead of their own.

use crate::app;
use crate::visitor::Visitor;
use crate::world::World;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use windlass_model::ProbeAnswer;
use windlass_proxy::{Address, ProbeRequest, probe};

#[tokio::test]
async fn a_link_in_the_place_of_a_socket_leads_nowhere() {
    let world = World::start();
    let accepted = Arc::new(AtomicU64::new(0));
    let count = accepted.clone();
    let _secret = app::each_connection(&world.socket("secret"), move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        async {}
    });
    symlink(world.socket("secret"), world.socket("linked")).unwrap();
    std::fs::write(world.socket("file"), "").unwrap();
    for (generation, name) in [(1, "linked"), (2, "file")] {
        world.route_to(generation, &[name]).await;
        let answer = Visitor::to(world.at).await.get("/").await;
        assert_eq!(answer.status, 502, "{name}");
        assert_eq!(world.target(name).await.failed, 1, "{name}");
        let request = ProbeRequest {
            host: "shop.example".into(),
            path: "/".into(),
            timeout_ms: 15_000,
            headers: Vec::new(),
        };
        let probed = probe(&Address::Unix(world.socket(name)), &request).await;
        let ProbeAnswer::Broken { detail } = probed else { panic!("{name}: {probed:?}") };
        assert!(detail.contains("no socket"), "{detail}");
    }
    assert_eq!(accepted.load(Ordering::SeqCst), 0);
}
