//! What is remembered of providers asked with tenants' own keys: apart from the server's, and from each other.

use std::sync::Arc;
use std::time::Duration;

use super::link::Link;
use crate::id::TenantId;

/// Keys in use at the same time; a link has about a kilobyte, so that all of them have 10 MB. A forgotten one costs a
/// call to learn again.
const MOST_REMEMBERED: u64 = 10_000;

/// Nothing that a link remembers holds for longer: no bench is longer than an hour.
const KEPT_UNUSED: Duration = Duration::from_hours(1);

/// The tenant, the provider's place and the key's version.
pub(crate) type OwnLink = (TenantId, usize, u64);

/// Links of tenants' own keys, bounded.
pub(crate) struct OwnLinks(moka::sync::Cache<OwnLink, Arc<Link>>);

impl OwnLinks {
    pub(crate) fn new() -> Self {
        let links = moka::sync::Cache::builder().max_capacity(MOST_REMEMBERED).time_to_idle(KEPT_UNUSED);
        Self(links.build())
    }

    pub(crate) fn get(&self, of: OwnLink, make: impl FnOnce() -> Link) -> Arc<Link> {
        self.0.get_with(of, || Arc::new(make()))
    }
}
