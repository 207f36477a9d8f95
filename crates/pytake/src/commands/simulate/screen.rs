//! What the command shows: the conversation as it goes on, and the sums at its end.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use jiff::tz::TimeZone;
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_simulator::{Answer, Counts, Graph, PlayReport, Scenario, Style, transcript};
use serde_json::json;

use super::SimulateArguments;

/// How often is looked for something new to show.
const EVERY: Duration = Duration::from_millis(150);

pub(super) struct Screen<'a> {
    graph: &'a Graph,
    style: Style,
    is_json: bool,
    /// Where in the journal the scenario that is shown begins, and how many of its lines are out.
    start: usize,
    shown: usize,
}

impl<'a> Screen<'a> {
    pub(super) fn new(graph: &'a Graph, arguments: &SimulateArguments) -> Self {
        let offset = TimeZone::system().to_offset(SystemClock::new().now());
        let style =
            Style { utc_offset_s: offset.seconds(), is_verbose: arguments.verbose, ..Style::default() };
        Self { graph, style, is_json: arguments.json, start: 0, shown: 0 }
    }

    pub(super) fn heading(&mut self, name: &str, scenario: &Scenario) {
        self.start = self.graph.journal().length();
        self.shown = 0;
        if !self.is_json && !name.is_empty() {
            println!("== {name}: {}", scenario.about);
        }
    }

    /// Shows what happens while something goes on.
    pub(super) async fn show_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            // The work goes on in the next round; a sleep that is dropped loses nothing.
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(EVERY) => self.show(false),
            }
        }
    }

    /// Shows the lines that will stay as they are, or all.
    fn show(&mut self, is_end: bool) {
        if self.is_json {
            return;
        }
        let journal = self.graph.journal();
        let lines = transcript(&journal.entries_from(self.start), &journal.people(), &self.style);
        let now = self.graph.clock().unix_ms();
        for line in lines.iter().skip(self.shown) {
            if !is_end && !line.is_settled(now) {
                break;
            }
            println!("{line}");
            self.shown += 1;
        }
    }

    pub(super) fn close(&mut self, report: &PlayReport) {
        self.show(true);
        if self.is_json {
            return;
        }
        for failure in &report.failures {
            println!("FAIL  {failure}");
        }
        if !report.unanswered.is_empty() {
            println!("not answered: {}", report.unanswered.join(", "));
        }
        println!();
    }

    pub(super) async fn keep_open(&mut self, own_url: Option<String>) {
        if let Some(url) = own_url {
            eprintln!("the server stays at {url}");
        }
        eprintln!("the Graph API stays at {}; Ctrl-C ends", self.graph.base_url());
        // Without signals there is no other end than being killed.
        let ended = async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        self.show_during(ended).await;
        self.show(true);
    }

    pub(super) fn end(&self, reports: &[PlayReport]) {
        let counts = self.graph.journal().counts();
        if !self.is_json {
            println!("{}", sums(counts));
            return;
        }
        let failures: Vec<&String> = reports.iter().flat_map(|report| &report.failures).collect();
        let unanswered: Vec<&String> = reports.iter().flat_map(|report| &report.unanswered).collect();
        let not_taken = reports.iter().find_map(|report| report.not_taken.as_ref()).and_then(Answer::status);
        let journal = self.graph.journal();
        let told = json!({
            "counts": counts, "failures": failures, "unanswered": unanswered, "not_taken": not_taken,
            "people": journal.people(), "entries": journal.entries(),
        });
        println!("{told}");
    }
}

fn sums(counts: Counts) -> String {
    let mut text = format!(
        "{} in, {}, {}, {}",
        number_of(counts.messages, "message"),
        if counts.replies == 1 { "1 reply".to_owned() } else { format!("{} replies", counts.replies) },
        number_of(counts.duplicates, "duplicate"),
        number_of(counts.read_marks, "read mark"),
    );
    for (count, what) in [
        (counts.repeated, "posted again"),
        (counts.refused, "refused by the Graph API"),
        (counts.not_taken, "not answered with 200"),
    ] {
        if count > 0 {
            text = format!("{text}, {count} {what}");
        }
    }
    text
}

fn number_of(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_name_trouble_only_where_there_was_some() {
        let counts = Counts { messages: 5, replies: 1, read_marks: 1, ..Counts::default() };
        assert_eq!(sums(counts), "5 messages in, 1 reply, 0 duplicates, 1 read mark");
        let counts = Counts { messages: 1, refused: 2, ..Counts::default() };
        let told = "1 message in, 0 replies, 0 duplicates, 0 read marks, 2 refused by the Graph API";
        assert_eq!(sums(counts), told);
    }
}
