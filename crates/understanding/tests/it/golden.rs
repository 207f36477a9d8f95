//! The golden messages: what is found differs from what a person would say in the places of the snapshot, and a change
//! of any of them shows as a diff.
//!
//! The rules of labelling are in `golden/README.md`. Nothing is trained on these messages and no threshold was chosen
//! with them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pytake_understanding::built_in::{self, OTHER_DEPARTMENT};
use pytake_understanding::entities::{self, Context, EntityKind, find};
use pytake_understanding::filter::{Category, ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::message::Message;
use pytake_understanding::priority::{Facts, Weights, priority};
use pytake_understanding::sentiment::Satisfaction;
use pytake_understanding::{emotion, injection, intents, sentiment, spam, toxicity};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    id: String,
    lang: String,
    text: String,
    sentiment: String,
    emotions: Vec<String>,
    intent: String,
    department: String,
    entities: Vec<GoldenEntity>,
    priority: String,
    toxic: bool,
    spam: bool,
    injection: bool,
}

#[derive(Deserialize)]
struct GoldenEntity {
    #[serde(rename = "type")]
    kind: String,
    text: String,
}

/// One analysis of one message: what is right and what was found, as text.
struct Compared {
    analysis: &'static str,
    right: String,
    found: String,
}

fn compare(golden: &Golden) -> Vec<Compared> {
    let message = Message::new(&golden.text);
    let view = View::of(&message);
    let filter = ContentFilter::new(FilterLevel::Strict).check_inbound_words(message.unmasked());
    let by_rule = |category: Category| filter.categories().contains(&category);
    let language = message.language().language;
    let mood = sentiment::read(&view);
    let intent = intents::built_in().choose(&message);
    let department = built_in::intents()
        .iter()
        .find(|known| known.name == intent.name())
        .and_then(|known| known.department.as_deref())
        .unwrap_or(OTHER_DEPARTMENT);
    let is_spam = by_rule(Category::Spam) || spam::read(&view).flagged;
    let facts = Facts {
        signals: *message.signals(),
        intent: intent.intent.as_deref(),
        is_dissatisfied: mood.satisfaction <= Satisfaction::Dissatisfied,
        is_threat: by_rule(Category::Violence),
        is_self_harm: filter.is_self_harm(),
        is_spam,
        unanswered: 1,
    };
    let feelings = emotion::read(&view);
    let feelings = feelings.felt().into_iter().map(|(emotion, _)| emotion.as_str());
    let toxic = toxicity::read(&view).is_flagged(FilterLevel::Normal)
        || [Category::Violence, Category::Sexual, Category::Hate, Category::Harassment]
            .into_iter()
            .any(by_rule);
    let compared = |analysis, right: &str, found: &str| Compared {
        analysis,
        right: right.to_owned(),
        found: found.to_owned(),
    };
    let yes = |flag: bool| if flag { "yes" } else { "no" };
    vec![
        compared("language", &golden.lang, language.map_or("unknown", |language| language.code())),
        compared("sentiment", &golden.sentiment, mood.polarity.as_str()),
        compared("emotions", &listed(golden.emotions.iter().map(String::as_str)), &listed(feelings)),
        compared("intent", &golden.intent, intent.name()),
        compared("department", &golden.department, department),
        compared(
            "entities",
            &listed(
                golden
                    .entities
                    .iter()
                    .map(|entity| format!("{} {:?}", entity.kind, entity.text))
                    .collect::<Vec<_>>()
                    .iter()
                    .map(String::as_str),
            ),
            &entities_of(&message),
        ),
        compared("priority", &golden.priority, priority(&facts, &Weights::new()).level.as_str()),
        compared("toxic", yes(golden.toxic), yes(toxic)),
        compared("spam", yes(golden.spam), yes(is_spam)),
        compared(
            "injection",
            yes(golden.injection),
            yes(injection::read(&view, by_rule(Category::PromptInjection)).flagged),
        ),
    ]
}

/// The entities that are labelled, each text once.
fn entities_of(message: &Message<'_>) -> String {
    const UNLABELLED: [EntityKind; 3] = [EntityKind::Number, EntityKind::Ordinal, EntityKind::Product];
    let context =
        Context { language: message.language().language.map(entities::Language::from), ..Context::default() };
    let found: Vec<String> = find(message.text(), &context)
        .iter()
        .filter(|entity| !UNLABELLED.contains(&entity.kind))
        .map(|entity| format!("{} {:?}", entity.kind.as_str(), entity.text))
        .collect();
    listed(found.iter().map(String::as_str))
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

#[test]
fn what_is_found_in_the_golden_messages() {
    let lines = include_str!("golden/messages.jsonl").lines();
    let messages: Vec<Golden> =
        lines.map(|line| serde_json::from_str(line).expect("one message a line")).collect();
    assert_eq!(messages.len(), 300);
    let mut right: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places = String::new();
    for golden in &messages {
        let mut wrong = Vec::new();
        for Compared { analysis, right: expected, found } in compare(golden) {
            *right.entry(analysis).or_default() += usize::from(expected == found);
            if expected != found {
                wrong.push(format!("    {analysis}: {found}, should be {expected}"));
            }
        }
        if !wrong.is_empty() {
            let _ = writeln!(places, "{}: {}\n{}", golden.id, golden.text, wrong.join("\n"));
        }
    }
    let mut summary = String::new();
    for (analysis, right) in right {
        let _ = writeln!(summary, "{analysis:<12} {right} of {} as a person says", messages.len());
    }
    insta::assert_snapshot!(format!("{summary}\n{places}"));
}
