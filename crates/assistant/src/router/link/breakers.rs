//! Breakers by model: one model that is gone or overloaded does not bench the others.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::router::breaker::{Breaker, BreakerConfig, Effect, Permission};

/// Models in trouble that are remembered besides the default one. Callers may name any model, so there must
/// be a bound; a forgotten one costs a call to learn again.
const MOST_REMEMBERED: usize = 64;

/// The default model's breaker, and one for each other model in trouble.
#[derive(Debug)]
pub(crate) struct Breakers {
    default_model: Arc<str>,
    default: Breaker,
    troubled: FxHashMap<Arc<str>, Breaker>,
}

impl Breakers {
    pub(crate) fn new(default_model: &str) -> Self {
        Self { default_model: default_model.into(), default: Breaker::new(), troubled: FxHashMap::default() }
    }

    /// A copy, to look at.
    pub(crate) fn of(&self, model: &str) -> Breaker {
        if *model == *self.default_model {
            return self.default;
        }
        self.troubled.get(model).copied().unwrap_or_else(Breaker::new)
    }

    pub(crate) fn permission(&self, model: &str, now: Duration) -> Permission {
        self.of(model).permission(now)
    }

    pub(crate) fn admit(&mut self, model: &str, now: Duration) -> Permission {
        if *model == *self.default_model {
            return self.default.admit(now);
        }
        self.troubled.get_mut(model).map_or(Permission::Pass, |breaker| breaker.admit(now))
    }

    pub(crate) fn settle(
        &mut self,
        model: &Arc<str>,
        is_probe: bool,
        effect: Effect,
        now: Duration,
        config: &BreakerConfig,
        jitter: f64,
    ) {
        if *model == self.default_model {
            return self.default.settle(is_probe, effect, now, config, jitter);
        }
        let mut breaker = self.of(model);
        breaker.settle(is_probe, effect, now, config, jitter);
        if breaker.is_untroubled() {
            self.troubled.remove(model);
            return;
        }
        if self.troubled.len() >= MOST_REMEMBERED && !self.troubled.contains_key(model) {
            self.forget_one(now);
        }
        self.troubled.insert(Arc::clone(model), breaker);
    }

    /// Forgets the one that would be asked again soonest.
    fn forget_one(&mut self, now: Duration) {
        let soonest = self.troubled.iter().min_by_key(|(_, breaker)| breaker.open_for(now));
        if let Some(model) = soonest.map(|(model, _)| Arc::clone(model)) {
            self.troubled.remove(&model);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(breakers: &mut Breakers, model: &str) {
        let config = BreakerConfig::default();
        breakers.settle(&model.into(), false, Effect::Broken, Duration::ZERO, &config, 0.0);
    }

    #[test]
    fn a_model_that_is_gone_does_not_bench_the_others() {
        let mut breakers = Breakers::new("good");
        broken(&mut breakers, "gone");
        assert_eq!(breakers.permission("good", Duration::ZERO), Permission::Pass);
        assert!(matches!(breakers.permission("gone", Duration::ZERO), Permission::Refuse { .. }));
    }

    #[test]
    fn callers_cannot_fill_the_memory_with_model_names() {
        let mut breakers = Breakers::new("good");
        for n in 0..1_000 {
            broken(&mut breakers, &format!("made-up-{n}"));
        }
        assert_eq!(breakers.troubled.len(), MOST_REMEMBERED);
    }
}
