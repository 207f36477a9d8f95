//! Prompt injection: does the message command the assistant instead of asking the shop?
//!
//! A model that looks only at trigger words over-fires ("can I ignore this warning?"), so the head is trained
//! against such texts. It never blocks alone: what an answer may do is limited whatever a message says.

use std::sync::LazyLock;

use serde::Serialize;

use crate::heads::{View, Weights, at, shipped};

static HEAD: LazyLock<Weights> = LazyLock::new(|| shipped(include_bytes!("../data/heads/injection.bin")));

/// From this probability on a message is called an injection.
///
/// Held out: deepset 92.7 % right (recall 85, n 546), NotInject 2.8 % false alarms (n 181), our own customers
/// who use such words 7.1 % (n 481, made to be hard), everyday messages 0.0 to 0.13 % (n 15,467).
pub const THRESHOLD: f32 = 0.6;

/// How much a message looks like an attack on the assistant's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Injection {
    /// True from [`THRESHOLD`] on, or where a rule of the content filter was hit.
    pub flagged: bool,
    /// Calibrated probability of the head alone.
    pub score: f32,
}

/// Reads whether a message is an attack; `by_rule` where the filter found [`PromptInjection`].
///
/// [`PromptInjection`]: crate::filter::Category::PromptInjection
pub fn read(view: &View, by_rule: bool) -> Injection {
    let score = at(&HEAD.probabilities(view.features()), 0);
    Injection { flagged: by_rule || score >= THRESHOLD, score }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_one_class() {
        assert!(HEAD.names().eq(["injection"]));
    }
}
