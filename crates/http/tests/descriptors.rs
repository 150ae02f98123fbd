//! No part of the node may depend on spare file descriptors (apps-and-endpoints.md 9.5). Alone in
//! its file, since it changes a limit of the whole process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::{fs::File, io};

use common::{Client, Server, soon};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpSocket;

#[tokio::test]
async fn apps_9_5_without_descriptors_accepting_pauses_and_all_else_goes_on() {
    let server = Server::plain().await;
    let mut first = server.connect().await;
    assert_eq!(first.get("/").await.status, 200);
    let socket = TcpSocket::new_v4().unwrap();

    let before = getrlimit(Resource::Nofile);
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(100),
            maximum: before.maximum,
        },
    )
    .unwrap();
    let mut taken = Vec::new();
    let error = loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => break error,
        }
    };
    assert_eq!(
        error.raw_os_error(),
        Some(rustix::io::Errno::MFILE.raw_os_error())
    );

    let mut second: Client<_> = Client::new(soon(socket.connect(server.address)).await.unwrap());
    second.send("GET /second HTTP/1.1\r\n\r\n").await;
    for _ in 0..100 {
        assert_eq!(first.get("/").await.status, 200);
    }
    assert_eq!(
        server.counts().active,
        1,
        "there is no descriptor to accept with"
    );

    drop(taken);
    assert_eq!(second.receive().await.json()["path"], "/second");
    assert_eq!(server.counts().active, 2);
    setrlimit(Resource::Nofile, before).unwrap();
    let _: io::Error = error;
}
