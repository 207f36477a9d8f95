//! Plays scenarios: posts, says, presses, waits, and looks at what has come.

use std::time::Duration;

use serde_json::Value;

use crate::graph::Graph;
use crate::journal::{Choice, Entry, Happening};
use crate::random::Random;
use crate::scenario::{BETWEEN_TEXTS, Expectation, Retimed, Scenario, Step, rename};
use crate::webhook::{Written, newest_timestamp, post};
use crate::webhooks::{Answer, Webhooks};

/// How scenarios are played.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayOptions {
    /// The longest pause between two posts or texts.
    pub pause_max: Duration,
    /// How long a reply is waited for, from the last thing that happened.
    pub wait: Duration,
    /// How long nothing may come before what is expected is counted, so that a reply too many is seen.
    pub settle: Duration,
    /// Whether recorded times are brought into the present. Without it a server may find the window of a recorded
    /// customer closed.
    pub is_retimed: bool,
    /// Added to every message id, so that a server that keeps what it has seen takes them as new; empty: as recorded.
    pub run: String,
}

impl Default for PlayOptions {
    fn default() -> Self {
        Self {
            pause_max: Duration::from_secs(4),
            wait: Duration::from_secs(20),
            // Longer than the 2.5 s for which a burst is gathered by default.
            settle: Duration::from_millis(3_500),
            is_retimed: true,
            run: String::new(),
        }
    }
}

impl PlayOptions {
    /// An ending for message ids that differs from run to run, made of the calendar.
    pub fn fresh_run(unix_ms: u64) -> String {
        format!("-{:x}", Random::seeded(unix_ms).number())
    }
}

/// What came of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlayReport {
    /// Webhooks posted.
    pub posts: u32,
    /// Expectations that were not met, in words.
    pub failures: Vec<String>,
    /// The answer to a webhook that the server did not take; nothing more was played then.
    pub not_taken: Option<Answer>,
    /// Customers whose last message was not answered, by name.
    pub unanswered: Vec<String>,
}

/// Plays scenarios, one at a time.
#[derive(Debug)]
pub struct Player<'a> {
    graph: &'a Graph,
    webhooks: &'a Webhooks,
    options: PlayOptions,
}

/// One scenario in the middle of its playing.
struct Play<'a> {
    scenario: &'a Scenario,
    retimed: Retimed,
    /// The journal's length at the start.
    start: usize,
    /// When the first post is due, on the monotonic clock, and in seconds since 1970.
    begun: Duration,
    begun_unix: u64,
    /// What steps between posts have taken.
    late: Duration,
    said: u32,
    report: PlayReport,
}

/// After the last reply: how long its reports, and a second part of it, have to follow.
const TAIL: Duration = Duration::from_secs(1);

impl<'a> Player<'a> {
    /// Prepares playing.
    pub fn new(graph: &'a Graph, webhooks: &'a Webhooks, options: PlayOptions) -> Self {
        Self { graph, webhooks, options }
    }

    /// Plays a scenario to its end, and waits until everybody in it is answered or nothing more comes.
    pub async fn play(&self, scenario: &Scenario) -> PlayReport {
        for media in &scenario.media {
            self.graph.put_media(&media.id, media.file.clone());
        }
        let posts: Vec<&Value> = scenario.steps.iter().filter_map(Step::post).collect();
        let mut play = Play {
            scenario,
            retimed: Retimed::of(&posts, self.options.pause_max),
            start: self.graph.journal().length(),
            begun: self.graph.clock().elapsed(),
            begun_unix: self.graph.clock().unix_seconds(),
            late: Duration::ZERO,
            said: 0,
            report: PlayReport::default(),
        };
        let mut rest = scenario.steps.as_slice();
        while let Some((step, others)) = rest.split_first() {
            let together = 1 + others.iter().take_while(|other| step.is_at_once_with(other)).count();
            let (now, later) = rest.split_at(together);
            self.step(&mut play, now).await;
            if play.report.not_taken.is_some() {
                return play.report;
            }
            rest = later;
        }
        self.wait_for_all(play.start).await;
        let people = self.graph.journal().people();
        for place in self.unanswered(play.start) {
            play.report.unanswered.extend(people.get(place).map(|person| person.label().to_owned()));
        }
        play.report
    }

