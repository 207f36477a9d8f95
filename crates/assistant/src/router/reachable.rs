//! Whom a call could end up with, before it is made: what its money must cover.
//!
//! A little more rather than a little less: the claim is for the dearest of them, and a model that is not among them is
//! not asked.

use super::{Inner, Wish, weight_of};
use crate::tenant::ModelChoice;

impl Inner {
    /// Every model of every provider besides the local one that a call of this kind may be sent to.
    pub(super) fn reachable(&self, wish: &Wish<'_>) -> Vec<ModelChoice> {
        let named = wish.preferred.filter(|name| *name != "auto");
        let mut found: Vec<usize> = Vec::new();
        if let Some(name) = named {
            let position = self.links.iter().position(|link| link.provider.name() == name);
            let Some(preferred) = position else { return Vec::new() };
            found.push(preferred);
        }
        if named.is_none() || wish.fallback {
            found.extend(self.order_of_tenant(wish.terms));
            if wish.terms.rules.allowed.is_empty() {
                let weighted = |index: &usize| weight_of(&self.links[*index], &self.config) > 0;
                found.extend((0..self.links.len()).filter(weighted));
            }
        }
        let mut models: Vec<ModelChoice> = Vec::new();
        for index in found {
            let link = &self.links[index];
            if link.is_local() || !self.is_usable(index, wish.terms) {
                continue;
            }
            let provider = link.provider.name();
            // Which provider comes first may change until the call; so each may get the model that was asked for.
            let asked = wish.model.filter(|_| named.is_none_or(|name| name == provider));
            let usual = self.default_model(index, wish.terms);
            for model in asked.into_iter().chain([&*usual]) {
                let choice = ModelChoice { provider: provider.to_owned(), model: model.to_owned() };
                if !models.contains(&choice) {
                    models.push(choice);
                }
            }
        }
        models
    }
}
