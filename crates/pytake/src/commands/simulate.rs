//! `pytake simulate`: customers on WhatsApp, played against a server of its own or a running one.
//!
//! The simulator knows only the HTTP interface that Meta has; what it prints is what customers would have seen.

mod advice;
mod own_server;
mod said;
mod screen;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use pytake::config::Config;
use pytake_simulator::{
    Business, Graph, GraphOptions, PlayOptions, PlayReport, Player, RetryPlan, Scenario, WebhookOptions,
    Webhooks,
};
use secrecy::ExposeSecret;

use own_server::OwnServer;
use said::Said;
use screen::Screen;

/// Where a running server finds the stand-in for the Graph API when nothing else is said.
const GRAPH_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8090);

/// The stand-in's app secret for a server of our own; it signs nothing but what this process posts to itself.
const OWN_SECRET: &str = "simulated-app-secret";

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Scenario files, played one after the other: webhooks, and steps such as {"say": "oi"} or
    /// {"expect": {"replies": 1}}.
    files: Vec<PathBuf>,
    #[command(flatten)]
    said: Said,
    /// Plays against a running server, such as http://127.0.0.1:8080, instead of one in memory.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// Where the stand-in for the Graph API listens; the running server's WHATSAPP_API_BASE_URL is http:// and this.
    #[arg(long, value_name = "ADDRESS", help = format!("Where the stand-in for the Graph API listens; a running server has \
        WHATSAPP_API_BASE_URL=http://ADDRESS [default with --server: {GRAPH_ADDRESS}]"))]
    graph: Option<SocketAddr>,
    /// Signs the webhooks [default: WHATSAPP_APP_SECRET].
    #[arg(long, value_name = "SECRET")]
    app_secret: Option<String>,
    /// Plays everything as if it were about this phone number id [default: as the files say].
    #[arg(long, value_name = "ID")]
    number: Option<String>,
    /// Further phone number ids that exist, separated by commas.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    numbers: Vec<String>,
    /// The longest pause between two posts, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 4_000)]
    pause_max: u64,
    /// How long a reply is waited for, in seconds.
    #[arg(long, value_name = "S", default_value_t = 20)]
    wait: u64,
    /// Posts recorded message ids as they are, so that a server that has seen them takes them as known.
    #[arg(long)]
    same_ids: bool,
    /// Goes on until Ctrl-C, and shows what else comes.
    #[arg(long)]
    keep_open: bool,
    /// Shows read marks, typing and repeated posts, and the log of a server in memory.
    #[arg(long)]
    verbose: bool,
    /// Prints one JSON object at the end instead of the conversation.
    #[arg(long)]
    json: bool,
}

/// A scenario and what it is called.
struct Named {
    name: String,
    scenario: Scenario,
}

