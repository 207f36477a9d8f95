//! Custom prompts and their versions.

use std::sync::Arc;

use pytake_assistant::Author;
use pytake_assistant::id::PromptId;
use pytake_assistant::prompts::{
    CustomPrompt, FieldKind, FieldValue, MAX_PROMPT_VERSIONS, MAX_PROMPTS, PromptField, PromptLabel,
    PutPrompt,
};

use super::Outcome;
use super::sample::{at, tenant};
use crate::Store;

pub(super) fn prompt(id: &str, name: &str, version: u32) -> CustomPrompt {
    CustomPrompt {
        id: prompt_id(id),
        name: name.to_owned(),
        description: format!("version {version}"),
        template: format!("Olá {{{{customer}}}}, versão {version} de {{{{shop}}}}"),
        variables: vec!["customer".to_owned(), "shop".to_owned()],
        fields: vec![field()],
        version,
        label: PromptLabel::Draft,
        production_version: None,
        author: Some(Author::key("k1")),
        note: format!("note {version}"),
        created_at: at(0),
        updated_at: at(i64::from(version)),
    }
}

fn field() -> PromptField {
    PromptField {
        name: "shop".to_owned(),
        label: "Loja".to_owned(),
        help: "Como os clientes a chamam".to_owned(),
        kind: FieldKind::List,
        options: Vec::new(),
        required: true,
        max_chars: Some(50),
        value: FieldValue::List(vec!["Sol".to_owned(), "Lua".to_owned()]),
    }
}

pub(super) fn prompt_id(id: &str) -> PromptId {
    PromptId::new(id).expect("the suite's names are valid")
}

pub async fn a_prompt_reads_back_by_id_and_by_name(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    let (welcome, farewell) = (prompt("p1", "welcome", 1), prompt("p2", "farewell", 1));
    assert_eq!(store.put_prompt(&shop, &welcome).await?, PutPrompt::Stored);
    assert_eq!(store.put_prompt(&shop, &farewell).await?, PutPrompt::Stored);
    assert_eq!(store.prompt(&shop, &prompt_id("p1")).await?.as_ref(), Some(&welcome));
    assert_eq!(store.prompt_named(&shop, "welcome").await?.as_ref(), Some(&welcome));
    assert_eq!(store.prompt(&shop, &prompt_id("p3")).await?, None);
    assert_eq!(store.prompt_named(&shop, "p1").await?, None);
    assert_eq!(store.prompts(&shop).await?, [farewell, welcome], "by name");
    Ok(())
}

pub async fn a_new_version_keeps_the_old_ones(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    let versions = [prompt("p1", "welcome", 1), prompt("p1", "greeting", 2), prompt("p1", "greeting", 3)];
    for version in &versions {
        assert_eq!(store.put_prompt(&shop, version).await?, PutPrompt::Stored);
    }
    let [first, second, third] = versions;
    assert_eq!(store.prompt(&shop, &prompt_id("p1")).await?.as_ref(), Some(&third));
    assert_eq!(store.prompt_named(&shop, "greeting").await?.as_ref(), Some(&third));
    assert_eq!(store.prompt_named(&shop, "welcome").await?, None, "the old name is free again");
    assert_eq!(store.prompts(&shop).await?, std::slice::from_ref(&third));
    assert_eq!(store.prompt_versions(&shop, &prompt_id("p1")).await?, [third, second, first]);
    assert!(store.prompt_versions(&shop, &prompt_id("p2")).await?.is_empty());
    let second = store.prompt_version(&shop, &prompt_id("p1"), 2).await?;
    assert_eq!(second, Some(prompt("p1", "greeting", 2)));
    assert_eq!(store.prompt_version(&shop, &prompt_id("p1"), 4).await?, None);
    Ok(())
}