    async fn step(&self, play: &mut Play<'_>, steps: &[Step]) {
        if steps.iter().all(|step| matches!(step, Step::Post(_))) {
            return self.post(play, steps).await;
        }
        let before = self.graph.clock().elapsed();
        for step in steps {
            match step {
                Step::Post(_) => {}
                Step::Say(text) => self.say(play, text).await,
                Step::Press(title) => self.press(play, title).await,
                Step::WaitForReply => self.wait_for_reply(play).await,
                Step::Pause(pause) => tokio::time::sleep(*pause).await,
                Step::Expect(expectation) => self.expect(play, expectation).await,
            }
        }
        play.late += self.graph.clock().elapsed().saturating_sub(before);
    }

    /// Posts webhooks at the same time, when they are due.
    async fn post(&self, play: &mut Play<'_>, steps: &[Step]) {
        let mut bodies = Vec::new();
        for body in steps.iter().filter_map(Step::post) {
            if let Some(offset) = play.retimed.offset(body) {
                let due = play.begun + offset + play.late;
                tokio::time::sleep(due.saturating_sub(self.graph.clock().elapsed())).await;
            }
            let mut body = body.clone();
            if self.options.is_retimed {
                // A part of a second that was waited counts whole: nothing is written before what came before.
                let late = play.late.as_secs() + u64::from(play.late.subsec_nanos() > 0);
                play.retimed.apply(&mut body, play.begun_unix.saturating_add(late));
            }
            rename(&mut body, &self.options.run);
            bodies.push(body);
        }
        self.deliver(play, &bodies).await;
    }

    async fn deliver(&self, play: &mut Play<'_>, bodies: &[Value]) {
        play.report.posts = play.report.posts.saturating_add(u32::try_from(bodies.len()).unwrap_or(u32::MAX));
        for delivery in self.webhooks.deliver_at_once(bodies).await {
            if !delivery.answer.is_taken() {
                play.report.not_taken = Some(delivery.answer);
            }
        }
    }

    async fn say(&self, play: &mut Play<'_>, text: &str) {
        if play.said > 0 {
            tokio::time::sleep(BETWEEN_TEXTS.min(self.options.pause_max)).await;
        }
        let id = self.new_id(play);
        let written = Written::text(id, self.graph.clock().unix_seconds(), text);
        let body = post(&play.scenario.business, &play.scenario.customer, &[written]);
        self.deliver(play, &[body]).await;
    }

    async fn press(&self, play: &mut Play<'_>, title: &str) {
        let is_there = |entries: &[Entry]| offer(entries, play.start, title).is_some();
        if !self.graph.journal().wait_until(self.options.wait, is_there).await {
            play.report.failures.push(format!("nothing with the title {title:?} was there to press"));
            return;
        }
        let Some((choice, is_list, answers)) = offer(&self.graph.journal().entries(), play.start, title)
        else {
            return;
        };
        let (id, at) = (self.new_id(play), self.graph.clock().unix_seconds());
        let written = Written::chosen(id, at, &choice, is_list, &play.scenario.business, &answers);
        let body = post(&play.scenario.business, &play.scenario.customer, &[written]);
        self.deliver(play, &[body]).await;
    }

    /// Looks like an id of Meta, and differs from step to step and, with a run, from run to run.
    fn new_id(&self, play: &mut Play<'_>) -> String {
        play.said += 1;
        format!("wamid.SAID{}AT{}{}", play.said, play.begun_unix, self.options.run)
    }

    async fn wait_for_reply(&self, play: &mut Play<'_>) {
        let start = play.start;
        let is_answered = |entries: &[Entry]| unanswered(entries, start).is_empty();
        if !self.graph.journal().wait_until(self.options.wait, is_answered).await {
            play.report.failures.push(format!("no reply within {} s", self.options.wait.as_secs_f32()));
        }
    }

