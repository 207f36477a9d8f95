//! Business numbers and their secrets.

use bytes::Bytes;
use pytake_assistant::channel::{Event, EventKind, SendFailureKind};
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::{NumberId, TenantId};
use pytake_assistant::tenant::{Edit, TenantProfile};
use pytake_assistant::{AIError, Author};
use pytake_inbox::NewNumber;
use pytake_store::{NumberSettings, Numbers};
use secrecy::ExposeSecret;

use crate::support::{World, number, tenant, text};

fn another(tenant: TenantId) -> NewNumber {
    NewNumber {
        number: NumberId::new("2").expect("it is one"),
        tenant,
        account: Some("102290129340398".to_owned()),
        display_number: None,
        access_token: Some("EAAsecond".into()),
        app_secret: Some("app-secret-2".into()),
        verify_token: Some("verify-2".into()),
        settings: NumberSettings::default(),
    }
}

async fn app_secrets(world: &World) -> Vec<String> {
    let keys = world.channel.webhook_keys().await.expect("the test is set up");
    let mut secrets: Vec<_> = keys.iter().map(|key| key.secret.expose_secret().to_owned()).collect();
    secrets.sort();
    secrets
}

#[tokio::test]
async fn a_secret_proves_events_of_its_own_numbers_only() {
    let world = World::new().await;
    world.channel.put_number(another(tenant())).await.unwrap();
    let keys = world.channel.webhook_keys().await.unwrap();
    let foreign = keys.iter().find(|key| key.secret.expose_secret() == "app-secret-2").unwrap();
    let hello = || vec![world.message(text("oi"))];
    let receipt = world.channel.receive(Bytes::from_static(b"{}"), hello(), foreign).await.unwrap();
    assert_eq!((receipt.unrouted, receipt.changes.len()), (1, 0), "the first number has another secret");
}

/// Who is told what about an account, in the order of the telling.
async fn told_of(world: &World, account: &str, secret: &str) -> Vec<String> {
    let before = world.events(Some(TenantEventKind::Alarm)).len();
    let keys = world.channel.webhook_keys().await.expect("the test is set up");
    let key = keys.iter().find(|key| key.secret.expose_secret() == secret).expect("the test is set up");
    let kind =
        EventKind::Notice { field: "account_update".to_owned(), text: "banned".to_owned(), is_alarm: true };
    let name = format!("notice/{account}/{secret}/{before}");
    let notice = Event { number: None, account: Some(account.to_owned()), key: name, kind };
    world.channel.receive(Bytes::from_static(b"{}"), vec![notice], key).await.expect("the test is set up");
    let alarms = world.events(Some(TenantEventKind::Alarm));
    alarms[before..].iter().map(|event| event.tenant.to_string()).collect()
}

#[tokio::test]
async fn a_notice_about_an_account_reaches_everybody_who_has_a_number_of_it() {
    const ACCOUNT: &str = "102290129340398";
    let world = World::new().await;
    assert_eq!(told_of(&world, ACCOUNT, "servers-own").await, ["default"], "there is nobody else");
    let others = ["bakery", "florist"].map(|name| TenantId::new(name).unwrap());
    for (place, other) in others.iter().enumerate() {
        let profile = TenantProfile {
            business_name: "Loja".to_owned(),
            description: "Roupas".to_owned(),
            ..TenantProfile::default()
        };
        world.assistant.put_profile(other, profile, Edit::by(Author::open())).await.unwrap();
        for number in ["2", "3"] {
            let number = NumberId::new(format!("{number}{place}")).unwrap();
            world.channel.put_number(NewNumber { number, ..another(other.clone()) }).await.unwrap();
        }
    }
    assert_eq!(told_of(&world, ACCOUNT, "app-secret-2").await, ["bakery", "florist"], "each once");
    assert!(told_of(&world, ACCOUNT, "servers-own").await.is_empty(), "their app has another secret");
    assert!(told_of(&world, "1", "app-secret-2").await.is_empty(), "nobody is known to have it");
}

