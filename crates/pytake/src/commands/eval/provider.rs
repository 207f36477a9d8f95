//! Asks the configured providers about every line: what `--engine provider` scores.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, bail};
use pytake::AIService;
use pytake_assistant::analysis::IntentOption;
use pytake_assistant::{AnalysisEngine, AnalysisType, AnalyzeRequest, ClassifyRequest};
use pytake_evaluation::figures::{Figures, OUT_OF_SCOPE, Prediction, Times, score as compare};
use pytake_evaluation::lines::{self, Gold, GoldSpan, Line};
use pytake_evaluation::{Options, Task};
use serde_json::Value;

/// Who asks, in the books of the providers.
const USER: &str = "pytake-eval";

/// Examples of each intent that a request may bring.
const MAX_EXAMPLES: usize = 50;

/// Asks about each line, one after the other, so that no vendor's limit is met.
#[expect(clippy::disallowed_methods, reason = "how long it takes is one of the figures")]
pub(super) async fn score(task: Task, questions: &[Line], options: &Options) -> anyhow::Result<Figures> {
    let started = Instant::now();
    let service =
        AIService::from_env().context("the providers come from the environment, see .env.ai.example")?;
    let intents = match &options.train {
        Some(path) => Some(intents_of(path, options.per_class)?),
        None => None,
    };
    eprintln!("asking the configured providers about {} messages", questions.len());
    let (mut said, mut times) = (Vec::new(), Vec::new());
    for line in questions {
        let asked = Instant::now();
        said.push(match task {
            Task::Intent => classify(&service, line, intents.clone()).await?,
            _ => analyze(&service, task, line).await?,
        });
        times.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    let mut figures = compare(task, questions, &said, &options.positive);
    figures.per_message_us = Times::of(times);
    figures.seconds = started.elapsed().as_secs_f64();
    Ok(figures)
}

fn intents_of(path: &Path, per_class: Option<usize>) -> anyhow::Result<Vec<IntentOption>> {
    let mut intents: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines::read(path, Task::Intent)? {
        let Gold::Label(label) = line.gold else { continue };
        if label == OUT_OF_SCOPE {
            continue;
        }
        match intents.iter_mut().find(|(name, _)| *name == label) {
            Some((_, examples)) => examples.push(line.text),
            None => intents.push((label, vec![line.text])),
        }
    }
    let most = per_class.unwrap_or(MAX_EXAMPLES).min(MAX_EXAMPLES);
    let option = |(name, mut examples): (String, Vec<String>)| {
        examples.truncate(most);
        IntentOption::Described { name, description: String::new(), examples }
    };
    Ok(intents.into_iter().map(option).collect())
}

async fn classify(
    service: &AIService,
    line: &Line,
    available_intents: Option<Vec<IntentOption>>,
) -> anyhow::Result<Prediction> {
    let request = ClassifyRequest {
        message: line.text.clone(),
        user_id: USER.to_owned(),
        available_intents,
        engine: AnalysisEngine::Provider,
        ..ClassifyRequest::default()
    };
    let answer = service.classify_intent(request).await?;
    let label = if answer.intent == "out_of_scope" { OUT_OF_SCOPE.to_owned() } else { answer.intent };
    Ok(Prediction::Label { label, confidence: answer.confidence, in_scope: None })
}

async fn analyze(service: &AIService, task: Task, line: &Line) -> anyhow::Result<Prediction> {
    let kind = AnalysisType::from(task.as_str());
    let request = AnalyzeRequest {
        message: line.text.clone(),
        user_id: USER.to_owned(),
        analysis_type: vec![kind.clone()],
        engine: AnalysisEngine::Provider,
        ..AnalyzeRequest::default()
    };
    let answer = service.analyze(request).await?;
    let Some(found) = answer.analysis.get(&kind) else { bail!("the answer has no {task}") };
    let confidence = answer.confidence.get(&kind).copied().flatten();
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let label = |label: String| Prediction::Label { label, confidence, in_scope: None };
    Ok(match task {
        Task::Sentiment => label(text("polarity")),
        // "pt-BR" is Portuguese.
        Task::Language => label(text("code").split('-').next().unwrap_or_default().to_owned()),
        Task::Emotion => Prediction::Labels(
            list(found, "emotions")
                .iter()
                .filter_map(|one| one["emotion"].as_str())
                .map(str::to_owned)
                .collect(),
        ),
        Task::Toxicity | Task::Spam | Task::Injection => {
            #[expect(clippy::cast_possible_truncation, reason = "an opinion has no 53 bits")]
            let score = found["score"].as_f64().map(|score| score as f32);
            Prediction::Flag { flagged: found["flagged"] == true, score }
        }
        Task::Entity => Prediction::Spans(spans(found, &line.text)),
        Task::Intent => bail!("intents are classified"),
    })
}

fn list<'a>(found: &'a Value, name: &str) -> &'a [Value] {
    found[name].as_array().map_or(&[], Vec::as_slice)
}

fn spans(found: &Value, text: &str) -> Vec<GoldSpan> {
    let characters = |byte: &Value| {
        let byte = usize::try_from(byte.as_u64().unwrap_or_default()).unwrap_or_default();
        text.get(..byte).map_or(0, |before| before.chars().count())
    };
    let span = |one: &Value| GoldSpan {
        start: characters(&one["start"]),
        end: characters(&one["end"]),
        kind: one["type"].as_str().unwrap_or_default().to_owned(),
    };
    list(found, "entities").iter().map(span).collect()
}
