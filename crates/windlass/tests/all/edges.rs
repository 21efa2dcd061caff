//! An edge that another build of Windlass left behind.

use crate::site::world;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::time::Duration;

/// Answers every call as an edge did that knew no number of a protocol.
fn answer(listener: &UnixListener, listen: SocketAddr, pid: u32) {
    let status = format!(r#"{{"listen":"{listen}","pid":{pid},"generation":3,"targets":[]}}"#);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", status.len());
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { return };
        let mut asked = [0; 4_096];
        let _ = stream.read(&mut asked);
        let _ = stream.write_all(format!("{head}{status}").as_bytes());
    }
}

#[test]
fn an_edge_of_another_build_is_replaced_at_its_address() {
    let world = world();
    let socket = world.layout().edge_socket();
    std::fs::create_dir_all(socket.parent().expect("a folder")).expect("made");
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = free.local_addr().expect("an address");
    drop(free);
    let mut old =
        Command::new("sleep").arg("600").env("BELONGS_TO", world.home()).spawn().expect("started");
    let (listener, pid) = (UnixListener::bind(&socket).expect("bound"), old.id());
    std::thread::spawn(move || answer(&listener, listen, pid));

    world.run(&["server", "start"]).expect_code(0);
    assert_eq!(old.wait().expect("reaped").signal(), Some(15), "it is asked to end");
    world.await_until("an edge at the old address", Duration::from_mins(1), |world| {
        TcpStream::connect(listen).is_ok() && world.pid_of("edge").is_some()
    });
    let log = world.own_logs();
    assert!(log.contains("the edge is replaced"), "{log}");
    world.run(&["server", "stop", "--all"]).expect_code(0);
}
