//! Limits of tenants and customers, as callers and channels meet them.

use std::time::Duration;

use futures::FutureExt;
use pytake_assistant::conversation::{Attendant, Conversations};
use pytake_assistant::error::LimitScope;
use pytake_assistant::id::ConversationId;
use pytake_assistant::service::{Answered, ServerSentence};
use pytake_assistant::tenant::TenantLimits;
use pytake_assistant::{AIError, AnalysisType, AnalyzeRequest, ChatRequest, ChatResponse};

use crate::world::{World, written};

const NONE: TenantLimits = TenantLimits {
    requests_per_minute: None,
    tokens_per_minute: None,
    concurrent_requests: None,
    user_requests_per_minute: None,
    user_requests_per_day: None,
    user_concurrent_requests: None,
};

fn world(limits: TenantLimits) -> World {
    let world = World::saying(&["Claro, posso ajudar."]);
    world.limit(limits);
    world
}

fn from(user: &str) -> ChatRequest {
    ChatRequest { message: "Oi, tudo bem?".into(), user_id: user.into(), ..ChatRequest::default() }
}

async fn chat(world: &World, user: &str) -> Result<ChatResponse, AIError> {
    world.assistant.chat(&world.tenant, from(user)).await
}

/// The scope and the wait of a refusal.
fn refused<T: std::fmt::Debug>(result: Result<T, AIError>) -> (LimitScope, Duration) {
    match result {
        Err(AIError::RateLimitExceeded { scope, retry_after }) => (scope, retry_after),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_tenants_requests_a_minute_are_counted_and_a_change_counts_at_once() {
    let world = world(TenantLimits { requests_per_minute: Some(2), ..NONE });
    chat(&world, "ana").await.unwrap();
    world.clock.advance(Duration::from_secs(10));
    chat(&world, "bia").await.unwrap();
    assert_eq!(refused(chat(&world, "ana").await), (LimitScope::Tenant, Duration::from_secs(50)));
    let request = AnalyzeRequest {
        message: "oi".into(),
        user_id: "ana".into(),
        analysis_type: vec![AnalysisType::Language],
        ..AnalyzeRequest::default()
    };
    let analysed = world.assistant.analyze(&world.tenant, request).await;
    assert_eq!(refused(analysed).0, LimitScope::Tenant, "every kind of request counts");
    assert_eq!(refused(world.assistant.check_limits(&world.tenant).await).0, LimitScope::Tenant);

    world.limit(TenantLimits { requests_per_minute: Some(3), ..NONE });
    world.assistant.check_limits(&world.tenant).await.unwrap();
    chat(&world, "ana").await.unwrap();
    let standing = world.assistant.standing(&world.tenant).await.unwrap();
    assert_eq!((standing.quota, standing.remaining, standing.more_in), (3, 0, Duration::from_secs(50)));
    world.clock.advance(Duration::from_secs(50));
    chat(&world, "ana").await.unwrap();
}

#[tokio::test]
async fn one_customer_does_not_use_up_what_is_anothers() {
    let world = world(TenantLimits { user_requests_per_minute: Some(1), ..NONE });
    chat(&world, "ana").await.unwrap();
    assert_eq!(refused(chat(&world, "ana").await), (LimitScope::User, Duration::from_mins(1)));
    chat(&world, "bia").await.unwrap();
}

#[tokio::test]
async fn tokens_count_as_the_vendor_counted_them() {
    // The vendor says 15 a turn; 2,000 of an answer and the prompt are taken before.
    let world = world(TenantLimits { tokens_per_minute: Some(4_000), ..NONE });
    for _ in 0..20 {
        chat(&world, "ana").await.unwrap();
    }
    world.limit(TenantLimits { tokens_per_minute: Some(1_000), ..NONE });
    let (scope, wait) = refused(chat(&world, "ana").await);
    assert_eq!(scope, LimitScope::Tenant, "larger than the whole limit: only when nothing else was used");
    world.clock.advance(wait);
    chat(&world, "ana").await.unwrap();
}

#[tokio::test]
async fn the_lower_limit_of_a_day_is_reserved() {
    let world = world(TenantLimits { user_requests_per_day: Some(7), ..NONE });
    chat(&world, "ana").await.unwrap();
    assert_eq!(*world.memory.daily_limit.lock(), Some(7));
    world.limit(TenantLimits { user_requests_per_day: Some(5_000), ..NONE });
    chat(&world, "ana").await.unwrap();
    assert_eq!(*world.memory.daily_limit.lock(), Some(1_000));
}

#[tokio::test]
async fn a_caller_who_leaves_takes_no_place_with_him() {
    let world = world(TenantLimits { concurrent_requests: Some(1), ..NONE });
    for round in 0..3 {
        let mut left = Box::pin(world.assistant.chat(&world.tenant, from("ana")));
        let ended = left.as_mut().now_or_never();
        // The first time it waits for the tenant to be prepared.
        assert!(round > 0 || ended.is_none(), "it ended at once");
        drop(left);
        // The turn goes on by itself and ends.
        while world.memory.turns.lock().is_empty() {
            tokio::task::yield_now().await;
        }
        world.memory.turns.lock().clear();
        while world.assistant.check_limits(&world.tenant).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
    chat(&world, "ana").await.unwrap();
}

#[tokio::test]
async fn a_channels_turn_comes_back_later_and_nothing_is_settled() {
    let world = world(TenantLimits { requests_per_minute: Some(1), ..NONE });
    world.answer(&["oi"]).await;
    let refused_turn = world.assistant.answer(&world.tenant, world.burst(&["oi?"])).await;
    assert_eq!(refused(refused_turn), (LimitScope::Tenant, Duration::from_mins(1)));
    let next = world.assistant.answer(&world.tenant, world.burst(&["oi??"])).await;
    assert_eq!(refused(next).1, Duration::from_mins(2), "one after the other");
    assert_eq!(world.memory.turns.lock().len(), 1);
    assert_eq!(world.speaker.asked.lock().len(), 1);
    world.clock.advance(Duration::from_mins(1));
    world.answer(&["oi?"]).await;
}

#[tokio::test]
async fn no_limit_stands_between_a_customer_and_a_person() {
    let world = world(TenantLimits { requests_per_minute: Some(1), ..NONE });
    world.answer(&["oi"]).await;
    let said = world.say(&["parar"], ServerSentence::OptedOut).await;
    assert!(!said.response.is_empty());
    let conversation = ConversationId::new("c").unwrap();
    let now = pytake_assistant::Clock::now(&world.clock);
    let memory = &world.memory;
    memory.set_attendant(&world.tenant, &conversation, Attendant::Human, None, now).await.unwrap();
    let kept = world.assistant.answer(&world.tenant, world.burst(&["alguém aí?"])).await;
    assert!(matches!(&kept, Ok(Answered::Recorded(_))), "{kept:?}");
    assert_eq!(written(kept).response, "");
}

/// What tokens refuse was counted as a request, so that whoever asked again in time was refused for that.
#[tokio::test]
async fn a_request_without_tokens_counts_against_nothing() {
    let world = world(TenantLimits { requests_per_minute: Some(2), tokens_per_minute: Some(1_000), ..NONE });
    chat(&world, "ana").await.unwrap();
    for number in 0..5 {
        // Its longest answer alone is more than the limit, and something was used.
        let new = ChatRequest { message: format!("Vocês têm {number} velas?"), ..from("ana") };
        let (scope, wait) = refused(world.assistant.chat(&world.tenant, new).await);
        assert_eq!((scope, wait), (LimitScope::Tenant, Duration::from_mins(1)));
    }
    let request = AnalyzeRequest {
        message: "oi".into(),
        user_id: "ana".into(),
        analysis_type: vec![AnalysisType::Language],
        ..AnalyzeRequest::default()
    };
    world.assistant.analyze(&world.tenant, request).await.unwrap();
}
