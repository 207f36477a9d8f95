//! Real connections over loopback: large bodies, slow callers, the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use pytake_server::{ServeOptions, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::app::TestApp;

async fn start(router: Router, options: ServeOptions) -> (SocketAddr, CancellationToken, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = tokio::spawn(serve(listener, router, options, shutdown.clone()));
    (address, shutdown, server)
}

async fn read_all(connection: &mut TcpStream) -> String {
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_the_caller_reads_why() {
    const SIZE: usize = 10 * 1024 * 1024;
    let (address, ..) = start(TestApp::open().router(), ServeOptions::default()).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /api/v1/ai/chat HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {SIZE}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection.write_all(&vec![b' '; SIZE]).await.unwrap();
    let answer = read_all(&mut connection).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("payload_too_large"), "{answer}");
}

#[tokio::test]
async fn a_caller_that_never_finishes_its_head_is_let_go() {
    let options = ServeOptions { head_timeout: Duration::from_millis(20), ..ServeOptions::default() };
    let (address, ..) = start(TestApp::open().router(), options).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    // Ends only when the server closes; what it may say before that is HTTP/1.1 408 or nothing.
    let answer = read_all(&mut connection).await;
    assert!(!answer.contains("200 OK"), "{answer}");
}

/// Sends a head and gives what comes back; a server that closes on what it did not read may cut its answer short.
async fn answer_to_head(headers: &str) -> String {
    let (address, ..) = start(TestApp::open().router(), ServeOptions::default()).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    let head = format!("GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    let _ = connection.write_all(head.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_head_of_too_many_headers_is_refused() {
    // With the two that are always sent.
    let of = |count: usize| {
        let mut headers = String::new();
        for number in 2..count {
            headers += &["x-", &number.to_string(), ": a\r\n"].concat();
        }
        headers
    };
    assert!(answer_to_head(&of(100)).await.starts_with("HTTP/1.1 200"));
    let refused = answer_to_head(&of(101)).await;
    assert!(refused.starts_with("HTTP/1.1 431"), "{refused}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let of = |length: usize| format!("x-long: {}\r\n", "a".repeat(length));
    assert!(answer_to_head(&of(15 * 1024)).await.starts_with("HTTP/1.1 200"));
    let refused = answer_to_head(&of(40 * 1024)).await;
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 431"), "{refused}");
}

#[tokio::test]
async fn an_answer_in_progress_is_finished_after_the_stop() {
    let (reached, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&reached), Arc::clone(&go_on));
    let handler = async move || {
        tell.notify_one();
        wait.notified().await;
        "finished"
    };
    let router = Router::new().route("/", get(handler));
    let (address, shutdown, server) = start(router, ServeOptions::default()).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    reached.notified().await;
    shutdown.cancel();
    go_on.notify_one();
    assert!(read_all(&mut connection).await.ends_with("finished"));
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_answer_that_outlives_the_grace_is_cut() {
    let router = Router::new().route("/", get(std::future::pending::<()>));
    let options = ServeOptions { shutdown_grace: Duration::from_millis(20), ..ServeOptions::default() };
    let (address, shutdown, server) = start(router, options).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    shutdown.cancel();
    server.await.unwrap();
    let cut = connection.read(&mut [0; 64]).await;
    assert!(matches!(cut, Ok(0) | Err(_)), "{cut:?}");
}

#[tokio::test]
async fn a_connection_beyond_the_bound_waits_for_its_turn() {
    let options = ServeOptions { max_connections: 1, ..ServeOptions::default() };
    let (address, ..) = start(Router::new().route("/", get(async || "served")), options).await;
    let first = TcpStream::connect(address).await.unwrap();
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    drop(first);
    assert!(read_all(&mut second).await.ends_with("served"));
}

#[tokio::test]
async fn whoever_watches_is_let_go_when_the_server_stops() {
    let (address, shutdown, server) = start(TestApp::open().router(), ServeOptions::default()).await;
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut head = [0; 15];
    connection.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    shutdown.cancel();
    // Far sooner than the grace, which is for answers that come to an end by themselves.
    read_all(&mut connection).await;
    server.await.unwrap();
}
