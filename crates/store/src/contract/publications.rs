//! What is in production of a prompt, and the test sets that decide it.

use std::sync::Arc;

use jiff::Timestamp;
use pytake_assistant::Author;
use pytake_assistant::prompts::{
    CaseResult, LISTED_TEST_RUNS, LISTED_VERSIONS, PromptLabel, Publication, PublicationKind, RollBack,
    TestCase, TestRun, TestSet,
};
use pytake_understanding::language::Language;
use serde_json::{Map, Value};

use super::Outcome;
use super::prompts::{prompt, prompt_id};
use super::sample::{at, tenant};
use crate::Store;

fn published(version: u32, day: i64) -> Publication {
    Publication {
        version,
        author: Author::key("k1"),
        note: format!("note {day}"),
        kind: PublicationKind::Published,
        at: at(day),
    }
}

async fn with_versions(store: &Arc<dyn Store>, versions: u32) -> Outcome {
    for version in 1..=versions {
        store.put_prompt(&tenant("default"), &prompt("p1", "welcome", version)).await?;
    }
    Ok(())
}

async fn back(store: &Arc<dyn Store>, day: i64) -> Result<RollBack, crate::StorageError> {
    let author = Author::operator("o1");
    store.roll_back_prompt(&tenant("default"), &prompt_id("p1"), &author, "back", at(day)).await
}

fn test_set(updated_at: Timestamp) -> TestSet {
    let mut context = Map::new();
    context.insert("plan".to_owned(), Value::String("ouro".to_owned()));
    let case = TestCase {
        input: "Quanto custa o frete?".to_owned(),
        context,
        must_contain: vec!["R$".to_owned()],
        must_not_contain: vec!["grátis".to_owned()],
        language: Some(Language::Portuguese),
        hand_over_expected: Some(false),
    };
    TestSet { cases: vec![case], updated_at }
}

fn run(version: u32, cost_micro_usd: Option<i64>) -> TestRun {
    let case = CaseResult {
        input: "Quanto custa o frete?".to_owned(),
        passed: false,
        reasons: vec!["the answer does not contain \"R$\"".to_owned()],
        response: "Não sei.".to_owned(),
        provider: "openai".to_owned(),
        model: "small".to_owned(),
        language: Some(Language::Portuguese),
        handed_over: false,
        tokens_used: 20,
        cost_micro_usd,
    };
    TestRun {
        version,
        ran_at: at(5),
        author: Author::open(),
        cases_updated_at: at(4),
        passed: 0,
        failed: 1,
        tokens_used: 20,
        cost_micro_usd,
        cases: vec![case],
    }
}

pub async fn a_published_version_is_in_production(store: Arc<dyn Store>) -> Outcome {
    let (shop, id) = (tenant("default"), prompt_id("p1"));
    with_versions(&store, 3).await?;
    assert!(store.publish_prompt(&shop, &id, &published(1, 1)).await?);
    assert!(store.publish_prompt(&shop, &id, &published(2, 2)).await?);
    assert!(!store.publish_prompt(&shop, &id, &published(4, 3)).await?, "there is no such version");
    assert!(!store.publish_prompt(&shop, &prompt_id("p2"), &published(1, 3)).await?);
    let labels: Vec<(u32, PromptLabel, Option<u32>)> = store
        .prompt_versions(&shop, &id)
        .await?
        .into_iter()
        .map(|version| (version.version, version.label, version.production_version))
        .collect();
    let expected = [
        (3, PromptLabel::Draft, Some(2)),
        (2, PromptLabel::Production, Some(2)),
        (1, PromptLabel::Retired, Some(2)),
    ];
    assert_eq!(labels, expected);
    assert_eq!(store.publications(&shop, &id).await?, [published(2, 2), published(1, 1)]);
    assert_eq!(store.prompts(&shop).await?[0].production_version, Some(2));
    Ok(())
}

pub async fn going_back_follows_what_was_in_production(store: Arc<dyn Store>) -> Outcome {
    let (shop, id) = (tenant("default"), prompt_id("p1"));
    assert_eq!(back(&store, 0).await?, RollBack::NoPrompt);
    with_versions(&store, 3).await?;
    assert_eq!(back(&store, 0).await?, RollBack::NothingBefore);
    for (version, day) in [(1, 1), (2, 2), (2, 3), (3, 4)] {
        store.publish_prompt(&shop, &id, &published(version, day)).await?;
    }
    assert_eq!(back(&store, 5).await?, RollBack::To(2));
    assert_eq!(back(&store, 6).await?, RollBack::To(1), "the same version published twice is one step");
    assert_eq!(back(&store, 7).await?, RollBack::NothingBefore);
    let in_production = store.prompt(&shop, &id).await?.and_then(|prompt| prompt.production_version);
    assert_eq!(in_production, Some(1));
    let newest = store.publications(&shop, &id).await?.into_iter().next();
    let expected = Publication {
        version: 1,
        author: Author::operator("o1"),
        note: "back".to_owned(),
        kind: PublicationKind::RolledBack,
        at: at(6),
    };
    assert_eq!(newest, Some(expected));
    store.publish_prompt(&shop, &id, &published(3, 8)).await?;
    assert_eq!(back(&store, 9).await?, RollBack::To(1));
    Ok(())
}

