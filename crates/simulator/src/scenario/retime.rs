//! Brings the times of recorded webhooks into the present, and their ids into this run.
//!
//! A server judges by a message's timestamp whether the customer service window is open, and by its id whether it has
//! seen it: what was recorded last year and played twice would not be answered.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::webhook::{newest_timestamp, timestamp_of};

/// The recorded times of a scenario on the scale of its playing.
#[derive(Debug, Default)]
pub(crate) struct Retimed {
    /// Recorded second → when it is played, in milliseconds after the first recorded one.
    played_ms: BTreeMap<u64, u64>,
    /// Recorded second → second written, after the first recorded one.
    written: BTreeMap<u64, u64>,
    /// When the first post is played.
    first_ms: u64,
}

impl Retimed {
    /// Lays out the posts: pauses as recorded, at most `pause_max` each. Written times keep their order and their
    /// equality even where pauses are shorter than the second that a timestamp can tell.
    pub(crate) fn of(posts: &[&Value], pause_max: Duration) -> Self {
        let mut retimed = Self::default();
        let mut seconds = Vec::new();
        for post in posts {
            collect(post, &mut seconds);
        }
        seconds.sort_unstable();
        seconds.dedup();
        let pause_max = u64::try_from(pause_max.as_millis()).unwrap_or(u64::MAX);
        let (mut ms, mut written, mut last) = (0_u64, 0_u64, None);
        for second in seconds {
            if let Some(last) = last {
                let pause = second.saturating_sub(last).saturating_mul(1000).min(pause_max);
                ms = ms.saturating_add(pause);
                written = written.saturating_add((pause / 1000).max(1));
            }
            retimed.played_ms.insert(second, ms);
            retimed.written.insert(second, written);
            last = Some(second);
        }
        retimed.first_ms = posts.iter().find_map(|post| retimed.at(post)).unwrap_or_default();
        retimed
    }

    /// When a post is played, after the first one; `None`: it carries no time.
    pub(crate) fn offset(&self, post: &Value) -> Option<Duration> {
        self.at(post).map(|ms| Duration::from_millis(ms.saturating_sub(self.first_ms)))
    }

    fn at(&self, post: &Value) -> Option<u64> {
        self.played_ms.get(&newest_timestamp(post)?).copied()
    }

    /// Writes the times of a post anew, for a playing that began at `started`, in seconds since 1970. No time lies
    /// after the moment at which it is played.
    pub(crate) fn apply(&self, post: &mut Value, started: u64) {
        let mut ahead = 0;
        for (second, written) in &self.written {
            let played = self.played_ms.get(second).copied().unwrap_or_default() / 1000;
            ahead = ahead.max(written.saturating_sub(played));
        }
        let base = started.saturating_sub(self.first_ms / 1000).saturating_sub(ahead);
        each_timestamp(post, &mut |value| {
            let known = timestamp_of(value).and_then(|second| self.written.get(&second));
            if let Some(written) = known {
                *value = json!(base.saturating_add(*written).to_string());
            }
        });
    }
}

/// Gives every message id of a post this ending, so that a server that has seen the recorded ones takes them as new.
pub(crate) fn rename(post: &mut Value, ending: &str) {
    match post {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, ending)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let is_id = matches!(name.as_str(), "id" | "message_id" | "original_message_id");
                match value {
                    Value::String(id) if is_id && id.starts_with("wamid.") => id.push_str(ending),
                    other => rename(other, ending),
                }
            }
        }
        _ => {}
    }
}

fn collect(post: &Value, seconds: &mut Vec<u64>) {
    let mut copy = post.clone();
    each_timestamp(&mut copy, &mut |value| seconds.extend(timestamp_of(value)));
}

/// The times of messages, echoes and reports.
fn each_timestamp(post: &mut Value, act: &mut impl FnMut(&mut Value)) {
    match post {
        Value::Array(items) => items.iter_mut().for_each(|item| each_timestamp(item, act)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if name == "timestamp" && !value.is_object() && !value.is_array() {
                    act(value);
                } else {
                    each_timestamp(value, act);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::{Business, Customer, Written, post};

    fn text(at: u64) -> Value {
        post(&Business::default(), &Customer::default(), &[Written::text(format!("wamid.{at}"), at, "oi")])
    }

    fn played(times: &[u64], pause_max_ms: u64) -> Vec<(u64, u64)> {
        let posts: Vec<Value> = times.iter().map(|at| text(*at)).collect();
        let retimed = Retimed::of(&posts.iter().collect::<Vec<_>>(), Duration::from_millis(pause_max_ms));
        let mut played = Vec::new();
        for mut post in posts {
            let offset = retimed.offset(&post).unwrap_or_default();
            retimed.apply(&mut post, 5_000);
            played.push((u64::try_from(offset.as_millis()).unwrap(), newest_timestamp(&post).unwrap()));
        }
        played
    }

    #[test]
    fn pauses_are_kept_and_long_ones_are_cut() {
        assert_eq!(played(&[100, 101, 4_000], 4_000), [(0, 5_000), (1_000, 5_001), (5_000, 5_005)]);
    }

    #[test]
    fn what_comes_out_of_order_keeps_the_order_of_its_times() {
        assert_eq!(played(&[802, 801, 803], 4_000), [(0, 5_000), (0, 4_999), (1_000, 5_001)]);
    }

    #[test]
    fn with_short_pauses_times_still_differ_and_none_lies_ahead() {
        assert_eq!(
            played(&[100, 101, 101, 103], 100),
            [(0, 4_998), (100, 4_999), (100, 4_999), (200, 5_000)]
        );
    }

    #[test]
    fn ids_get_an_ending_wherever_they_stand() {
        let mut body = serde_json::json!({"messages": [{"id": "wamid.A", "context": {"id": "wamid.B"},
            "reaction": {"message_id": "wamid.C"}, "image": {"id": "900"}}]});
        rename(&mut body, "-7");
        let expected = serde_json::json!({"messages": [{"id": "wamid.A-7", "context": {"id": "wamid.B-7"},
            "reaction": {"message_id": "wamid.C-7"}, "image": {"id": "900"}}]});
        assert_eq!(body, expected);
    }
}
