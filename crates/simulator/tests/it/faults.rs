//! What a script makes the stand-in do.

use std::time::Duration;

use pytake_simulator::{Failures, Graph, GraphOptions, Limits, On, PairLimit, Reaction, Reports};
use serde_json::{Value, json};

use crate::echo::{call, client};

fn text(to: &str, callback: &str) -> Value {
    json!({"messaging_product": "whatsapp", "to": to, "type": "text", "text": {"body": "Olá"},
        "biz_opaque_callback_data": callback})
}

async fn graph(change: impl FnOnce(&mut GraphOptions)) -> Graph {
    let mut options = GraphOptions { reports: Reports::off(), ..GraphOptions::default() };
    change(&mut options);
    Graph::start(options).await.unwrap()
}

/// Status and error code of a message, or `None` where there was no whole answer within 300 ms.
async fn send(graph: &Graph, to: &str) -> Option<(u16, Option<i64>)> {
    let answer = async { call(&client(), &graph.base_url(), "1", &text(to, "row")).await };
    let (status, body) = tokio::time::timeout(Duration::from_millis(300), answer).await.ok().flatten()?;
    Some((status, body["error"]["code"].as_i64()))
}

#[tokio::test]
async fn reactions_are_taken_in_order_and_then_all_is_well() {
    let graph = graph(|_| {}).await;
    graph.react(On::Send, Reaction::error(131_056));
    graph.react(On::Send, Reaction::Error { status: 500, code: 131_000 });
    graph.react(On::Send, Reaction::html());
    graph.react(On::Send, Reaction::empty());
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(send(&graph, "5511987654321").await);
    }
    let taken = Some((200, None));
    assert_eq!(answers, [Some((400, Some(131_056))), Some((500, Some(131_000))), taken, taken, taken]);
    assert_eq!(graph.sent().len(), 1, "HTML and nothing with status 200 are no taking");
    assert_eq!(graph.journal().counts().refused, 2);
}

#[tokio::test]
async fn a_broken_connection_may_hide_that_the_message_was_taken() {
    for (reaction, taken) in [
        (Reaction::Close, 0),
        (Reaction::Hang, 0),
        (Reaction::AcceptAndClose, 1),
        (Reaction::AcceptAndHang, 1),
        (Reaction::AcceptAndCut, 1),
        (Reaction::AcceptLate(Duration::from_mins(1)), 1),
        (Reaction::Late(Duration::from_mins(1), Box::new(Reaction::Accept)), 0),
    ] {
        let graph = graph(|_| {}).await;
        graph.react(On::Send, reaction.clone());
        assert_eq!(send(&graph, "5511987654321").await, None, "{reaction:?}");
        assert_eq!(graph.sent().len(), taken, "{reaction:?}");
        assert_eq!(graph.calls().len(), 1, "{reaction:?}: the call itself is always recorded");
    }
}

#[tokio::test]
async fn half_a_body_is_really_sent() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let graph = graph(|_| {}).await;
    graph.react(On::Send, Reaction::AcceptAndCut);
    let body = text("5511987654321", "row").to_string();
    let head = format!(
        "POST /v26.0/1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut socket = tokio::net::TcpStream::connect(graph.address()).await.unwrap();
    socket.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    // The end may be a reset: what came before it counts.
    let _ = socket.read_to_string(&mut answer).await;
    let (head, half) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(half.starts_with("{\"messaging_product\"") && !half.ends_with('}'), "{half}");
}

#[tokio::test]
async fn a_recipient_has_a_script_of_its_own_and_a_decision_goes_before_all() {
    let graph = graph(|_| {}).await;
    graph.react_to("5511900000001", Reaction::error(131_026));
    assert_eq!(send(&graph, "5511900000002").await, Some((200, None)));
    assert_eq!(send(&graph, "+5511900000001").await, Some((400, Some(131_026))));
    assert_eq!(send(&graph, "+5511900000001").await, Some((200, None)));
    graph.decide(|call| (call.body["text"]["body"] == "Olá").then(|| Reaction::error(131_047)));
    assert_eq!(send(&graph, "5511900000002").await, Some((400, Some(131_047))));
}

#[tokio::test]
async fn a_connection_can_be_closed_before_anything_is_read() {
    let graph = graph(|_| {}).await;
    graph.close_next_connections(1);
    assert_eq!(send(&graph, "5511987654321").await, None);
    assert!(graph.calls().is_empty());
    assert_eq!(send(&graph, "5511987654321").await, Some((200, None)));
}

#[tokio::test]
async fn failures_by_chance_are_the_same_with_the_same_seed() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let failures = Failures { reactions: vec![Reaction::error(131_000)], ..Failures::of_sends(5, 0.3) };
        let graph = graph(|options| options.failures = Some(failures)).await;
        let mut codes = Vec::new();
        for _ in 0..40 {
            codes.push(send(&graph, "5511987654321").await.unwrap().1);
        }
        runs.push(codes);
    }
    assert_eq!(runs[0], runs[1]);
    let failed = runs[0].iter().flatten().count();
    assert!((5..20).contains(&failed), "{failed} of 40 at 30 %");
}

#[tokio::test]
async fn rates_are_kept_where_they_are_asked_for() {
    let pair = PairLimit { every: Duration::from_mins(10), burst: 2 };
    let graph = graph(|options| options.limits = Limits { pair: Some(pair), per_second: None }).await;
    assert_eq!(send(&graph, "5511900000001").await, Some((200, None)));
    assert_eq!(send(&graph, "5511900000001").await, Some((200, None)));
    assert_eq!(send(&graph, "5511900000001").await, Some((400, Some(131_056))));
    assert_eq!(send(&graph, "5511900000002").await, Some((200, None)));
}
