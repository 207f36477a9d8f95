//! Spam: is the message unwanted advertising or bait? On the device by the patterns of the content filter.

use pytake_understanding::filter::Category;
use serde_json::Value;

use super::analyzer::{Analyzer, Device};
use super::fields::{Fields, Objection, Properties, flag, number};
use super::finding::said_flags;

pub(super) struct Spam;

impl Analyzer for Spam {
    fn properties(&self) -> Properties {
        vec![("flagged", flag()), ("score", number("0 to 1: how probable it is."))]
    }

    fn instruction(&self) -> String {
        "is it unwanted advertising, a false prize, a chain message or bait for fraud, sent to the business and not \
         written for it? \"flagged\": true or false. \"score\": 0 to 1, how probable it is."
            .to_owned()
    }

    fn read(&self, entry: &Fields<'_>, _message: &str) -> Result<Value, Objection> {
        said_flags(entry, Category::Spam)
    }

    fn device(&self) -> Device {
        Device::FirstChoice(|subject| subject.flags(&[Category::Spam]))
    }
}