pub(crate) async fn run(arguments: SimulateArguments) -> anyhow::Result<ExitCode> {
    let mut config = Config::from_env()?;
    let scenarios = arguments.scenarios(&config)?;
    if scenarios.is_empty() && !arguments.keep_open {
        bail!("there is nothing to play: name a scenario file, or write --say \"Oi\"");
    }
    let graph = start_graph(&arguments, &scenarios).await?;
    let own = if arguments.server.is_none() {
        let (graph_url, numbers) = (graph.base_url(), arguments.businesses(&scenarios));
        Some(OwnServer::start(&mut config, &graph_url, OWN_SECRET, &numbers, arguments.verbose).await?)
    } else {
        None
    };
    let webhooks = webhooks(&arguments, &config, own.as_ref(), &graph)?;
    graph.report_to(&webhooks);
    let player = Player::new(&graph, &webhooks, arguments.play_options(&graph));
    let mut screen = Screen::new(&graph, &arguments);
    let mut reports = Vec::new();
    for Named { name, scenario } in &scenarios {
        screen.heading(name, scenario);
        let report = screen.show_during(player.play(scenario)).await;
        screen.close(&report);
        let is_over = report.not_taken.is_some();
        reports.push(report);
        if is_over {
            break;
        }
    }
    if arguments.keep_open {
        screen.keep_open(own.as_ref().map(OwnServer::url)).await;
    }
    screen.end(&reports);
    if let Some(advice) = advice::advice(&arguments, &graph, &reports) {
        eprintln!("{advice}");
    }
    if let Some(own) = own {
        own.stop().await;
    }
    Ok(if reports.iter().all(is_good) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn is_good(report: &PlayReport) -> bool {
    report.failures.is_empty() && report.not_taken.is_none()
}

impl SimulateArguments {
    /// The files, and what is said on the command line.
    fn scenarios(&self, config: &Config) -> anyhow::Result<Vec<Named>> {
        let mut scenarios = Vec::new();
        for path in &self.files {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            scenarios.push(Named { name, scenario: Scenario::read(path)? });
        }
        if !self.said.steps.is_empty() {
            let mut scenario = Scenario { steps: self.said.steps.clone(), ..Scenario::of_texts(&[]) };
            // A running server most likely has the number that the same environment names.
            if let (Some(_), Some(number)) = (&self.server, &config.whatsapp.number) {
                scenario = scenario.for_number(number.number.as_str());
            }
            scenarios.push(Named { name: String::new(), scenario });
        }
        if let Some(number) = &self.number {
            for named in &mut scenarios {
                named.scenario = named.scenario.clone().for_number(number);
            }
        }
        Ok(scenarios)
    }

    /// The numbers that exist: those that occur, and those that are named.
    fn businesses(&self, scenarios: &[Named]) -> Vec<Business> {
        let mut all: Vec<Business> = Vec::new();
        let named = self.numbers.iter().chain(&self.number);
        let named = named.map(|number| Business { number: number.clone(), ..Business::default() });
        let occurring = scenarios.iter().flat_map(|named| named.scenario.businesses());
        for business in occurring.chain(named) {
            if all.iter().all(|known| known.number != business.number) {
                all.push(business);
            }
        }
        if all.is_empty() {
            all.push(Business::default());
        }
        all
    }

    fn play_options(&self, graph: &Graph) -> PlayOptions {
        let run = if self.same_ids { String::new() } else { PlayOptions::fresh_run(graph.clock().unix_ms()) };
        PlayOptions {
            pause_max: Duration::from_millis(self.pause_max),
            wait: Duration::from_secs(self.wait),
            run,
            ..PlayOptions::default()
        }
    }
}

async fn start_graph(arguments: &SimulateArguments, scenarios: &[Named]) -> anyhow::Result<Graph> {
    let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let usual = if arguments.server.is_some() { GRAPH_ADDRESS } else { free_port };
    let address = arguments.graph.unwrap_or(usual);
    // Against a running server every number exists: which ones it knows is its own affair.
    let numbers = if arguments.server.is_some() { Vec::new() } else { arguments.businesses(scenarios) };
    let options = GraphOptions { address, numbers, ..GraphOptions::default() };
    Graph::start(options).await.with_context(|| {
        format!("--graph: the stand-in for the Graph API could not listen on {address}; is another one running there?")
    })
}

fn webhooks(
    arguments: &SimulateArguments,
    config: &Config,
    own: Option<&OwnServer>,
    graph: &Graph,
) -> anyhow::Result<Webhooks> {
    let server = own.map(OwnServer::url).or_else(|| arguments.server.clone()).unwrap_or_default();
    let configured =
        config.whatsapp.number.as_ref().map(|number| number.app_secret.expose_secret().to_owned());
    let secret = match own {
        Some(_) => OWN_SECRET.to_owned(),
        None => arguments.app_secret.clone().or(configured).context(
            "the webhooks must be signed with the server's app secret: give --app-secret, or set WHATSAPP_APP_SECRET \
             and the other WHATSAPP variables here as they are set for the server",
        )?,
    };
    // A server that does not take a webhook at once is shown, not waited for.
    let retry = RetryPlan { give_up_after: Duration::from_secs(2), ..RetryPlan::scaled() };
    let options = WebhookOptions { retry, ..WebhookOptions::new(&server, &secret) };
    Webhooks::new(options, graph).context("--server")
}
