//! Who finds what: the device, or one call to a model. Pure.

use super::analyzer::{Device, analyzer};
use super::{AnalysisEngine, AnalysisType};
use crate::error::AIError;

/// The asked types, each with one who finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) device: Vec<AnalysisType>,
    /// All in one call; empty: nothing is called.
    pub(crate) model: Vec<AnalysisType>,
}

/// What to do where no model can be asked.
const CONFIGURE: &str = "set OPENAI_API_KEY, ANTHROPIC_API_KEY or AI_COMPATIBLE_PROVIDERS";

/// Plans an analysis.
///
/// # Errors
/// [`AIError::InvalidRequest`] on `engine` for types that `local` cannot find yet;
/// [`AIError::ServiceUnavailable`] where a model is needed and none is configured.
pub(crate) fn plan(types: &[AnalysisType], engine: AnalysisEngine, has_model: bool) -> Result<Plan, AIError> {
    let stays = |kind: &AnalysisType| match (engine, analyzer(*kind).device()) {
        (AnalysisEngine::Provider, _) | (_, Device::Unable) => false,
        (AnalysisEngine::Local, _) | (AnalysisEngine::Auto, Device::FirstChoice(_)) => true,
        (AnalysisEngine::Auto, Device::SecondChoice(_)) => !has_model,
    };
    let (device, model): (Vec<_>, Vec<_>) = types.iter().partition(|kind| stays(kind));
    if model.is_empty() || (has_model && engine != AnalysisEngine::Local) {
        return Ok(Plan { device, model });
    }
    let names: Vec<&str> = model.iter().map(|kind| kind.as_str()).collect();
    let (names, verb) = (names.join(", "), if names.len() == 1 { "needs" } else { "need" });
    Err(match engine {
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
    use AnalysisType::{Entity, Language, Sentiment, Spam};

    fn planned(
        types: &[AnalysisType],
        engine: AnalysisEngine,
        has_model: bool,
    ) -> (Vec<AnalysisType>, Vec<AnalysisType>) {
        let plan = plan(types, engine, has_model).unwrap();
        (plan.device, plan.model)
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
        let refused = plan(&[Sentiment, Spam], AnalysisEngine::Auto, false).unwrap_err();
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
        assert!(matches!(
            plan(&[Language], AnalysisEngine::Provider, false),
            Err(AIError::ServiceUnavailable(_))
        ));
    }

    #[test]
    fn local_names_what_it_cannot_find_also_where_a_model_is_configured() {
        assert_eq!(planned(&[Entity], AnalysisEngine::Local, true), (vec![Entity], vec![]));
        let refused =
            plan(&[Sentiment, AnalysisType::Priority, Spam], AnalysisEngine::Local, true).unwrap_err();
        let AIError::InvalidRequest(problems) = refused else { panic!("{refused:?}") };
        assert_eq!(problems[0].field, "engine");
        assert_eq!(problems[0].problem, "sentiment, priority need engine provider or auto in this version");
    }

    #[test]
    fn an_intent_is_chosen_by_a_model() {
        assert!(may_classify(AnalysisEngine::Auto, true).is_ok());
        assert!(matches!(may_classify(AnalysisEngine::Local, true), Err(AIError::InvalidRequest(_))));
        assert!(matches!(may_classify(AnalysisEngine::Auto, false), Err(AIError::ServiceUnavailable(_))));
    }
}
