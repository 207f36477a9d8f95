//! Which providers a call may be sent to: in which order, for which model, with whose key.

use std::sync::Arc;

use super::breaker::Permission;
use super::call::{RouteFailureReason, RoutedCall};
use super::journey::Stage;
use super::link::Link;
use super::terms::{Access, KeyOwner, Reached, Terms};
use super::{Inner, weight_of};
use crate::id::TenantId;

/// A provider's place among those of the server, and the memory that counts for this tenant.
struct Placed {
    index: usize,
    link: Arc<Link>,
}

impl Inner {
    /// The providers of a call in the order in which they would be asked.
    pub(super) fn chain(&self, call: &RoutedCall) -> Result<Vec<Stage>, RouteFailureReason> {
        self.permits(&call.terms, call.preferred.as_deref(), call.model.as_deref())?;
        let preferred = self.preferred(call.preferred.as_deref())?;
        let order = self.order_for(call, preferred)?;
        // A model that was asked for means nothing to the other vendors.
        let asked_for_model = preferred.or(order.first().map(|first| first.index));
        let stage = |placed: Placed| {
            let Placed { index, link } = placed;
            let model = match &call.model {
                Some(model) if asked_for_model == Some(index) && !link.is_local() => model.as_str().into(),
                _ => self.default_model(index, &call.terms),
            };
            let facts = self.catalog.facts(link.provider.name(), &model);
            let context = facts.and_then(|facts| facts.max_input_tokens);
            Stage::new(link, model, context)
        };
        Ok(order.into_iter().map(stage).collect())
    }

    /// Whether the terms let a call name this provider and this model.
    ///
    /// # Errors
    /// [`RouteFailureReason::UnknownProvider`]; [`RouteFailureReason::NotAllowed`] naming the field.
    pub(super) fn permits(
        &self,
        terms: &Terms,
        preferred: Option<&str>,
        model: Option<&str>,
    ) -> Result<(), RouteFailureReason> {
        let preferred = self.preferred(preferred)?;
        if let Some(index) = preferred {
            self.permits_provider(index, terms)?;
        }
        let first = preferred.or_else(|| self.first_remote(terms));
        let (Some(index), Some(model)) = (first, model) else { return Ok(()) };
        let name = self.links[index].provider.name();
        match terms.models_at(name) {
            Some(models) if !models.iter().any(|allowed| allowed == model) => {
                let problem = format!("must be one of {} at {name}", models.join(", "));
                Err(RouteFailureReason::NotAllowed { field: "model", problem })
            }
            Some(_) | None => Ok(()),
        }
    }

    fn permits_provider(&self, index: usize, terms: &Terms) -> Result<(), RouteFailureReason> {
        let link = &self.links[index];
        let (name, provider) = (link.provider.name(), &link.provider);
        let problem = if link.is_local() {
            return Ok(());
        } else if !terms.allows(name) {
            format!("must be local or one of those this tenant allows: {}", terms.rules.allowed.join(", "))
        } else if provider.takes_own_keys() && !provider.is_available() && !terms.own_keys.contains_key(name)
        {
            format!("{name} has no key here: neither the server nor this tenant has set one")
        } else {
            return Ok(());
        };
        Err(RouteFailureReason::NotAllowed { field: "preferred_provider", problem })
    }

    /// Every provider outside of this process, as these terms reach it.
    pub(super) fn reached(&self, terms: &Terms) -> Vec<Reached> {
        let mut reached = Vec::new();
        for (index, link) in self.links.iter().enumerate().filter(|(_, link)| !link.is_local()) {
            let destination = link.provider.destination();
            let name = link.provider.name();
            let has_own = terms.own_keys.contains_key(name);
            reached.push(Reached {
                name: name.to_owned(),
                key: KeyOwner::of(has_own, &destination),
                is_asked: self.is_usable(index, terms),
                destination,
            });
        }
        reached
    }

    /// Whether a call that prefers nobody may reach a provider besides the local one.
    pub(super) fn has_remote(&self, terms: &Terms) -> bool {
        let is_weighted = |index: &usize| {
            terms.rules.allowed.is_empty() && weight_of(&self.links[*index], &self.config) > 0
        };
        let is_reached = |index: &usize| !self.links[*index].is_local() && self.is_usable(*index, terms);
        let order = self.order_of_tenant(terms);
        order.iter().any(is_reached)
            || (0..self.links.len()).any(|index| is_weighted(&index) && is_reached(&index))
    }

