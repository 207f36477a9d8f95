//! What to do when the server does not play along.

use pytake_simulator::{Answer, Graph, PlayReport};

use super::SimulateArguments;

/// One piece of advice, for the first thing that is wrong.
pub(super) fn advice(arguments: &SimulateArguments, graph: &Graph, reports: &[PlayReport]) -> Option<String> {
    let server = arguments.server.as_deref().unwrap_or("the server in memory");
    if let Some(answer) = reports.iter().find_map(|report| report.not_taken.as_ref()) {
        return Some(about_answer(answer, server, &graph.base_url()));
    }
    let is_silent = graph.calls().is_empty();
    let is_anybody_waiting = reports.iter().any(|report| !report.unanswered.is_empty());
    if arguments.server.is_some() && is_silent && is_anybody_waiting {
        return Some(format!(
            "{server} took the messages and never called the Graph API. It must have been started with\n  \
             WHATSAPP_API_BASE_URL={}\nand must know the number (WHATSAPP_PHONE_NUMBER_ID, or --number here).",
            graph.base_url()
        ));
    }
    None
}

fn about_answer(answer: &Answer, server: &str, graph_url: &str) -> String {
    match answer {
        Answer::Status(401 | 403, _) => {
            format!("{server} refused the signature: --app-secret must be the server's WHATSAPP_APP_SECRET.")
        }
        Answer::Status(404, _) => format!(
            "{server} takes no webhooks. Start it with WHATSAPP_ACCESS_TOKEN, WHATSAPP_PHONE_NUMBER_ID, \
             WHATSAPP_APP_SECRET, WHATSAPP_VERIFY_TOKEN and\n  WHATSAPP_API_BASE_URL={graph_url}"
        ),
        Answer::Status(status, _) => {
            format!("{server} answered a webhook with {status} instead of 200; its log says why.")
        }
        Answer::TimedOut => format!("{server} did not answer a webhook in 10 s; its log may say why."),
        Answer::Unreachable(why) => format!(
            "nothing answers at {server} ({why}). Start a server there with WHATSAPP_API_BASE_URL={graph_url}, or leave \
             --server out: then one is started in memory."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_which_setting_is_behind_it() {
        for (answer, setting) in [
            (Answer::Status(401, String::new()), "--app-secret"),
            (Answer::Status(404, String::new()), "WHATSAPP_PHONE_NUMBER_ID"),
            (Answer::Status(503, String::new()), "503"),
            (Answer::TimedOut, "10 s"),
            (Answer::Unreachable("refused".into()), "WHATSAPP_API_BASE_URL=http://127.0.0.1:8090"),
        ] {
            let told = about_answer(&answer, "http://127.0.0.1:8080", "http://127.0.0.1:8090");
            assert!(told.contains(setting), "{told}");
        }
    }
}
