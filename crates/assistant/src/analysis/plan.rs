//! Who finds what: the device looks first, and one call to a model does what it could not. Pure.

use super::wanted::Wanted;
use super::{AnalysisEngine, AnalysisType, Finding, Subject};
use crate::error::AIError;

/// What the device has found, and what a model is asked.
pub(crate) struct Plan {
    pub(crate) found: Vec<(AnalysisType, Finding)>,
    /// All in one call; empty: nothing is called.
    pub(crate) ask: Vec<Wanted>,
    /// True where the device has found all that a model is asked: without an answer its findings stand.
    pub(crate) can_do_without: bool,
}

/// What to do where no model can be asked.
pub(crate) const CONFIGURE: &str = "set OPENAI_API_KEY, ANTHROPIC_API_KEY or AI_COMPATIBLE_PROVIDERS, and name it in AI_PROVIDER_ORDER if that is set";

/// Looks at a message and plans the rest.
///
/// # Errors
/// [`AIError::InvalidRequest`] on `engine` for custom types that `local` cannot find;
/// [`AIError::ServiceUnavailable`] where a model is needed and none is configured.
pub(crate) fn plan(
    types: Vec<Wanted>,
    subject: &Subject<'_>,
    engine: AnalysisEngine,
    has_model: bool,
) -> Result<Plan, AIError> {
    let mut plan = Plan { found: Vec::new(), ask: Vec::new(), can_do_without: true };
    for wanted in types {
        let found = match engine {
            AnalysisEngine::Provider => None,
            AnalysisEngine::Local | AnalysisEngine::Auto => wanted.on_device(subject),
        };
        plan.can_do_without &= found.is_some();
        let is_unsure = found.as_ref().is_none_or(|finding| {
            let is_below = finding.confidence.is_some_and(|confidence| confidence < wanted.ask_below());
            engine == AnalysisEngine::Auto && has_model && is_below
        });
        plan.found.extend(found.map(|finding| (wanted.kind().clone(), finding)));
        if is_unsure {
            plan.ask.push(wanted);
        }
    }
    if plan.ask.is_empty() || (has_model && engine != AnalysisEngine::Local) {
        return Ok(plan);
    }
    let names: Vec<&str> = plan.ask.iter().map(Wanted::name).collect();
    let (names, verb) = (names.join(", "), if names.len() == 1 { "needs" } else { "need" });
    Err(match engine {
        AnalysisEngine::Local => {
            AIError::invalid("engine", format!("{names} {verb} engine provider or auto for this message"))
        }
        AnalysisEngine::Provider | AnalysisEngine::Auto => AIError::ServiceUnavailable(format!(
            "{names} {verb} a model, and no provider is configured: {CONFIGURE}"
        )),
    })
}

/// Checks that a model can be asked where the caller wants no other.
///
/// # Errors
/// [`AIError::ServiceUnavailable`] where none is configured.
pub(crate) fn may_classify(engine: AnalysisEngine, has_model: bool) -> Result<(), AIError> {
    match engine {
        AnalysisEngine::Provider if !has_model => Err(AIError::ServiceUnavailable(format!(
            "engine provider needs a model, and no provider is configured: {CONFIGURE}"
        ))),
        AnalysisEngine::Provider | AnalysisEngine::Local | AnalysisEngine::Auto => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::custom::tests::churn;
    use crate::intent_models::IntentReader;
    use crate::tenant_view::TenantView;
    use AnalysisType::{Entity, Intent, Language, Priority, Sentiment, Spam};

    fn planned_for(
        message: &str,
        types: &[AnalysisType],
        engine: AnalysisEngine,
        has_model: bool,
    ) -> Result<Plan, AIError> {
        let tenant = TenantView::of_nothing();
        let subject = Subject::new(message, &tenant, Arc::new(IntentReader::BuiltIn));
        let wanted = types.iter().map(|kind| Wanted::find(kind.clone(), &churn()).unwrap()).collect();
        plan(wanted, &subject, engine, has_model)
    }

    /// What the device has found, and what a model is asked.
    fn planned(
        message: &str,
        types: &[AnalysisType],
        engine: AnalysisEngine,
        has_model: bool,
    ) -> (Vec<AnalysisType>, Vec<AnalysisType>) {
        let plan = planned_for(message, types, engine, has_model).unwrap();
        let asked = plan.ask.iter().map(|wanted| wanted.kind().clone()).collect();
        (plan.found.into_iter().map(|(kind, _)| kind).collect(), asked)
    }

    const CLEAR: &str = "amei o produto, obrigada, vocês são maravilhosos!";
    const UNCLEAR: &str = "então, sobre aquilo do outro dia";

    #[test]
    fn auto_asks_a_model_only_for_what_the_device_is_unsure_of() {
        let types = [Sentiment, Entity, Language, Priority, Spam];
        assert_eq!(planned(CLEAR, &types, AnalysisEngine::Auto, true), (types.to_vec(), vec![]));
        let (found, asked) = planned(UNCLEAR, &[Intent, Priority], AnalysisEngine::Auto, true);
        assert_eq!((found, asked), (vec![Intent, Priority], vec![Intent]));
    }

    #[test]
    fn without_a_model_the_device_does_it_all() {
        let types = AnalysisType::BUILT_IN.to_vec();
        for engine in [AnalysisEngine::Auto, AnalysisEngine::Local] {
            assert_eq!(planned(UNCLEAR, &types, engine, false), (types.clone(), vec![]));
        }
        assert_eq!(planned(UNCLEAR, &types, AnalysisEngine::Local, true), (types, vec![]));
    }

    #[test]
    fn provider_asks_for_everything_and_needs_one() {
        let types = [Language, Spam];
        assert_eq!(planned(CLEAR, &types, AnalysisEngine::Provider, true), (vec![], types.to_vec()));
        let refused = planned_for(CLEAR, &types, AnalysisEngine::Provider, false).err().unwrap();
        assert!(matches!(refused, AIError::ServiceUnavailable(_)));
    }

    #[test]
    fn a_custom_analysis_says_for_each_message_whether_a_model_is_needed() {
        let types = [AnalysisType::from("churn_risk")];
        let stays = |message: &str, engine, has_model| {
            planned_for(message, &types, engine, has_model)
                .map(|plan| (plan.ask.is_empty(), plan.can_do_without))
        };
        for (engine, has_model) in [(AnalysisEngine::Local, true), (AnalysisEngine::Auto, false)] {
            assert_eq!(stays("quero cancelar", engine, has_model).unwrap(), (true, true));
            assert!(stays("que caro", engine, has_model).is_err());
        }
        assert_eq!(stays("que caro", AnalysisEngine::Auto, true).unwrap(), (false, false));
        assert_eq!(stays("quero cancelar", AnalysisEngine::Provider, true).unwrap(), (false, false));
        let refused = planned_for("que caro", &types, AnalysisEngine::Local, true).err().unwrap();
        let AIError::InvalidRequest(problems) = refused else { panic!("{refused:?}") };
        assert_eq!(problems[0].problem, "churn_risk needs engine provider or auto for this message");
    }
}
