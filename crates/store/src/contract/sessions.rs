//! Sessions, and tries to sign in.

use std::sync::Arc;
use std::time::Duration;

use super::Outcome;
use super::operators::operator;
use super::sample::{at, tenant};
use crate::{
    KnownSession, OperatorChange, OperatorRecord, Role, SESSION_LONGEST, SESSIONS_PER_OPERATOR,
    SessionRecord, Store,
};

fn session(id: &str, operator: &str, hash_byte: u8, created_at_ms: i64) -> SessionRecord {
    SessionRecord {
        id: id.to_owned(),
        tenant: tenant("shop"),
        operator: operator.to_owned(),
        secret_hash: [hash_byte; 32],
        user_agent: format!("browser {id}"),
        created_at: at(created_at_ms),
        last_seen_at: at(created_at_ms),
        expires_at: at(created_at_ms) + SESSION_LONGEST,
    }
}

/// Begins a session of an operator as they are.
async fn begin(store: &dyn Store, session: &SessionRecord) -> Outcome {
    let operator =
        store.operator(&session.tenant, &session.operator).await?.expect("an operator of the suite");
    assert!(store.create_session(session, &operator).await?);
    Ok(())
}

async fn with_operators(store: &dyn Store) -> Outcome {
    store.create_operator(&operator("ana", "shop", Role::Owner)).await?;
    store.create_operator(&operator("ivo", "shop", Role::Viewer)).await?;
    Ok(())
}

pub async fn a_session_reads_back_with_its_operator(store: Arc<dyn Store>) -> Outcome {
    with_operators(&*store).await?;
    let (ana, ivo) = (session("s1", "ana", 1, 0), session("s2", "ivo", 2, 1));
    begin(&*store, &ana).await?;
    begin(&*store, &ivo).await?;
    let found = store.session_by_hash(&[1; 32]).await?;
    let (session, operator) = (ana.clone(), operator("ana", "shop", Role::Owner));
    assert_eq!(found, Some(KnownSession { session, operator, is_suspended: false }));
    assert!(store.set_suspended(&tenant("shop"), Some(at(1))).await?.is_some());
    let found = store.session_by_hash(&[1; 32]).await?;
    assert!(found.is_some_and(|known| known.is_suspended));
    assert_eq!(store.session_by_hash(&[3; 32]).await?, None);
    assert_eq!(store.sessions(&tenant("shop"), None).await?, [ana.clone(), ivo]);
    assert_eq!(store.sessions(&tenant("shop"), Some("ana")).await?, [ana]);
    assert!(store.sessions(&tenant("other"), None).await?.is_empty());
    Ok(())
}

pub async fn a_used_session_says_when_it_was_last_used(store: Arc<dyn Store>) -> Outcome {
    with_operators(&*store).await?;
    begin(&*store, &session("s1", "ana", 1, 0)).await?;
    store.touch_session(&tenant("shop"), "s1", at(9)).await?;
    store.touch_session(&tenant("shop"), "s1", at(4)).await?;
    store.touch_session(&tenant("other"), "s1", at(99)).await?;
    let seen = store.session_by_hash(&[1; 32]).await?.map(|known| known.session.last_seen_at);
    assert_eq!(seen, Some(at(9)));
    Ok(())
}

pub async fn an_ended_session_is_gone(store: Arc<dyn Store>) -> Outcome {
    with_operators(&*store).await?;
    begin(&*store, &session("s1", "ana", 1, 0)).await?;
    assert!(!store.end_session(&tenant("other"), None, "s1").await?, "another tenant's");
    assert!(!store.end_session(&tenant("shop"), Some("ivo"), "s1").await?, "another operator's");
    assert!(store.end_session(&tenant("shop"), Some("ana"), "s1").await?);
    assert_eq!(store.session_by_hash(&[1; 32]).await?, None);
    assert!(!store.end_session(&tenant("shop"), None, "s1").await?, "once");
    Ok(())
}

