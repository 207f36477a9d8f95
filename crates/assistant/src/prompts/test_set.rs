//! What a prompt must be able to do before it goes into production, and how it did. Pure.

use jiff::Timestamp;
use pytake_understanding::language::{Language, detect};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::author::Author;
use crate::chat::ChatResponse;
use crate::error::{AIError, FieldProblem};
use crate::turn::{check_context, check_message};

/// Most cases of a set: each costs a call whenever the prompt is published. The issue that asked for them.
const MAX_CASES: usize = 50;
/// Most texts that an answer must, or must not, contain. A choice.
const MAX_TEXTS: usize = 10;
/// Longest of them, in characters. A choice.
const MAX_TEXT_CHARS: usize = 200;
/// What is kept of an answer, in characters: the longest text of WhatsApp.
const MAX_RESPONSE_CHARS: usize = 4_096;

/// The test set of a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestSet {
    /// In the order they are shown; at most 50.
    pub cases: Vec<TestCase>,
    /// When they were last changed.
    pub updated_at: Timestamp,
}

/// One customer's message, and what has to come of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCase {
    /// What the customer writes.
    pub input: String,
    /// Facts about the customer and variables, scalars.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// Texts the answer must contain, in any case; at most 10 of 1 to 200 characters.
    #[serde(default)]
    pub must_contain: Vec<String>,
    /// Texts it must not contain, in any case; at most 10 of 1 to 200 characters.
    #[serde(default)]
    pub must_not_contain: Vec<String>,
    /// The language of the answer; `None`: any.
    #[serde(default)]
    pub language: Option<Language>,
    /// Whether a person takes over; `None`: either.
    #[serde(default)]
    pub hand_over_expected: Option<bool>,
}

/// How a version did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestRun {
    /// Which version.
    pub version: u32,
    /// When it ran.
    pub ran_at: Timestamp,
    /// Who ran it.
    pub author: Author,
    /// [`TestSet::updated_at`] of the cases that ran: runs of different cases do not compare.
    pub cases_updated_at: Timestamp,
    /// Cases that went as they must.
    pub passed: u32,
    /// Cases that did not.
    pub failed: u32,
    /// Input and output tokens of all billed calls.
    pub tokens_used: u64,
    /// Millionths of a US dollar; `None` where the cost of a case is not known.
    pub cost_micro_usd: Option<i64>,
    /// In the order of the set.
    pub cases: Vec<CaseResult>,
}

/// How a case went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// What the customer wrote.
    pub input: String,
    /// Whether everything is as it must be.
    pub passed: bool,
    /// What is not; empty when it passed.
    pub reasons: Vec<String>,
    /// The answer; empty when there was none.
    pub response: String,
    /// Who answered; empty when nobody did.
    pub provider: String,
    /// With which model; empty when nobody did.
    pub model: String,
    /// The language of the answer; `None` where that cannot be told.
    pub language: Option<Language>,
    /// Whether a person takes over.
    pub handed_over: bool,
    /// Input and output tokens.
    pub tokens_used: u64,
    /// Millionths of a US dollar; `None` where it is not known.
    pub cost_micro_usd: Option<i64>,
}

impl TestRun {
    /// Sums up the cases.
    pub(crate) fn of(
        version: u32,
        author: Author,
        ran_at: Timestamp,
        set: &TestSet,
        cases: Vec<CaseResult>,
    ) -> Self {
        let passed = cases.iter().filter(|case| case.passed).count();
        let count = |cases: usize| u32::try_from(cases).unwrap_or(u32::MAX);
        Self {
            version,
            ran_at,
            author,
            cases_updated_at: set.updated_at,
            passed: count(passed),
            failed: count(cases.len() - passed),
            tokens_used: cases.iter().map(|case| case.tokens_used).sum(),
            cost_micro_usd: cases.iter().map(|case| case.cost_micro_usd).sum(),
            cases,
        }
    }
}

/// Checks a set; each problem names its place.
pub(crate) fn check_cases(cases: &[TestCase], problems: &mut Vec<FieldProblem>) {
    if cases.len() > MAX_CASES {
        problems.push(FieldProblem::new("cases", format!("must have at most {MAX_CASES} entries")));
        return;
    }
    for (place, case) in cases.iter().enumerate() {
        let mut found = Vec::new();
        check_message(&case.input, &mut found);
        for problem in &mut found {
            "input".clone_into(&mut problem.field);
        }
        check_context(&case.context, &mut found);
        if case.context.contains_key("system_prompt") {
            found.push(FieldProblem::new("context.system_prompt", "would replace the prompt that is tested"));
        }
        for (field, texts) in
            [("must_contain", &case.must_contain), ("must_not_contain", &case.must_not_contain)]
        {
            let is_text = |text: &String| (1..=MAX_TEXT_CHARS).contains(&text.trim().chars().count());
            if texts.len() > MAX_TEXTS || !texts.iter().all(is_text) {
                let problem =
                    format!("must have at most {MAX_TEXTS} texts of 1 to {MAX_TEXT_CHARS} characters");
                found.push(FieldProblem::new(field, problem));
            }
        }
        for problem in found {
            problems.push(FieldProblem::new(format!("cases[{place}].{}", problem.field), problem.problem));
        }
    }
}

