//! Which app a request is sent to.

use crate::app;
use crate::visitor::Visitor;
use crate::world::{World, route};
use std::sync::Arc;
use tokio::sync::Notify;
use windlass_proxy::{Address, Hosts, Pool, PoolOptions, RouteTable, Target};

#[tokio::test]
async fn hosts_and_paths_lead_to_their_pools() {
    let world = World::start();
    let _shop = app::say(&world.socket("shop"), "shop");
    let _api = app::say(&world.socket("api"), "api");
    let pool = |name: &str, targets: &[&str]| Pool {
        id: name.into(),
        targets: targets
            .iter()
            .map(|t| Target { id: (*t).into(), address: Address::Unix(world.socket(t)) })
            .collect(),
        standby: Vec::new(),
        options: PoolOptions::default(),
    };
    let names = |name: &str| Hosts::Names(vec![name.into()]);
    let table = RouteTable {
        generation: 1,
        routes: vec![
            route(names("shop.example"), "/", "shop"),
            route(names("shop.example"), "/api", "api"),
            route(names("empty.example"), "/", "empty"),
            route(names("dead.example"), "/", "dead"),
        ],
        pools: vec![
            pool("shop", &["shop"]),
            pool("api", &["api"]),
            pool("empty", &[]),
            pool("dead", &["dead"]),
        ],
    };
    world.client.put_table(&table).await.unwrap();
    ask_each(&world).await;
    let status = world.client.status().await.unwrap();
    assert_eq!((status.answers.success, status.answers.client_error), (3, 1));
    assert_eq!((status.answers.server_error, status.answers.made_by_edge), (2, 3));
    assert_eq!(world.target("dead").await.failed, 1);
}

async fn ask_each(world: &World) {
    let mut visitor = Visitor::to(world.at).await;
    for (host, path, status, text) in [
        ("shop.example", "/", 200, "shop"),
        ("SHOP.example:81", "/apis", 200, "shop"),
        ("shop.example", "/api/1", 200, "api"),
        ("other.example", "/", 404, "no-route"),
        ("empty.example", "/", 503, "no-target"),
        ("dead.example", "/", 502, "app-unreachable"),
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\n\r\n");
        visitor.send(&request).await;
        let answer = visitor.answer().await.unwrap();
        assert_eq!(answer.status, status, "{host}{path}");
        assert!(answer.body.contains(text), "{host}{path}: {}", answer.body);
        assert!(!answer.body.contains(world.folder.path().to_str().unwrap()));
    }
}

#[tokio::test]
async fn the_least_busy_target_is_asked() {
    let world = World::start();
    let hold = Arc::new(Notify::new());
    let held = hold.clone();
    let slow = app::serve(&world.socket("slow"), move |_| {
        let held = held.clone();
        async move {
            held.notified().await;
            app::text_of("slow")
        }
    });
    let _fast = app::say(&world.socket("fast"), "fast");
    world.route_to(1, &["slow"]).await;
    let mut waiting = Visitor::to(world.at).await;
    waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    world.until("slow", |target| target.in_flight == 1).await;
    world.route_to(2, &["slow", "fast"]).await;
    let mut visitor = Visitor::to(world.at).await;
    for _ in 0..20 {
        assert_eq!(visitor.get("/").await.body, "fast");
    }
    hold.notify_one();
    assert_eq!(waiting.answer().await.unwrap().body, "slow");
    drop(slow);
}
