//! Answers that come before their request is complete, and what follows on such a connection.

use crate::app;
use crate::visitor::{BOUND, Visitor};
use crate::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Sends a part of an upload, reads the answer, and sends the rest, which nobody wants any more.
async fn upload(world: &World) -> u16 {
    let mut visitor = Visitor::to(world.at).await;
    let size = 4 << 20;
    let piece = "x".repeat(size / 4);
    visitor
        .send(&format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\nsome"))
        .await;
    let answer = visitor.answer().await.expect("an answer");
    for _ in 0..3 {
        let sent = timeout(BOUND, visitor.stream.write_all(piece.as_bytes())).await;
        sent.expect("it is read").expect("the connection is not reset");
    }
    visitor.stream.shutdown().await.expect("the connection is not reset");
    assert_eq!(visitor.rest().await, "");
    answer.status
}

#[tokio::test]
async fn an_early_answer_to_an_upload_is_not_lost_in_a_reset() {
    let world = World::start();
    assert_eq!(upload(&world).await, 404, "the edge's own");
    let _app = app::each_connection(&world.socket("a"), |mut stream| async move {
        let _ = stream.read(&mut [0; 1_024]).await;
        let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nfull";
        stream.write_all(answer).await.unwrap();
    });
    world.route_to(1, &["a"]).await;
    assert_eq!(upload(&world).await, 413, "the app's");
}

#[tokio::test]
async fn nothing_follows_a_chunked_body_that_the_edge_answered() {
    let world = World::start();
    let mut visitor = Visitor::to(world.at).await;
    let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    visitor.send(&chunked.repeat(2)).await;
    let answer = visitor.answer().await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (404, Some("close")));
    visitor.stream.shutdown().await.unwrap();
    assert_eq!(visitor.rest().await, "");
}
