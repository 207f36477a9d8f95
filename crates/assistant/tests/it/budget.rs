//! What becomes of a reply that the money does not cover, and what is claimed for one.

use pytake_assistant::budget::BudgetScope;
use pytake_assistant::ledger::Admission;
use pytake_assistant::money::PicoUsd;
use pytake_assistant::tenant::{AtCap, ModelChoice, TenantBudget, TenantPrice, TenantSettings};
use pytake_assistant::{AIError, ChatRequest, ChatResponse};
use pytake_tokenizer::Family;

use crate::world::World;

/// A tenant with a cap, a price for the only model, and this wish for the time when the cap is reached.
fn world(at_cap: AtCap) -> World {
    let world = World::saying(&["Claro, posso ajudar."]);
    *world.memory.settings.lock() = TenantSettings {
        budget: TenantBudget {
            day_micro_usd: Some(1_000_000),
            at_cap,
            cheaper_model: Some(ModelChoice { provider: "speaker".to_owned(), model: "mini".to_owned() }),
            ..TenantBudget::default()
        },
        prices: vec![price("speaker-1", "1"), price("mini", "0.1")],
        ..TenantSettings::default()
    };
    world
}

fn price(model: &str, usd: &str) -> TenantPrice {
    TenantPrice {
        provider: "speaker".to_owned(),
        model: model.to_owned(),
        from: "2026-11-01".parse().unwrap(),
        input_usd_per_million: Some(usd.to_owned()),
        cached_usd_per_million: None,
        output_usd_per_million: Some(usd.to_owned()),
        usd_per_minute: None,
    }
}

fn used_up(world: &World) {
    let admission =
        Admission::Budget { scope: BudgetScope::TenantDay, spent: PicoUsd(1), passed: Vec::new() };
    world.memory.admissions.lock().push_back(admission);
}

async fn chat(world: &World) -> Result<ChatResponse, AIError> {
    let request =
        ChatRequest { message: "oi, tudo bem?".to_owned(), user_id: "ana".to_owned(), ..Default::default() };
    world.assistant.chat(&world.tenant, request).await
}

#[tokio::test]
async fn at_the_cap_a_tenant_may_want_a_person() {
    let world = world(AtCap::HandOver);
    used_up(&world);
    let response = chat(&world).await.unwrap();
    assert_eq!(response.handoff.unwrap().reason, "budget_used_up");
    assert!(world.speaker.asked.lock().is_empty());
    assert!(chat(&world).await.unwrap().handoff.is_none(), "with money again the assistant answers");
}

#[tokio::test]
async fn a_refusal_is_for_callers_and_a_customer_of_a_channel_gets_a_person() {
    let world = world(AtCap::Refuse);
    used_up(&world);
    let refused = chat(&world).await;
    let Err(AIError::BudgetExceeded { scope, retry_after }) = refused else { panic!("{refused:?}") };
    // Twelve hours after noon.
    assert_eq!((scope, retry_after.as_secs()), (BudgetScope::TenantDay, 12 * 3_600));
    used_up(&world);
    let response = world.answer(&["oi, tudo bem?"]).await;
    assert_eq!(response.handoff.unwrap().reason, "budget_used_up");
    assert!(!response.response.is_empty(), "no silence");
    assert!(world.speaker.asked.lock().is_empty());
}

#[tokio::test]
async fn the_cheaper_model_answers_where_the_money_covers_only_that() {
    let world = world(AtCap::CheaperModel);
    world.memory.admissions.lock().push_back(Admission::Cheaper { passed: Vec::new() });
    chat(&world).await.unwrap();
    let asked: Vec<String> = world.speaker.asked.lock().iter().map(|call| call.model.to_string()).collect();
    assert_eq!(asked, ["mini"]);
    let claimed = world.memory.reservations.lock()[0].clone();
    assert_eq!(
        claimed.at_most.0,
        claimed.cheaper.unwrap().0 * 10,
        "a tenth of the price, a tenth of the claim"
    );
    let turn = world.last_turn();
    assert_eq!((turn.ledger[0].model.as_str(), turn.ledger[0].cost), ("mini", Some(PicoUsd(15 * 100_000))));
    let trail = turn.exchange.unwrap().answer.unwrap().answer.unwrap().trail;
    assert_eq!(trail.price_version, "tenant");
    let found: Vec<_> = trail.steps.iter().filter(|step| step.step == "reserve").collect();
    assert_eq!(found[0].found, "the budget covers the cheaper model only: mini of speaker");
}

#[tokio::test]
async fn under_a_cap_a_model_without_a_price_is_not_asked() {
    let world = world(AtCap::Refuse);
    world.memory.settings.lock().prices.clear();
    let refused = chat(&world).await;
    assert!(matches!(refused, Err(AIError::ServiceUnavailable(_))), "{refused:?}");
    assert!(world.memory.reservations.lock()[0].budgets.is_empty(), "nothing is claimed for nobody");
    let report = world.assistant.budget(&world.tenant, None).await.unwrap();
    assert_eq!(report.unpriced_models[0].model, "speaker-1");
    assert!(world.speaker.asked.lock().is_empty());
}

#[tokio::test]
async fn without_a_cap_nothing_is_claimed_and_anybody_is_asked() {
    let world = world(AtCap::Refuse);
    *world.memory.settings.lock() = TenantSettings::default();
    chat(&world).await.unwrap();
    assert!(world.memory.reservations.lock()[0].budgets.is_empty());
    assert_eq!(world.last_turn().ledger[0].cost, None);
}

#[tokio::test]
async fn an_answer_that_cannot_be_recorded_is_owed_all_the_same() {
    let world = world(AtCap::Local);
    *world.memory.is_of_another.lock() = true;
    let lost = chat(&world).await;
    assert!(matches!(lost, Err(AIError::Storage(_))), "{lost:?}");
    let booked = world.last_turn();
    assert!(booked.exchange.is_none() && booked.origin.conversation.is_none(), "{booked:?}");
    let call = &booked.ledger[0];
    assert_eq!((booked.ledger.len(), call.cost, call.is_answer), (1, Some(PicoUsd(15 * 1_000_000)), false));
    let claimed = world.memory.reservations.lock()[0].id.clone();
    assert_eq!(*world.memory.released.lock(), [claimed], "the place and what was not used are free again");
}

#[tokio::test]
async fn the_schema_of_replies_is_claimed_with_the_prompt() {
    let world = world(AtCap::Local);
    let output_usd_per_million = "0".to_owned();
    let free_answers =
        TenantPrice { output_usd_per_million: Some(output_usd_per_million), ..price("speaker-1", "1") };
    world.memory.settings.lock().prices = vec![free_answers];
    chat(&world).await.unwrap();
    let trail = world.last_turn().exchange.unwrap().answer.unwrap().answer.unwrap().trail;
    let composed = trail.steps.iter().find(|step| step.step == "compose").unwrap();
    let prompt: usize = composed.found.split(' ').next().unwrap().parse().unwrap();
    let schema = world.speaker.asked.lock()[0].schema.clone().unwrap().schema.to_string();
    let input = Family::ClaudeCurrent.estimate(prompt + pytake_tokenizer::count(&schema));
    // Three calls, one of them with the answer before it and an objection in its prompt.
    let most = i64::try_from(3 * input + 2_000 + 500).unwrap();
    assert_eq!(world.memory.reservations.lock()[0].at_most, PicoUsd(most * 1_000_000));
}