    async fn expect(&self, play: &mut Play<'_>, expectation: &Expectation) {
        let start = play.start;
        let journal = self.graph.journal();
        let is_met = |entries: &[Entry]| expectation.is_reached(entries.get(start..).unwrap_or_default());
        journal.wait_until(self.options.wait, is_met).await;
        journal.wait_for_quiet(self.options.settle, self.options.wait).await;
        play.report.failures.extend(expectation.failures(&journal.entries_from(start)));
    }

    /// Waits until everybody is answered, or nothing has happened for as long as a reply is waited for.
    async fn wait_for_all(&self, start: usize) {
        let journal = self.graph.journal();
        loop {
            let seen = journal.length();
            let has_moved = |entries: &[Entry]| entries.len() > seen || unanswered(entries, start).is_empty();
            if !journal.wait_until(self.options.wait, has_moved).await || self.unanswered(start).is_empty() {
                break;
            }
        }
        journal.wait_for_quiet(TAIL, self.options.wait).await;
    }

    fn unanswered(&self, start: usize) -> Vec<usize> {
        unanswered(&self.graph.journal().entries(), start)
    }
}

impl Step {
    fn post(&self) -> Option<&Value> {
        if let Self::Post(body) = self { Some(body) } else { None }
    }

    /// Posts with the same time are posted at the same time.
    fn is_at_once_with(&self, other: &Self) -> bool {
        let time = |step: &Self| step.post().and_then(newest_timestamp);
        time(self).is_some() && time(self) == time(other)
    }
}

fn unanswered(entries: &[Entry], start: usize) -> Vec<usize> {
    crate::journal::unanswered(entries.get(start..).unwrap_or_default())
}

/// What has this title in the newest message that offers it.
fn offer(entries: &[Entry], start: usize, title: &str) -> Option<(Choice, bool, String)> {
    let wanted = title.trim().to_lowercase();
    for entry in entries.get(start..)?.iter().rev() {
        let Happening::Sent { shown, message_id, .. } = &entry.happening else { continue };
        for choice in &shown.choices {
            if choice.title.trim().to_lowercase() == wanted {
                return Some((choice.clone(), shown.is_list, message_id.clone()));
            }
        }
    }
    None
}

impl Expectation {
    /// Whether all that is expected to come has come; more may follow.
    fn is_reached(&self, entries: &[Entry]) -> bool {
        let replies = crate::journal::counts(entries).replies;
        let least = self.replies.max(self.replies_at_least).unwrap_or(0);
        replies >= least && self.says.as_ref().is_none_or(|text| says(entries, text))
    }

    /// What is not as expected, in words.
    fn failures(&self, entries: &[Entry]) -> Vec<String> {
        let counts = crate::journal::counts(entries);
        let replies = counts.replies;
        let mut failures = Vec::new();
        if let Some(exactly) = self.replies.filter(|exactly| *exactly != replies) {
            failures.push(format!("{replies} replies instead of {exactly}"));
        }
        if let Some(least) = self.replies_at_least.filter(|least| *least > replies) {
            failures.push(format!("{replies} replies instead of at least {least}"));
        }
        if let Some(most) = self.replies_at_most.filter(|most| *most < replies) {
            failures.push(format!("{replies} replies instead of at most {most}"));
        }
        if let Some(text) = self.says.as_ref().filter(|text| !says(entries, text)) {
            failures.push(format!("no reply contains {text:?}"));
        }
        if let Some(exactly) = self.duplicates.filter(|exactly| *exactly != counts.duplicates) {
            failures.push(format!("{} duplicates instead of {exactly}", counts.duplicates));
        }
        failures
    }
}

fn says(entries: &[Entry], text: &str) -> bool {
    let wanted = text.to_lowercase();
    entries.iter().any(|entry| {
        matches!(&entry.happening, Happening::Sent { shown, .. } if shown.text.to_lowercase().contains(&wanted))
    })
}