pub async fn a_test_set_is_replaced_whole(store: Arc<dyn Store>) -> Outcome {
    let (shop, id) = (tenant("default"), prompt_id("p1"));
    assert!(!store.put_test_set(&shop, &id, &test_set(at(1))).await?, "there is no such prompt");
    with_versions(&store, 1).await?;
    assert_eq!(store.test_set(&shop, &id).await?, None);
    assert!(store.put_test_set(&shop, &id, &test_set(at(1))).await?);
    assert_eq!(store.test_set(&shop, &id).await?, Some(test_set(at(1))));
    let empty = TestSet { cases: Vec::new(), updated_at: at(2) };
    assert!(store.put_test_set(&shop, &id, &empty).await?);
    assert_eq!(store.test_set(&shop, &id).await?, Some(empty));
    Ok(())
}

pub async fn the_last_test_run_of_each_version_is_kept(store: Arc<dyn Store>) -> Outcome {
    let (shop, id) = (tenant("default"), prompt_id("p1"));
    with_versions(&store, 2).await?;
    assert!(!store.put_test_run(&shop, &id, &run(3, None)).await?, "there is no such version");
    for tested in [run(2, None), run(1, Some(7)), run(2, Some(9))] {
        assert!(store.put_test_run(&shop, &id, &tested).await?);
    }
    assert_eq!(store.test_runs(&shop, &id).await?, [run(2, Some(9)), run(1, Some(7))]);
    assert_eq!(store.test_run(&shop, &id, 1).await?, Some(run(1, Some(7))));
    assert_eq!(store.test_run(&shop, &id, 3).await?, None);
    assert_eq!(store.test_run(&tenant("thief"), &id, 1).await?, None);
    Ok(())
}

pub async fn a_deleted_prompt_takes_everything_of_it_along(store: Arc<dyn Store>) -> Outcome {
    let (shop, id) = (tenant("default"), prompt_id("p1"));
    with_versions(&store, 1).await?;
    store.publish_prompt(&shop, &id, &published(1, 1)).await?;
    store.put_test_set(&shop, &id, &test_set(at(1))).await?;
    store.put_test_run(&shop, &id, &run(1, None)).await?;
    assert!(store.delete_prompt(&shop, &id).await?);
    with_versions(&store, 1).await?;
    assert_eq!(store.prompt(&shop, &id).await?.and_then(|prompt| prompt.production_version), None);
    assert!(store.publications(&shop, &id).await?.is_empty());
    assert_eq!(store.test_set(&shop, &id).await?, None);
    assert!(store.test_runs(&shop, &id).await?.is_empty());
    Ok(())
}

pub async fn another_tenant_publishes_and_tests_nothing(store: Arc<dyn Store>) -> Outcome {
    let (thief, id) = (tenant("thief"), prompt_id("p1"));
    with_versions(&store, 2).await?;
    for version in [1, 2] {
        store.publish_prompt(&tenant("default"), &id, &published(version, i64::from(version))).await?;
    }
    assert!(!store.publish_prompt(&thief, &id, &published(1, 3)).await?);
    let gone = store.roll_back_prompt(&thief, &id, &Author::open(), "", at(4)).await?;
    assert_eq!(gone, RollBack::NoPrompt);
    assert!(!store.put_test_set(&thief, &id, &test_set(at(1))).await?);
    assert!(!store.put_test_run(&thief, &id, &run(1, None)).await?);
    assert_eq!(store.prompt_version(&thief, &id, 1).await?, None);
    assert!(store.publications(&thief, &id).await?.is_empty());
    let own = store.prompt(&tenant("default"), &id).await?;
    assert_eq!(own.and_then(|prompt| prompt.production_version), Some(2));
    Ok(())
}

pub async fn lists_of_a_prompt_end_and_every_version_stays(store: Arc<dyn Store>) -> Outcome {
    let (shop, id) = (tenant("default"), prompt_id("p1"));
    with_versions(&store, LISTED_VERSIONS + 1).await?;
    for version in 1..=LISTED_VERSIONS + 1 {
        store.publish_prompt(&shop, &id, &published(version, 1)).await?;
        store.put_test_run(&shop, &id, &run(version, None)).await?;
    }
    let versions = store.prompt_versions(&shop, &id).await?;
    let listed = LISTED_VERSIONS as usize;
    assert_eq!(
        (versions.len(), versions[0].version, versions[listed - 1].version),
        (listed, LISTED_VERSIONS + 1, 2)
    );
    assert!(store.prompt_version(&shop, &id, 1).await?.is_some());
    let publications = store.publications(&shop, &id).await?;
    assert_eq!((publications.len(), publications[0].version), (listed, LISTED_VERSIONS + 1));
    let runs = store.test_runs(&shop, &id).await?;
    assert_eq!((runs.len(), runs[0].version), (LISTED_TEST_RUNS as usize, LISTED_VERSIONS + 1));
    assert!(store.test_run(&shop, &id, 1).await?.is_some());
    Ok(())
}
