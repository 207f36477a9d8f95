//! Spam: is the message unwanted advertising or bait? On the device by the patterns of the content filter and by a
//! head.

use pytake_understanding::filter::Category;
use serde_json::Value;

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, flag, number};
use super::finding::{Finding, flags, said_flags};
use super::subject::Subject;
use super::topics::Topics;

pub(super) struct Spam;

impl Analyzer for Spam {
    fn properties(&self, _: &Topics) -> Properties {
        vec![("flagged", flag()), ("score", number("0 to 1: how probable it is."))]
    }

    fn instruction(&self, _: &Topics) -> String {
        "is it unwanted advertising, a false prize, a chain message or bait for fraud, sent to the business and not \
         written for it? \"flagged\": true or false. \"score\": 0 to 1, how probable it is."
            .to_owned()
    }

    fn read(&self, entry: &Fields<'_>, _: &str, _: &Topics) -> Result<Value, Objection> {
        said_flags(entry, Category::Spam)
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        let by_rule = subject.verdict().categories().contains(&Category::Spam);
        let head = subject.spam();
        flags(by_rule || head.flagged, by_rule, head.score, &[Category::Spam.as_str()])
    }
}
