//! Approved answers.

use std::sync::Arc;

use jiff::Timestamp;
use pytake_assistant::answers::{AnswerText, ApprovedAnswer};
use pytake_assistant::id::AnswerId;
use pytake_understanding::language::Language;

use super::Outcome;
use super::sample::{at, tenant};
use crate::Store;

fn approved(id: &str, text: &str, updated_at: Timestamp) -> ApprovedAnswer {
    ApprovedAnswer {
        id: answer_id(id),
        questions: vec![format!("Qual é o prazo de {id}?"), "¿Cuánto tarda?".to_owned()],
        answers: vec![
            AnswerText { language: Language::Portuguese, text: text.to_owned() },
            AnswerText { language: Language::English, text: format!("{text} (en)") },
        ],
        updated_at,
    }
}

fn answer_id(id: &str) -> AnswerId {
    AnswerId::new(id).expect("the suite's names are valid")
}

pub async fn answers_are_listed_by_id(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    let written = ["b", "a", "c"].map(|id| approved(id, "3 dias", at(1)));
    for answer in &written {
        store.put_answer(&shop, answer).await?;
    }
    let [b, a, c] = written;
    assert_eq!(store.answers(&shop).await?, [a, b, c]);
    Ok(())
}

pub async fn an_answer_is_replaced_by_its_id(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.put_answer(&shop, &approved("delivery", "3 dias", at(1))).await?;
    let newer = ApprovedAnswer { questions: vec!["Prazo?".into()], ..approved("delivery", "2 dias", at(2)) };
    store.put_answer(&shop, &newer).await?;
    assert_eq!(store.answers(&shop).await?, [newer]);
    Ok(())
}

pub async fn a_deleted_answer_is_gone(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.put_answer(&shop, &approved("delivery", "3 dias", at(1))).await?;
    assert!(store.delete_answer(&shop, &answer_id("delivery")).await?);
    assert!(!store.delete_answer(&shop, &answer_id("delivery")).await?);
    assert!(store.answers(&shop).await?.is_empty());
    Ok(())
}

pub async fn changed_answers_change_the_tenants_version(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    let mut seen = vec![store.tenant_version(&shop).await?];
    store.put_answer(&shop, &approved("delivery", "3 dias", at(1))).await?;
    seen.push(store.tenant_version(&shop).await?);
    store.put_answer(&shop, &approved("delivery", "2 dias", at(2))).await?;
    seen.push(store.tenant_version(&shop).await?);
    store.delete_answer(&shop, &answer_id("delivery")).await?;
    seen.push(store.tenant_version(&shop).await?);
    let mut distinct = seen.clone();
    distinct.dedup();
    assert_eq!(distinct, seen, "every change gives a new version");
    store.delete_answer(&shop, &answer_id("delivery")).await?;
    assert_eq!(store.tenant_version(&shop).await?, seen[3], "nothing changed, so the version stays");
    Ok(())
}

pub async fn answers_of_a_new_tenant_create_it(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("new-shop");
    store.put_answer(&shop, &approved("delivery", "3 dias", at(1))).await?;
    assert_eq!(store.answers(&shop).await?.len(), 1);
    assert!(store.profile(&shop).await?.is_some());
    Ok(())
}