    /// The provider a call names.
    fn preferred(&self, name: Option<&str>) -> Result<Option<usize>, RouteFailureReason> {
        let name = match name {
            None | Some("auto") => return Ok(None),
            Some(name) => name,
        };
        let index = self.links.iter().position(|link| link.provider.name() == name);
        index.map(Some).ok_or_else(|| RouteFailureReason::UnknownProvider(name.to_owned()))
    }

    /// The providers a call may be sent to, best first.
    fn order_for(
        &self,
        call: &RoutedCall,
        preferred: Option<usize>,
    ) -> Result<Vec<Placed>, RouteFailureReason> {
        let mut order: Vec<usize> = Vec::with_capacity(self.links.len());
        match preferred {
            Some(index) => order.push(index),
            // A model that was asked for belongs to the first provider, not to whichever is due.
            None if call.model.is_none() => order.extend(self.due_first(call)),
            None => {}
        }
        if preferred.is_none() || call.fallback {
            for index in self.order_of_tenant(&call.terms) {
                if !order.contains(&index) {
                    order.push(index);
                }
            }
        }
        let mut placed: Vec<Placed> = Vec::with_capacity(order.len());
        for index in order {
            let is_allowed =
                if self.links[index].is_local() { call.local_allowed } else { call.remote_allowed };
            if !is_allowed {
                continue;
            }
            if let Some(link) = self.link_for(index, &call.terms, &call.tenant) {
                placed.push(Placed { index, link });
            }
        }
        if !call.fallback {
            placed.truncate(1);
        }
        if placed.is_empty() { Err(RouteFailureReason::NoProvider) } else { Ok(placed) }
    }

    /// The chain of `auto`: the tenant's where it has one, else the server's; local ones last in both.
    pub(super) fn order_of_tenant(&self, terms: &Terms) -> Vec<usize> {
        if terms.rules.allowed.is_empty() {
            return self.order.clone();
        }
        let mut order: Vec<usize> = Vec::with_capacity(self.links.len());
        for name in &terms.rules.allowed {
            let index = self.links.iter().position(|link| link.provider.name() == name);
            order.extend(index.filter(|index| !self.links[*index].is_local() && !order.contains(index)));
        }
        order.extend((0..self.links.len()).filter(|index| self.links[*index].is_local()));
        order
    }

    fn first_remote(&self, terms: &Terms) -> Option<usize> {
        let order = self.order_of_tenant(terms);
        order.into_iter().find(|index| !self.links[*index].is_local() && self.is_usable(*index, terms))
    }

    /// By weight, among those that could be asked or are due for a probe; a tenant's own order goes before weights.
    fn due_first(&self, call: &RoutedCall) -> Option<usize> {
        if !call.terms.rules.allowed.is_empty() {
            return None;
        }
        let mut balance = self.balance.lock();
        if balance.is_in_order() {
            return None;
        }
        balance.pick(|index| {
            let Some(link) = self.link_for(index, &call.terms, &call.tenant) else { return false };
            let model = self.default_model(index, &call.terms);
            let permission = link.outlook(&model, &call.need()).permission;
            !matches!(permission, Permission::Refuse { .. })
        })
    }

    pub(super) fn default_model(&self, index: usize, terms: &Terms) -> Arc<str> {
        let link = &self.links[index];
        match terms.models_at(link.provider.name()).and_then(<[String]>::first) {
            Some(model) if !link.is_local() => model.as_str().into(),
            Some(_) | None => Arc::clone(&link.default_model),
        }
    }

    pub(super) fn is_usable(&self, index: usize, terms: &Terms) -> bool {
        let provider = &self.links[index].provider;
        match self.access(index, terms) {
            Access::Servers => provider.is_available(),
            Access::Own { .. } => true,
            Access::Denied => false,
        }
    }

    /// The memory of a provider that counts for a tenant: one of its own where it has a key of its own.
    fn link_for(&self, index: usize, terms: &Terms, tenant: &TenantId) -> Option<Arc<Link>> {
        let link = &self.links[index];
        match self.access(index, terms) {
            Access::Servers => link.provider.is_available().then(|| Arc::clone(link)),
            Access::Own { key, version } => {
                Some(self.own_links.get((tenant.clone(), index, version), || {
                    Link::of_tenant(Arc::clone(&link.provider), tenant.clone(), key.clone(), &self.shared)
                }))
            }
            Access::Denied => None,
        }
    }

    fn access<'a>(&self, index: usize, terms: &'a Terms) -> Access<'a> {
        let link = &self.links[index];
        if link.is_local() {
            return Access::Servers;
        }
        terms.access(link.provider.name(), link.provider.takes_own_keys())
    }
}
