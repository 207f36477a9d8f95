//! The WhatsApp channel end to end: signed webhooks over HTTP in, messages at a stand-in for Meta out.

mod recorded;
mod refusals;
mod situations;

use std::time::Duration;

use pytake_simulator::{Business, GraphOptions, Sent};
use pytake_testkit::{MetaApp, TestApp};
use serde_json::Value;

/// Long enough that posts one after the other are one burst, short enough for a test.
const QUIET: Duration = Duration::from_millis(300);

/// A second number, of another tenant.
fn second_business() -> Business {
    Business {
        account: "102290129340399".to_owned(),
        number: "106540352242933".to_owned(),
        display_number: "551140028923".to_owned(),
    }
}

/// An app with two numbers of two tenants; the first one is a shop with approved answers.
async fn app() -> MetaApp {
    app_with(GraphOptions::default()).await
}

async fn app_with(options: GraphOptions) -> MetaApp {
    let builder = TestApp::builder().channel(|channel| {
        channel.quiet = QUIET;
        channel.quiet_at_most = QUIET * 4;
        channel.unknown_after = Duration::from_secs(2);
    });
    let started = builder.start_with_meta(options, &[Business::default(), second_business()]).await;
    // The store is shared: this fills the running app's.
    let _shop = started.app.clone().with_shop().await;
    started
}

fn texts(sent: &[Sent]) -> Vec<&str> {
    sent.iter().map(|message| message.shown.text.as_str()).collect()
}

/// The default tenant's conversations with their messages.
async fn conversations(app: &MetaApp) -> Vec<Value> {
    let listed = app.app.get("/api/v1/ai/conversations").await.json();
    let mut whole = Vec::new();
    for conversation in listed["items"].as_array().unwrap() {
        let path = format!("/api/v1/ai/conversations/{}", conversation["id"].as_str().unwrap());
        whole.push(app.app.get(&path).await.json());
    }
    whole
}

/// What one side said in a conversation.
fn said<'a>(conversation: &'a Value, role: &str) -> Vec<&'a str> {
    let messages = conversation["messages"].as_array().unwrap();
    let own = messages.iter().filter(|message| message["role"] == role);
    own.map(|message| message["content"].as_str().unwrap()).collect()
}