pub async fn a_version_that_is_not_the_next_is_stale(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    assert_eq!(store.put_prompt(&shop, &prompt("p1", "welcome", 2)).await?, PutPrompt::Stale);
    store.put_prompt(&shop, &prompt("p1", "welcome", 1)).await?;
    for version in [0, 1, 3] {
        let put = store.put_prompt(&shop, &prompt("p1", "other", version)).await?;
        assert_eq!(put, PutPrompt::Stale, "version {version}");
    }
    assert_eq!(store.prompt_versions(&shop, &prompt_id("p1")).await?, [prompt("p1", "welcome", 1)]);
    Ok(())
}

pub async fn a_name_is_taken_once(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.put_prompt(&shop, &prompt("p1", "welcome", 1)).await?;
    store.put_prompt(&shop, &prompt("p2", "farewell", 1)).await?;
    assert_eq!(store.put_prompt(&shop, &prompt("p3", "welcome", 1)).await?, PutPrompt::NameTaken);
    assert_eq!(store.put_prompt(&shop, &prompt("p2", "welcome", 2)).await?, PutPrompt::NameTaken);
    assert_eq!(store.prompt(&shop, &prompt_id("p2")).await?, Some(prompt("p2", "farewell", 1)));
    assert_eq!(store.prompt(&shop, &prompt_id("p3")).await?, None);
    Ok(())
}

pub async fn one_of_two_writers_of_the_same_version_wins(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.put_prompt(&shop, &prompt("p1", "welcome", 1)).await?;
    let (left, right) = (prompt("p1", "left", 2), prompt("p1", "right", 2));
    let (left, right) = tokio::join!(store.put_prompt(&shop, &left), store.put_prompt(&shop, &right));
    let outcomes = [left?, right?];
    assert!(outcomes.contains(&PutPrompt::Stored) && outcomes.contains(&PutPrompt::Stale), "{outcomes:?}");
    assert_eq!(store.prompt_versions(&shop, &prompt_id("p1")).await?.len(), 2);
    Ok(())
}

pub async fn a_deleted_prompt_frees_its_name(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    store.put_prompt(&shop, &prompt("p1", "welcome", 1)).await?;
    store.put_prompt(&shop, &prompt("p1", "welcome", 2)).await?;
    assert!(store.delete_prompt(&shop, &prompt_id("p1")).await?);
    assert!(!store.delete_prompt(&shop, &prompt_id("p1")).await?);
    assert!(store.prompt_versions(&shop, &prompt_id("p1")).await?.is_empty());
    assert_eq!(store.put_prompt(&shop, &prompt("p2", "welcome", 1)).await?, PutPrompt::Stored);
    Ok(())
}

pub async fn a_tenant_has_so_many_prompts_and_a_prompt_so_many_versions(store: Arc<dyn Store>) -> Outcome {
    let shop = tenant("default");
    for number in 0..MAX_PROMPTS {
        let put =
            store.put_prompt(&shop, &prompt(&format!("p{number}"), &format!("name {number}"), 1)).await?;
        assert_eq!(put, PutPrompt::Stored, "{number}");
    }
    let one_more = prompt("one", "more", 1);
    assert_eq!(store.put_prompt(&shop, &one_more).await?, PutPrompt::Full);
    assert_eq!(
        store.put_prompt(&tenant("other"), &one_more).await?,
        PutPrompt::Stored,
        "each tenant has its own"
    );
    for version in 2..=MAX_PROMPT_VERSIONS {
        assert_eq!(store.put_prompt(&shop, &prompt("p0", "name 0", version)).await?, PutPrompt::Stored);
    }
    let last = prompt("p0", "name 0", MAX_PROMPT_VERSIONS + 1);
    assert_eq!(store.put_prompt(&shop, &last).await?, PutPrompt::Full);
    assert!(store.delete_prompt(&shop, &prompt_id("p0")).await?);
    assert_eq!(store.put_prompt(&shop, &one_more).await?, PutPrompt::Stored);
    Ok(())
}
