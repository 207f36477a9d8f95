//! Two tenants never see each other, whatever they do and in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use pytake_assistant::conversation::{ConversationFilter, Conversations};
use pytake_assistant::ledger::{Ledger, UsageQuery};
use pytake_store_sqlite::SqliteStore;

use crate::turns::{conversation, tenant, turn};

const TENANTS: [&str; 2] = ["left", "right"];
const PLACES: [&str; 3] = ["c0", "c1", "c2"];

#[derive(Debug, Clone, Copy)]
enum Step {
    Record,
    Delete,
}

fn steps() -> impl Strategy<Value = Vec<(usize, usize, Step)>> {
    let step = prop_oneof![4 => Just(Step::Record), 1 => Just(Step::Delete)];
    prop::collection::vec((0..TENANTS.len(), 0..PLACES.len(), step), 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn each_tenant_sees_exactly_its_own(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&steps));
    }
}

async fn run(steps: &[(usize, usize, Step)]) {
    let store = SqliteStore::in_memory().unwrap();
    let mut expected: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    let mut requests = [0; TENANTS.len()];
    for (n, &(whose, place, step)) in (0..).zip(steps) {
        match step {
            Step::Record => {
                store.record(turn(TENANTS[whose], "ana", PLACES[place], n)).await.unwrap();
                let text = format!("{} {n}", TENANTS[whose]);
                expected.entry((whose, place)).or_default().extend([text.clone(), text]);
                requests[whose] += 1;
            }
            Step::Delete => {
                let (of, id) = (tenant(TENANTS[whose]), conversation(PLACES[place]));
                let is_deleted = store.delete_conversation(&of, &id).await.unwrap();
                assert_eq!(is_deleted, expected.remove(&(whose, place)).is_some());
            }
        }
    }
    for (whose, name) in TENANTS.into_iter().enumerate() {
        for (place, id) in PLACES.into_iter().enumerate() {
            let history = store.history(&tenant(name), &conversation(id), 100).await.unwrap();
            let texts: Vec<String> = history.recent.into_iter().map(|message| message.content).collect();
            assert_eq!(texts, expected.get(&(whose, place)).cloned().unwrap_or_default());
        }
        let filter = ConversationFilter { limit: 100, ..Default::default() };
        let listed = store.conversations(&tenant(name), filter).await.unwrap().items.len();
        assert_eq!(listed, expected.keys().filter(|(of, _)| *of == whose).count());
        let sums = store.usage(&tenant(name), UsageQuery::default()).await.unwrap();
        assert_eq!(sums.first().map_or(0, |sum| sum.requests), requests[whose]);
    }
}
