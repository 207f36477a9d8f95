//! Answers given again through a channel, and to questions that ask the same in other words.

use pytake_assistant::channel::{OutboundContent, Recorded};
use pytake_assistant::service::{Answered, ChannelTurn};
use pytake_assistant::tenant::CacheSettings;
use serde_json::json;

use crate::world::{World, reply, written};

fn world(text: &str) -> World {
    World::saying(&[&reply(text, "continue", &json!({}))])
}

fn is_similar_wanted(world: &World) {
    world.memory.settings.lock().cache = CacheSettings { is_enabled: true, is_similar_enabled: true };
}

/// What WhatsApp brings of a customer.
fn of_customer(world: &World, name: &str, texts: &[&str]) -> ChannelTurn {
    let mut turn = world.burst(texts);
    turn.context.insert("channel".to_owned(), "whatsapp".into());
    turn.context.insert("customer_name".to_owned(), name.into());
    turn
}

async fn cached(world: &World, turn: ChannelTurn) -> String {
    let response = written(world.assistant.answer(&world.tenant, turn).await);
    world.memory.next_customer();
    response.metadata["cached"].clone()
}

#[tokio::test]
async fn a_customer_of_a_channel_gets_what_another_was_answered() {
    let world = world("Entregamos sim, em todo o Brasil.");
    let question = ["oi", "vocês entregam em Recife?"];
    assert_eq!(cached(&world, of_customer(&world, "Ana Lima", &question)).await, "false");
    assert_eq!(cached(&world, of_customer(&world, "Bia Reis", &question)).await, "exact");
    assert_eq!(world.speaker.asked.lock().len(), 1);
    let turn = world.last_turn();
    assert_eq!(turn.settlement.unwrap().outbound.len(), 1, "it is sent like any other");
    assert_eq!((turn.ledger.len(), turn.ledger[0].usage.total()), (1, 0));
    assert!(turn.ledger[0].is_answer && turn.reservation.is_some());
}

#[tokio::test]
async fn an_answer_with_the_customers_name_is_for_them_alone() {
    let world = world("Oi, Ana! Entregamos sim.");
    for name in ["Ana Lima", "Bia Reis"] {
        assert_eq!(cached(&world, of_customer(&world, name, &["vocês entregam em Recife?"])).await, "false");
    }
    assert_eq!(world.speaker.asked.lock().len(), 2);
}

#[tokio::test]
async fn the_disclosure_stands_before_a_kept_answer_once() {
    let world = world("Entregamos sim, em todo o Brasil.");
    let disclosing =
        || ChannelTurn { discloses: true, ..of_customer(&world, "Ana", &["vocês entregam em Recife?"]) };
    assert_eq!(cached(&world, disclosing()).await, "false");
    assert_eq!(cached(&world, disclosing()).await, "exact");
    let sent = world.last_turn().settlement.unwrap().outbound.remove(0).content;
    let OutboundContent::Text { body, .. } = sent else { panic!("a text: {sent:?}") };
    assert_eq!(body.matches("Entregamos sim").count(), 1, "{body}");
    assert!(!body.starts_with("Entregamos"), "{body}");
    let plain = of_customer(&world, "Bia", &["vocês entregam em Recife?"]);
    let answer = written(world.assistant.answer(&world.tenant, plain).await);
    assert_eq!(answer.response, "Entregamos sim, em todo o Brasil.");
}

#[tokio::test]
async fn a_draft_that_was_never_sent_is_not_kept() {
    let world = world("Entregamos sim, em todo o Brasil.");
    world.memory.records.lock().push_back(Recorded::Outdated);
    let question = || of_customer(&world, "Ana", &["vocês entregam em Recife?"]);
    let answered = world.assistant.answer(&world.tenant, question()).await;
    assert!(matches!(answered, Ok(Answered::Outdated)));
    assert_eq!(cached(&world, question()).await, "false");
    assert_eq!(cached(&world, question()).await, "exact");
}

#[tokio::test]
async fn what_a_channel_tells_of_one_customer_keeps_the_answer_to_them() {
    let world = world("Esse produto temos sim.");
    let question = || {
        let mut turn = of_customer(&world, "Ana", &["vocês têm esse?"]);
        turn.context.insert("asks_about_product".to_owned(), "chapéu 12".into());
        turn
    };
    assert_eq!(
        (cached(&world, question()).await, cached(&world, question()).await),
        ("false".into(), "false".into())
    );
}

#[tokio::test]
async fn other_words_for_the_same_are_answered_only_where_the_tenant_wants_it() {
    let said = "Aceitamos pix, sim.";
    let (first, second) =
        ("vocês aceitam pix na loja?", "oi, boa tarde, vcs aceitam o pix na loja por favor?");
    let without = world(said);
    for text in [first, second] {
        assert_eq!(cached(&without, of_customer(&without, "Ana", &[text])).await, "false");
    }
    let world = world(said);
    is_similar_wanted(&world);
    let ask = async |text: &str| cached(&world, of_customer(&world, "Ana", &[text])).await;
    assert_eq!(ask(first).await, "false");
    assert_eq!(ask(second).await, "similar");
    let trail = world.last_turn().exchange.unwrap().answer.unwrap().answer.unwrap().trail;
    assert!(trail.steps.iter().any(|step| step.step == "reuse" && step.found.contains("asks the same (0.")));
    for other in
        ["vocês não aceitam pix na loja?", "vocês aceitam boleto na loja?", "vocês aceitam 2 pix na loja?"]
    {
        assert_eq!(ask(other).await, "false", "{other}");
    }
}

#[tokio::test]
async fn a_tenant_can_have_every_answer_fresh() {
    let world = world("Aceitamos pix, sim.");
    world.memory.settings.lock().cache.is_enabled = false;
    for _ in 0..2 {
        assert_eq!(cached(&world, of_customer(&world, "Ana", &["aceita pix?"])).await, "false");
    }
}

/// `cargo test -p pytake-assistant --test it what_a_hit_takes -- --ignored --nocapture` prints the figure of docs/cache.md.
#[tokio::test]
#[ignore = "prints a figure, proves nothing"]
async fn what_a_hit_takes() {
    use pytake_assistant::Clock;
    use pytake_assistant::clock::SystemClock;
    const TIMES: u32 = 300;
    let clock = SystemClock::new();
    let world = world("Entregamos sim, em todo o Brasil.");
    let mut took = Vec::new();
    for _ in 0..TIMES {
        let turn = of_customer(&world, "Ana", &["vocês entregam em Recife?"]);
        let before = clock.elapsed();
        written(world.assistant.answer(&world.tenant, turn).await);
        took.push(clock.elapsed().saturating_sub(before));
        world.memory.next_customer();
    }
    took.sort_unstable();
    println!("a hit, whole turn without a database: {:?}", took[took.len() / 2]);
    assert_eq!(world.speaker.asked.lock().len(), 1);
}
