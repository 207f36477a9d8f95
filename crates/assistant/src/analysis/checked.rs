//! Requests for analysis, parsed into what cannot be wrong any more.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::custom::CustomAnalyses;
use super::wanted::Wanted;
use super::{AnalysisEngine, AnalysisType, AnalyzeRequest, ClassifyRequest, IntentOption};
use crate::error::{AIError, FieldProblem};
use crate::id::UserId;
use crate::turn::{check_context, check_message, check_user};

/// Most intents to choose from: with [`MAX_NAME_CHARS`] they keep within the 1,000 values of OpenAI's structured
/// outputs.
const MAX_INTENTS: usize = 200;
/// Longest name of an intent, in characters.
const MAX_NAME_CHARS: usize = 100;
/// Longest description and longest example, in characters: a few sentences.
const MAX_DESCRIPTION_CHARS: usize = 500;
/// How much of an unknown type's name a refusal repeats: the longest that can be registered.
const MAX_QUOTED_CHARS: usize = 40;
/// Most examples of an intent.
const MAX_EXAMPLES: usize = 50;

/// What both requests ask about.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) user: UserId,
    /// Not trimmed: offsets are the caller's.
    pub(crate) message: String,
    /// Facts about the customer; `system_prompt` is chat's alone and taken out.
    pub(crate) context: Map<String, Value>,
    pub(crate) engine: AnalysisEngine,
}

impl Question {
    fn check(
        user: &str,
        message: String,
        mut context: Map<String, Value>,
        engine: AnalysisEngine,
        mut problems: Vec<FieldProblem>,
    ) -> Result<Self, AIError> {
        context.shift_remove("system_prompt");
        check_message(&message, &mut problems);
        let user = check_user(user, &mut problems);
        check_context(&context, &mut problems);
        match user {
            Some(user) if problems.is_empty() => Ok(Self { user, message, context, engine }),
            _ => Err(AIError::InvalidRequest(problems)),
        }
    }
}

/// Checks a request for analysis; a type asked twice is asked once.
///
/// # Errors
/// [`AIError::InvalidRequest`] naming each field.
pub(crate) fn check_analyze(
    request: AnalyzeRequest,
    customs: &CustomAnalyses,
) -> Result<(Question, Vec<Wanted>), AIError> {
    let mut problems = Vec::new();
    if request.analysis_type.is_empty() {
        problems.push(FieldProblem::new("analysis_type", "must name at least one type"));
    }
    let mut types = BTreeMap::new();
    for (at, kind) in request.analysis_type.iter().enumerate() {
        // By its name: a caller of the library may have written a built-in one as a custom one.
        match Wanted::find(kind.as_str().into(), customs) {
            Some(wanted) => drop(types.insert(wanted.kind().clone(), wanted)),
            None => problems.push(unknown_type(at, kind.as_str(), customs)),
        }
    }
    let question =
        Question::check(&request.user_id, request.message, request.context, request.engine, problems)?;
    Ok((question, types.into_values().collect()))
}

fn unknown_type(at: usize, name: &str, customs: &CustomAnalyses) -> FieldProblem {
    let name: String = name.chars().take(MAX_QUOTED_CHARS).collect();
    let built_in = AnalysisType::BUILT_IN;
    let known: Vec<&str> = built_in.iter().map(AnalysisType::as_str).chain(customs.names()).collect();
    let problem = format!("{name:?} is not a type of analysis; expected one of {}", known.join(", "));
    FieldProblem::new(format!("analysis_type[{at}]"), problem)
}

/// Checks a request for an intent. No intents given is `None`: the built-in ones.
///
/// # Errors
/// [`AIError::InvalidRequest`] naming each field.
pub(crate) fn check_classify(
    request: ClassifyRequest,
) -> Result<(Question, Option<Vec<IntentOption>>), AIError> {
    let mut problems = Vec::new();
    if let Some(intents) = &request.available_intents {
        check_intents(intents, &mut problems);
    }
    let question =
        Question::check(&request.user_id, request.message, request.context, request.engine, problems)?;
    Ok((question, request.available_intents))
}

fn check_intents(intents: &[IntentOption], problems: &mut Vec<FieldProblem>) {
    if !(1..=MAX_INTENTS).contains(&intents.len()) {
        problems.push(FieldProblem::new(
            "available_intents",
            "must have 1 to 200 entries; leave it out for the built-in ones",
        ));
        return;
    }
    let mut names = BTreeSet::new();
    for (at, intent) in intents.iter().enumerate() {
        let mut object = |field: &str, problem: &str| {
            problems.push(FieldProblem::new(format!("available_intents[{at}].{field}"), problem));
        };
        let name = intent.name();
        check_intent(name, intent.description(), &mut object);
        if !names.insert(name) {
            object("name", "must not be the name of an earlier intent");
        }
        if intent.examples().len() > MAX_EXAMPLES {
            object("examples", "must have at most 50 entries");
        }
        for (example_at, example) in intent.examples().iter().take(MAX_EXAMPLES).enumerate() {
            if example.chars().count() > MAX_DESCRIPTION_CHARS {
                object(&format!("examples[{example_at}]"), "must have at most 500 characters");
            }
        }
    }
}

