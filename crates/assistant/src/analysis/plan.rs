//! Who finds what: the device, or one call to a model. Pure.

use super::checked::Question;
use super::wanted::{OnDevice, Wanted};
use super::{AnalysisEngine, AnalysisType};
use crate::error::AIError;

/// The asked types, each with one who finds it.
pub(crate) struct Plan {
    pub(crate) device: Vec<(AnalysisType, OnDevice)>,
    /// All in one call; empty: nothing is called.
    pub(crate) model: Vec<Wanted>,
}

/// What to do where no model can be asked.
const CONFIGURE: &str = "set OPENAI_API_KEY, ANTHROPIC_API_KEY or AI_COMPATIBLE_PROVIDERS, and name it in AI_PROVIDER_ORDER if that is set";

/// Plans an analysis.
///
/// # Errors
/// [`AIError::InvalidRequest`] on `engine` for types that `local` cannot find yet;
/// [`AIError::ServiceUnavailable`] where a model is needed and none is configured.
pub(crate) fn plan(types: Vec<Wanted>, question: &Question, has_model: bool) -> Result<Plan, AIError> {
    let mut plan = Plan { device: Vec::new(), model: Vec::new() };
    for wanted in types {
        match wanted.on_device(&question.message, question.engine, has_model) {
            Some(on_device) => plan.device.push((wanted.kind().clone(), on_device)),
            None => plan.model.push(wanted),
        }
    }
    if plan.model.is_empty() || (has_model && question.engine != AnalysisEngine::Local) {
        return Ok(plan);
    }
    let names: Vec<&str> = plan.model.iter().map(Wanted::name).collect();
    let (names, verb) = (names.join(", "), if names.len() == 1 { "needs" } else { "need" });
    Err(match question.engine {
        AnalysisEngine::Local => {
            AIError::invalid("engine", format!("{names} {verb} engine provider or auto in this version"))
        }
        AnalysisEngine::Provider | AnalysisEngine::Auto => AIError::ServiceUnavailable(format!(
            "{names} {verb} a model, and no provider is configured: {CONFIGURE}"
        )),
    })
}

/// Checks that a model may choose an intent.
///
/// # Errors
/// As [`plan`].
pub(crate) fn may_classify(engine: AnalysisEngine, has_model: bool) -> Result<(), AIError> {
    match engine {
        AnalysisEngine::Local => {
            Err(AIError::invalid("engine", "classification needs engine provider or auto in this version"))
        }
        AnalysisEngine::Provider | AnalysisEngine::Auto if has_model => Ok(()),
        AnalysisEngine::Provider | AnalysisEngine::Auto => Err(AIError::ServiceUnavailable(format!(
            "classification needs a model, and no provider is configured: {CONFIGURE}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::custom::tests::churn;
    use crate::id::UserId;
    use AnalysisType::{Entity, Language, Priority, Sentiment, Spam};

    fn planned_for(
        message: &str,
        types: &[AnalysisType],
        engine: AnalysisEngine,
        has_model: bool,
    ) -> Result<Plan, AIError> {
        let (user, context) = (UserId::new("ana").unwrap(), serde_json::Map::new());
        let question = Question { user, message: message.to_owned(), context, engine };
        let wanted = types.iter().map(|kind| Wanted::find(kind.clone(), &churn()).unwrap()).collect();
        plan(wanted, &question, has_model)
    }

    /// What stays on the device, and what goes to a model.
    fn planned(
        types: &[AnalysisType],
        engine: AnalysisEngine,
        has_model: bool,
    ) -> (Vec<AnalysisType>, Vec<AnalysisType>) {
        let plan = planned_for("Oi", types, engine, has_model).unwrap();
        let model = plan.model.iter().map(|wanted| wanted.kind().clone()).collect();
        (plan.device.into_iter().map(|(kind, _)| kind).collect(), model)
    }

    fn refused(types: &[AnalysisType], engine: AnalysisEngine, has_model: bool) -> AIError {
        planned_for("Oi", types, engine, has_model).err().unwrap()
    }

    #[test]
    fn auto_asks_a_model_only_for_what_it_finds_better() {
        let types = [Sentiment, Entity, Language, Spam];
        assert_eq!(
            planned(&types, AnalysisEngine::Auto, true),
            (vec![Language, Spam], vec![Sentiment, Entity])
        );
        assert_eq!(planned(&[Language], AnalysisEngine::Auto, true), (vec![Language], vec![]));
    }

    #[test]
    fn without_a_model_auto_does_what_the_device_can() {
        assert_eq!(planned(&[Entity, Spam], AnalysisEngine::Auto, false), (vec![Entity, Spam], vec![]));
        let refused = refused(&[Sentiment, Spam], AnalysisEngine::Auto, false);
        assert!(
            matches!(&refused, AIError::ServiceUnavailable(why) if why.starts_with("sentiment needs a model"))
        );
    }

    #[test]
    fn provider_asks_for_everything_and_needs_one() {
        assert_eq!(
            planned(&[Language, Spam], AnalysisEngine::Provider, true),
            (vec![], vec![Language, Spam])
        );
        let refused = refused(&[Language], AnalysisEngine::Provider, false);
        assert!(matches!(refused, AIError::ServiceUnavailable(_)));
    }

    #[test]
    fn local_names_what_it_cannot_find_also_where_a_model_is_configured() {
        assert_eq!(planned(&[Entity], AnalysisEngine::Local, true), (vec![Entity], vec![]));
        let refused = refused(&[Sentiment, Priority, Spam], AnalysisEngine::Local, true);
        let AIError::InvalidRequest(problems) = refused else { panic!("{refused:?}") };
        assert_eq!(problems[0].field, "engine");
        assert_eq!(problems[0].problem, "sentiment, priority need engine provider or auto in this version");
    }

    #[test]
    fn a_custom_analysis_says_for_each_message_whether_a_model_is_needed() {
        let types = [AnalysisType::from("churn_risk")];
        let stays = |message: &str, engine, has_model| {
            planned_for(message, &types, engine, has_model).map(|plan| plan.model.is_empty())
        };
        for (engine, has_model) in [(AnalysisEngine::Local, true), (AnalysisEngine::Auto, false)] {
            assert!(stays("quero cancelar", engine, has_model).unwrap());
            assert!(stays("que caro", engine, has_model).is_err());
        }
        assert!(!stays("que caro", AnalysisEngine::Auto, true).unwrap());
        assert!(!stays("quero cancelar", AnalysisEngine::Provider, true).unwrap());
    }

    #[test]
    fn an_intent_is_chosen_by_a_model() {
        assert!(may_classify(AnalysisEngine::Auto, true).is_ok());
        assert!(matches!(may_classify(AnalysisEngine::Local, true), Err(AIError::InvalidRequest(_))));
        assert!(matches!(may_classify(AnalysisEngine::Auto, false), Err(AIError::ServiceUnavailable(_))));
    }
}
