//! While a new release is watched, the old one answers what the new one breaks on.

use crate::app;
use crate::visitor::Visitor;
use crate::world::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_proxy::{Address, PoolOptions, Target};

const POST: &str = "POST / HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2\r\n\r\nhi";

async fn world_with_standby() -> World {
    let world = World::start();
    let mut table = world.table(1, &["new"], PoolOptions::default());
    let old = Target { id: "old".into(), address: Address::Unix(world.socket("old")) };
    table.pools[0].standby.push(old);
    world.client.put_table(&table).await.unwrap();
    world
}

#[tokio::test]
async fn an_app_that_breaks_off_is_stood_in_for_only_where_a_request_may_be_repeated() {
    let world = world_with_standby().await;
    let _old = app::say(&world.socket("old"), "old");
    let _new = app::each_connection(&world.socket("new"), |mut stream| async move {
        let mut some = [0; 512];
        let _ = stream.read(&mut some).await;
    });
    let mut visitor = Visitor::to(world.at).await;
    let answer = visitor.get("/").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "old"));

    visitor.send(POST).await;
    assert_eq!(visitor.answer().await.unwrap().status, 502);
}

#[tokio::test]
async fn a_small_answer_that_breaks_off_in_the_middle_is_stood_in_for() {
    let world = world_with_standby().await;
    let _old = app::say(&world.socket("old"), "old");
    let _new = app::each_connection(&world.socket("new"), |mut stream| async move {
        let mut some = [0; 512];
        let _ = stream.read(&mut some).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhal").await;
    });
    let mut visitor = Visitor::to(world.at).await;
    let answer = visitor.get("/").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "old"));
}

#[tokio::test]
async fn an_answer_that_is_slow_to_end_is_passed_on_as_it_comes() {
    let world = world_with_standby().await;
    let (go_on, wait) = tokio::sync::watch::channel(false);
    let _new = app::each_connection(&world.socket("new"), move |mut stream| {
        let mut wait = wait.clone();
        async move {
            let mut some = [0; 512];
            let _ = stream.read(&mut some).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf").await;
            let _ = wait.wait_for(|on| *on).await;
            let _ = stream.write_all(b"rest").await;
        }
    });
    let mut visitor = Visitor::to(world.at).await;
    visitor.send("GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n").await;
    assert!(visitor.head().await.unwrap().contains("content-length: 8"));
    assert_eq!(visitor.take(4).await.unwrap(), "half");
    go_on.send(true).unwrap();
    assert_eq!(visitor.take(4).await.unwrap(), "rest");
}

#[tokio::test]
async fn an_app_that_is_gone_is_stood_in_for_whatever_the_method() {
    let world = world_with_standby().await;
    let _old = app::say(&world.socket("old"), "old");
    let mut visitor = Visitor::to(world.at).await;
    visitor.send(POST).await;
    let answer = visitor.answer().await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "old"));
}

#[tokio::test]
async fn a_target_that_answers_is_never_stood_in_for() {
    let world = world_with_standby().await;
    let _old = app::say(&world.socket("old"), "old");
    let _new = app::say(&world.socket("new"), "new");
    let mut visitor = Visitor::to(world.at).await;
    for _ in 0..20 {
        assert_eq!(visitor.get("/").await.body, "new");
    }
    assert_eq!(world.target("old").await.in_flight, 0);
}
