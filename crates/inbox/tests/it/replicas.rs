//! Several processes on one database.

use std::collections::BTreeMap;

use pytake_assistant::channel::Sender;
use pytake_inbox::Channel;

use crate::support::{Act, World, receive, text};

const CUSTOMERS: usize = 8;
/// Without numbers and names, which an answer would have to prove.
const BURSTS: [[&str; 2]; 3] = [
    ["oi, tudo bem?", "queria uma ajuda"],
    ["tem bolo de cenoura?", "com cobertura"],
    ["obrigada", "até logo"],
];

fn customer(number: usize) -> Sender {
    Sender { phone: Some(format!("55119876543{number:02}")), ..Sender::default() }
}

/// Both look at the same time, each until there is nothing more.
async fn both(channels: &[Channel; 2], world: &World) {
    let [one, other] = channels.clone();
    let turns = [one.clone(), other.clone()]
        .map(|channel| tokio::spawn(async move { channel.run_due_turns().await }));
    for turn in turns {
        turn.await.expect("no turn breaks");
    }
    let sends = [one, other].map(|channel| tokio::spawn(async move { channel.send_due().await }));
    for send in sends {
        send.await.expect("no send breaks");
    }
    // The next message of a conversation waits for the delivery of this one.
    world.clock.advance(std::time::Duration::from_secs(6));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_answer_each_burst_once_and_in_order() {
    let world = World::new().await;
    let channels = [world.channel.clone(), world.replica()];
    world.model.will(std::iter::repeat_n(Act::Confirm, CUSTOMERS * BURSTS.len()));
    for burst in BURSTS {
        for (message, channel) in burst.into_iter().zip(&channels) {
            for number in 0..CUSTOMERS {
                let event = world.message_of(customer(number), text(message));
                // The channel delivers to whom it likes, and more than once.
                receive(channel, vec![event.clone()]).await;
                receive(&channels[number % 2], vec![event]).await;
            }
        }
        world.clock.advance(std::time::Duration::from_secs(3));
        both(&channels, &world).await;
    }
    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sent in world.outside.sent.lock().iter() {
        got.entry(sent.to.phone.clone().unwrap()).or_default().push(sent.text.clone());
    }
    assert_eq!(got.len(), CUSTOMERS);
    let expected = ["Certo, ajuda.", "Certo, cobertura.", "Certo, logo."];
    for (customer, texts) in got {
        assert_eq!(texts, expected, "{customer}");
    }
    assert_eq!(world.model.calls(), CUSTOMERS * BURSTS.len(), "nothing was paid twice");
    assert!(world.states().await.iter().all(|state| *state == "accepted"));
}