pub async fn a_new_session_makes_room(store: Arc<dyn Store>) -> Outcome {
    with_operators(&*store).await?;
    begin(&*store, &session("other", "ivo", 200, 0)).await?;
    let idle = SessionRecord { last_seen_at: at(0), ..session("idle", "ana", 201, 0) };
    begin(&*store, &idle).await?;
    let later = 12 * 3_600_000;
    let many = u8::try_from(SESSIONS_PER_OPERATOR).expect("a few");
    for n in 0..=many {
        begin(&*store, &session(&format!("s{n:02}"), "ana", n, later + i64::from(n))).await?;
    }
    let kept = store.sessions(&tenant("shop"), Some("ana")).await?;
    assert_eq!(kept.len(), SESSIONS_PER_OPERATOR);
    assert_eq!(kept[0].id, "s01", "the idle one is gone, and the oldest");
    assert_eq!(store.sessions(&tenant("shop"), Some("ivo")).await?.len(), 1, "others keep theirs");
    Ok(())
}

pub async fn who_is_disabled_or_has_another_password_begins_no_session(store: Arc<dyn Store>) -> Outcome {
    with_operators(&*store).await?;
    let ana = operator("ana", "shop", Role::Owner);
    let ivo = operator("ivo", "shop", Role::Viewer);
    // They were read, and their passwords were right; meanwhile:
    assert!(store.set_password(&ana, "another hash").await?);
    let change =
        OperatorChange { name: ivo.name.clone(), role: ivo.role, is_admin: false, disabled_at: Some(at(1)) };
    store.change_operator(&ivo, &change).await?;
    for (session, as_read) in [(session("s1", "ana", 1, 2), &ana), (session("s2", "ivo", 2, 2), &ivo)] {
        assert!(!store.create_session(&session, as_read).await?);
    }
    assert!(store.sessions(&tenant("shop"), None).await?.is_empty());
    let renamed =
        OperatorRecord { name: "Ana B.".to_owned(), password_hash: "another hash".to_owned(), ..ana };
    assert!(store.create_session(&session("s3", "ana", 3, 2), &renamed).await?, "a name opens nothing");
    Ok(())
}

pub async fn tries_wait_after_five_failures(store: Arc<dyn Store>) -> Outcome {
    let (account, place) = ([1; 32], [2; 32]);
    for _ in 0..5 {
        assert_eq!(store.take_try(&[account, place], at(0)).await?, None);
    }
    let second = Some(Duration::from_secs(1));
    assert_eq!(store.take_try(&[account], at(0)).await?, second);
    assert_eq!(store.take_try(&[[9; 32], place], at(0)).await?, second, "each counts for itself");
    assert_eq!(store.take_try(&[[9; 32]], at(0)).await?, None, "what was not counted does not wait");
    assert_eq!(store.take_try(&[account], at(1_000)).await?, None);
    assert_eq!(store.take_try(&[account], at(1_000)).await?, Some(Duration::from_secs(2)));
    Ok(())
}

pub async fn a_success_forgives_the_account_and_not_the_place(store: Arc<dyn Store>) -> Outcome {
    let (account, place) = ([1; 32], [2; 32]);
    for _ in 0..5 {
        store.take_try(&[account, place], at(0)).await?;
    }
    store.try_succeeded(&account, &[place]).await?;
    assert_eq!(store.take_try(&[account], at(0)).await?, None);
    assert_eq!(store.take_try(&[place], at(0)).await?, None, "one was taken off");
    assert!(store.take_try(&[place], at(0)).await?.is_some(), "the others stay");
    Ok(())
}

pub async fn nobody_waits_for_a_clock_that_was_ahead(store: Arc<dyn Store>) -> Outcome {
    let (once, often) = ([1; 32], [2; 32]);
    store.take_try(&[once], at(1_000_000)).await?;
    for _ in 0..5 {
        store.take_try(&[often], at(1_000_000)).await?;
    }
    assert_eq!(store.take_try(&[once], at(0)).await?, None, "one failure is free");
    assert_eq!(store.take_try(&[often], at(0)).await?, Some(Duration::from_secs(1)), "five count as now");
    assert_eq!(store.take_try(&[often], at(1_000)).await?, None);
    Ok(())
}

pub async fn tries_at_the_same_time_do_not_slip_through(store: Arc<dyn Store>) -> Outcome {
    let mut tries = Vec::new();
    for _ in 0..64 {
        let store = Arc::clone(&store);
        tries.push(tokio::spawn(async move { store.take_try(&[[1; 32]], at(0)).await }));
    }
    let mut taken = 0;
    for one in tries {
        let wait = one.await.expect("no try panics")?;
        taken += u32::from(wait.is_none());
    }
    assert_eq!(taken, 5);
    Ok(())
}