/// Checks what every intent has, whoever wrote it; `object` takes the field and the problem.
pub(crate) fn check_intent(name: &str, description: &str, mut object: impl FnMut(&str, &str)) {
    if name.trim().is_empty() || name.chars().count() > MAX_NAME_CHARS {
        object("name", "must have 1 to 100 characters");
    } else if name.chars().any(char::is_control) {
        object("name", "must not contain line breaks or other control characters");
    }
    if description.chars().count() > MAX_DESCRIPTION_CHARS {
        object("description", "must have at most 500 characters");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::custom::tests::churn;

    fn problems<T>(result: Result<T, AIError>) -> Vec<FieldProblem> {
        match result.err() {
            Some(AIError::InvalidRequest(problems)) => problems,
            other => panic!("expected invalid fields, got {other:?}"),
        }
    }

    fn fields<T>(result: Result<T, AIError>) -> Vec<String> {
        problems(result).into_iter().map(|problem| problem.field).collect()
    }

    fn of_types(names: &[&str]) -> Result<(Question, Vec<Wanted>), AIError> {
        let request = AnalyzeRequest {
            message: "  Oi".into(),
            user_id: "ana".into(),
            analysis_type: names.iter().map(|name| AnalysisType::Custom((*name).into())).collect(),
            ..AnalyzeRequest::default()
        };
        check_analyze(request, &churn())
    }

    fn classify(intents: Vec<IntentOption>) -> ClassifyRequest {
        let available_intents = Some(intents);
        ClassifyRequest {
            message: "Oi".into(),
            user_id: "ana".into(),
            available_intents,
            ..ClassifyRequest::default()
        }
    }

    fn described(name: &str, description: &str, examples: Vec<String>) -> IntentOption {
        IntentOption::Described { name: name.into(), description: description.into(), examples }
    }

    #[test]
    fn every_problem_of_an_analysis_is_named_at_once() {
        let request =
            AnalyzeRequest { message: " ".into(), user_id: String::new(), ..AnalyzeRequest::default() };
        assert_eq!(fields(check_analyze(request, &churn())), ["analysis_type", "message", "user_id"]);
    }

    #[test]
    fn a_type_asked_twice_is_asked_once_and_offsets_stay_the_callers() {
        let (question, types) = of_types(&["spam", "churn_risk", "entity", "spam"]).unwrap();
        let kinds: Vec<&AnalysisType> = types.iter().map(Wanted::kind).collect();
        assert_eq!(kinds, [&AnalysisType::Entity, &AnalysisType::Spam, &"churn_risk".into()]);
        assert_eq!(question.message, "  Oi");
    }

    #[test]
    fn a_type_that_nobody_knows_is_named_by_its_place_with_those_that_are() {
        let problems = problems(of_types(&["spam", "mood", &"x".repeat(5_000)]));
        assert_eq!(problems[0].field, "analysis_type[1]");
        let problem = "\"mood\" is not a type of analysis; expected one of sentiment, emotion, intent, entity, \
            language, priority, category, toxicity, spam, injection, churn_risk";
        assert_eq!(problems[0].problem, problem);
        assert_eq!((problems.len(), problems[1].problem.len() < 250), (2, true));
    }

    #[test]
    fn every_problem_of_an_intent_is_named_by_its_place() {
        let intents = vec![
            IntentOption::Name("buy".into()),
            IntentOption::Name("buy".into()),
            IntentOption::Name("a\nb".into()),
            described(&"x".repeat(101), &"x".repeat(501), vec![]),
            described("many", "", vec!["e".into(); 51]),
            described("long", "", vec!["e".repeat(501)]),
        ];
        assert_eq!(
            fields(check_classify(classify(intents))),
            [
                "available_intents[1].name",
                "available_intents[2].name",
                "available_intents[3].name",
                "available_intents[3].description",
                "available_intents[4].examples",
                "available_intents[5].examples[0]",
            ]
        );
    }

    #[test]
    fn no_intents_and_too_many_are_refused_and_absent_ones_are_not() {
        assert_eq!(fields(check_classify(classify(vec![]))), ["available_intents"]);
        let many = (0..201).map(|n| IntentOption::Name(format!("i{n}"))).collect();
        assert_eq!(fields(check_classify(classify(many))), ["available_intents"]);
        let absent = ClassifyRequest { available_intents: None, ..classify(vec![]) };
        assert!(check_classify(absent).unwrap().1.is_none());
    }
}