/// Compares what came of a case with what has to. `reads_prompts`: whether who answered reads prompts at all.
pub(crate) fn judge(
    case: &TestCase,
    answered: &Result<ChatResponse, AIError>,
    reads_prompts: impl Fn(&str) -> bool,
) -> CaseResult {
    let response = match answered {
        Ok(response) => response,
        Err(error) => return unanswered(case, error),
    };
    let text = response.response.to_lowercase();
    let holds = |wanted: &String| text.contains(&wanted.trim().to_lowercase());
    let language = detect(&response.response).language;
    let handed_over = response.handoff.is_some();
    let mut reasons = Vec::new();
    if !reads_prompts(&response.provider) {
        reasons.push(format!("{} answered, which reads no prompts", response.provider));
    }
    for wanted in case.must_contain.iter().filter(|wanted| !holds(wanted)) {
        reasons.push(format!("the answer does not contain {wanted:?}"));
    }
    for unwanted in case.must_not_contain.iter().filter(|unwanted| holds(unwanted)) {
        reasons.push(format!("the answer contains {unwanted:?}"));
    }
    if let Some(wanted) = case.language
        && language != Some(wanted)
    {
        let found = language.map_or("unknown", Language::code);
        reasons.push(format!("the answer's language is {found}, not {}", wanted.code()));
    }
    match case.hand_over_expected {
        Some(true) if !handed_over => reasons.push("no person takes over".to_owned()),
        Some(false) if handed_over => {
            let why = response.handoff.as_ref().map_or("", |handoff| handoff.reason.as_str());
            reasons.push(format!("a person takes over: {why}"));
        }
        Some(_) | None => {}
    }
    CaseResult {
        input: case.input.clone(),
        passed: reasons.is_empty(),
        reasons,
        response: response.response.chars().take(MAX_RESPONSE_CHARS).collect(),
        provider: response.provider.clone(),
        model: response.model.clone(),
        language,
        handed_over,
        tokens_used: response.tokens_used,
        cost_micro_usd: response.usage.cost_micro_usd,
    }
}

fn unanswered(case: &TestCase, error: &AIError) -> CaseResult {
    // What failed at a provider may have been billed; what never got there was not.
    let may_have_cost = matches!(error, AIError::ProviderError { .. } | AIError::DeadlineExceeded { .. });
    CaseResult {
        input: case.input.clone(),
        passed: false,
        reasons: vec![format!("there is no answer: {error}")],
        response: String::new(),
        provider: String::new(),
        model: String::new(),
        language: None,
        handed_over: false,
        tokens_used: 0,
        cost_micro_usd: (!may_have_cost).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Handoff;
    use serde_json::json;

    fn case(more: Value) -> TestCase {
        let mut case = json!({"input": "Quanto custa o frete?"});
        if let (Some(case), Value::Object(more)) = (case.as_object_mut(), more) {
            case.extend(more);
        }
        serde_json::from_value(case).unwrap()
    }

    fn said(text: &str, handoff: Option<&str>) -> ChatResponse {
        let handoff = handoff.map(|reason| Handoff { reason: reason.to_owned(), detail: String::new() });
        ChatResponse { response: text.to_owned(), provider: "p".to_owned(), handoff, ..response() }
    }

    fn response() -> ChatResponse {
        ChatResponse {
            response: String::new(),
            provider: String::new(),
            model: "m".to_owned(),
            tokens_used: 12,
            usage: crate::chat::UsageReport { cost_micro_usd: Some(3), ..Default::default() },
            conversation_id: "c".to_owned(),
            message_id: "m".to_owned(),
            confidence: None,
            finish_reason: "stop".to_owned(),
            metadata: std::collections::BTreeMap::default(),
            handoff: None,
            choices: Vec::new(),
        }
    }

    fn reasons(case: &TestCase, answered: ChatResponse) -> usize {
        judge(case, &Ok(answered), |_| true).reasons.len()
    }

    #[test]
    fn an_answer_passes_when_everything_is_as_it_must_be() {
        let wanted =
            case(json!({"must_contain": ["R$ 12"], "must_not_contain": ["grátis"], "language": "pt",
            "hand_over_expected": false}));
        let result = judge(&wanted, &Ok(said("O frete custa r$ 12,00 para todo o Brasil.", None)), |_| true);
        assert!(result.passed, "{result:?}");
        assert_eq!((result.tokens_used, result.cost_micro_usd), (12, Some(3)));
    }

    #[test]
    fn everything_that_is_not_as_it_must_be_is_a_reason() {
        let wanted = case(json!({"must_contain": ["R$ 12"], "must_not_contain": ["free"], "language": "pt",
            "hand_over_expected": false}));
        let answered = said("Shipping is free for all of our customers.", Some("no_answer"));
        assert_eq!(reasons(&wanted, answered), 4);
        let wanted = case(json!({"hand_over_expected": true}));
        assert_eq!(reasons(&wanted, said("Oi", None)), 1);
    }

    #[test]
    fn an_answer_by_somebody_who_reads_no_prompts_proves_nothing() {
        assert!(!judge(&case(json!({})), &Ok(said("Oi", None)), |_| false).passed);
    }

    #[test]
    fn the_cost_of_a_failed_call_is_unknown_and_of_a_refused_one_nothing() {
        let cost = |error| judge(&case(json!({})), &Err(error), |_| true).cost_micro_usd;
        assert_eq!(cost(AIError::ProviderError { attempts: Vec::new() }), None);
        assert_eq!(cost(AIError::UserNotFound), Some(0));
    }

    #[test]
    fn every_case_that_cannot_run_is_named() {
        let cases = [
            case(json!({"input": " "})),
            case(json!({"context": {"system_prompt": "x", "cart": []}})),
            case(json!({"must_contain": [""], "must_not_contain": ["x".repeat(201)]})),
        ];
        let mut problems = Vec::new();
        check_cases(&cases, &mut problems);
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        let expected = [
            "cases[0].input",
            "cases[1].context.cart",
            "cases[1].context.system_prompt",
            "cases[2].must_contain",
            "cases[2].must_not_contain",
        ];
        assert_eq!(fields, expected);
    }
}