#[tokio::test]
async fn a_number_is_added_listed_without_secrets_and_deleted() {
    let world = World::new().await;
    let shown = world.channel.put_number(another(tenant())).await.unwrap();
    assert!(shown.has_app_secret && shown.has_verify_token);
    let json = serde_json::to_string(&world.channel.numbers(&tenant()).await.unwrap()).unwrap();
    assert!(!json.contains("EAA") && !json.contains("secret-2"), "{json}");
    let stored = world.store.numbers().await.unwrap();
    let sealed = &stored.iter().find(|record| record.number == shown.number).unwrap().access_token;
    assert!(!sealed.0.windows(3).any(|bytes| bytes == b"EAA"), "the token is sealed");
    assert_eq!(app_secrets(&world).await, ["app-secret-2", "servers-own"]);
    world.channel.delete_number(&tenant(), &shown.number).await.unwrap();
    let again = world.channel.delete_number(&tenant(), &shown.number).await;
    assert!(matches!(again, Err(AIError::NotFound { .. })));
    assert_eq!(app_secrets(&world).await, ["servers-own"]);
}

#[tokio::test]
async fn a_change_keeps_the_secrets_that_it_does_not_name() {
    let world = World::new().await;
    world.channel.put_number(another(tenant())).await.unwrap();
    let change = NewNumber { access_token: None, app_secret: None, verify_token: None, ..another(tenant()) };
    let shown = world.channel.put_number(change).await.unwrap();
    assert!(shown.has_app_secret && shown.has_verify_token);
    assert_eq!(world.channel.verify_tokens().await.unwrap()[0].expose_secret(), "verify-2");
    let nameless = NewNumber { number: NumberId::new("3").unwrap(), access_token: None, ..another(tenant()) };
    assert!(matches!(world.channel.put_number(nameless).await, Err(AIError::InvalidRequest(_))));
}

#[tokio::test]
async fn an_assistant_must_belong_to_a_business() {
    let world = World::new().await;
    let nobody = TenantId::new("nobody").unwrap();
    let refused = world.channel.put_number(another(nobody.clone())).await;
    assert!(matches!(refused, Err(AIError::Conflict(why)) if why.contains("business_name")));
    let profile = TenantProfile {
        business_name: "Loja".to_owned(),
        description: "Roupas".to_owned(),
        ..TenantProfile::default()
    };
    world.assistant.put_profile(&nobody, profile, Edit::by(Author::open())).await.unwrap();
    world.channel.put_number(another(nobody.clone())).await.unwrap();
    let taken = NewNumber { number: number(), ..another(nobody) };
    assert!(matches!(world.channel.put_number(taken).await, Err(AIError::Conflict(_))));
}

/// The number as the environment names it.
fn of_environment(token: &str) -> NewNumber {
    NewNumber {
        number: number(),
        access_token: Some(token.into()),
        app_secret: None,
        verify_token: None,
        account: None,
        ..another(tenant())
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_not_tried_again_at_the_next_start() {
    let mut world = World::new().await;
    world.outside.failures.lock().push_back(SendFailureKind::Token);
    world.talks("Oi").await;
    world.restart();
    world.channel.adopt_number(of_environment("EAAtoken")).await.unwrap();
    world.let_pass(60).await;
    assert!(world.outside.texts().is_empty());
    let shown = world.channel.numbers(&tenant()).await.unwrap();
    assert_eq!(shown[0].stopped.as_deref(), Some("token (131000)"));
    world.restart();
    world.channel.adopt_number(of_environment("EAAfresh")).await.unwrap();
    assert_eq!(world.channel.numbers(&tenant()).await.unwrap()[0].stopped, None);
    world.let_pass(1).await;
    assert_eq!(world.outside.texts().len(), 1, "what waited goes out");
}

#[tokio::test]
async fn what_was_set_for_a_number_survives_a_restart() {
    let mut world = World::new().await;
    let settings = NumberSettings { quiet_ms: Some(500), max_per_day: 7, ..NumberSettings::default() };
    let set = NewNumber {
        settings: settings.clone(),
        display_number: Some("+55 11 4000-1000".to_owned()),
        account: Some("102290129340398".to_owned()),
        ..of_environment("EAAtoken")
    };
    world.channel.put_number(set).await.unwrap();
    world.channel.stop_number(&tenant(), &number()).await.unwrap();
    let before = world.channel.numbers(&tenant()).await.unwrap();
    world.restart();
    world.channel.adopt_number(of_environment("EAAtoken")).await.unwrap();
    assert_eq!(world.channel.numbers(&tenant()).await.unwrap(), before);
    assert_eq!(before[0].settings, settings);
}
