//! Customers who write a burst, wait for the reply as people do, and write the next one.

use std::sync::atomic::Ordering;
use std::time::Duration;

use pytake_simulator::{Business, Customer, Random, Written, post};

use super::{QUIET, Stage};

/// Questions that the demo shop has approved answers to, each on another subject. Every text of a burst can be answered
/// alone, because a kill may tear a burst apart: a text that repeats is a loop, and complaints or two replies that say
/// that nothing is known call a person, after whom the assistant is rightly silent.
const QUESTIONS: [&str; 5] = [
    "quanto custa o frete?",
    "vocês aceitam pix?",
    "qual o horário de funcionamento?",
    "onde fica a loja?",
    "vocês fazem embalagem para presente?",
];

/// What comes before and after a question in longer bursts; different in each round.
const AROUND: [[&str; 2]; 5] = [
    ["oi", "quanto tempo demora para chegar?"],
    ["bom dia", "parcelam em quantas vezes?"],
    ["olá, tudo bem", "quais velas vocês têm?"],
    ["boa tarde", "posso retirar na loja?"],
    ["opa", "como rastreio meu pedido?"],
];

/// How long a customer waits for a reply before the test fails. A message that nobody knows the end of is sent again
/// within 10 s.
const REPLY_WITHIN: Duration = Duration::from_mins(1);

/// What a customer did, and what must have come of it.
#[derive(Debug)]
pub(super) struct Talk {
    pub(super) customer: Customer,
    /// Everything written, in order.
    pub(super) texts: Vec<String>,
    /// The fewest replies that are right.
    pub(super) least: usize,
    /// The most: one for each burst, and one for each text of a burst that a kill tore apart.
    pub(super) most: usize,
    /// A burst without any reply.
    pub(super) is_ignored: bool,
}

impl Talk {
    pub(super) fn phone(&self) -> &str {
        self.customer.phone.as_deref().unwrap_or_default()
    }
}

pub(super) async fn talk(stage: &Stage, number: u32) -> Talk {
    let mut random = Random::seeded(stage.seed.rotate_left(32) ^ u64::from(number));
    let mut talk = Talk {
        customer: Customer::numbered(number),
        texts: Vec::new(),
        least: 0,
        most: 0,
        is_ignored: false,
    };
    let mut questions = QUESTIONS;
    random.shuffle(&mut questions);
    for (question, [before, after]) in questions.into_iter().zip(AROUND) {
        let burst: &[&str] = match random.below(3) {
            0 => &[question],
            1 => &[before, question],
            _ => &[before, question, after],
        };
        let replies = replies_to(stage, talk.phone());
        let is_whole = write(stage, &mut talk, burst, &mut random).await;
        talk.least += 1;
        talk.most += if is_whole { 1 } else { burst.len() };
        if !has_reply_beyond(stage, talk.phone(), replies).await {
            talk.is_ignored = true;
            return talk;
        }
        // What else comes of a burst that was torn apart cannot be told from the answer to the next one.
        if !is_whole {
            return talk;
        }
        // As long as a second reply to the same burst would take to begin.
        tokio::time::sleep(QUIET * 2).await;
    }
    talk
}

/// Posts a burst, one text after the other, some of them twice. True: the server took each at the first try, and all of
/// them within the quiet time, so that they are one burst to it as well.
async fn write(stage: &Stage, talk: &mut Talk, burst: &[&str], random: &mut Random) -> bool {
    let began = stage.graph.clock().elapsed();
    let mut is_whole = true;
    for text in burst {
        let id = format!("wamid.CRASH{}", stage.next_message.fetch_add(1, Ordering::SeqCst));
        let written = Written::text(id, stage.graph.clock().unix_seconds(), text);
        let body = post(&Business::default(), &talk.customer, &[written]);
        let bodies = if random.happens(0.25) { vec![body.clone(), body] } else { vec![body] };
        for delivery in stage.webhooks.deliver_at_once(&bodies).await {
            assert!(delivery.answer.is_taken(), "{:?} after {} tries", delivery.answer, delivery.tries);
            is_whole &= delivery.tries == 1;
        }
        talk.texts.push((*text).to_owned());
    }
    is_whole && stage.graph.clock().elapsed().saturating_sub(began) < QUIET
}

/// Different messages that a customer got: the same one twice counts once.
pub(super) fn replies_to(stage: &Stage, phone: &str) -> usize {
    let mut callbacks: Vec<String> =
        stage.graph.sent_to(phone).into_iter().filter_map(|sent| sent.callback).collect();
    callbacks.sort_unstable();
    callbacks.dedup();
    callbacks.len()
}

async fn has_reply_beyond(stage: &Stage, phone: &str, replies: usize) -> bool {
    let began = stage.graph.clock().elapsed();
    while stage.graph.clock().elapsed().saturating_sub(began) < REPLY_WITHIN {
        if replies_to(stage, phone) > replies {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    false
}
