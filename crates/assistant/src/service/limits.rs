//! Limits, as the edge of the server asks about them before it reads a body.

use super::Assistant;
use crate::error::AIError;
use crate::id::TenantId;
use crate::limits::Standing;

impl Assistant {
    /// Says whether a request of this tenant would be refused now because of a limit of the tenant's own; takes nothing.
    ///
    /// Costs a look into memory as long as nothing is reached; then the settings are read, because they may have changed.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`]; storage.
    pub async fn check_limits(&self, tenant: &TenantId) -> Result<(), AIError> {
        let limits = &self.engine.limits;
        if limits.would_refuse(tenant).is_none() {
            return Ok(());
        }
        match self.engine.tenants.view(self.engine.store.as_ref(), tenant).await {
            Ok(view) => limits.know(tenant, &view.tenant.settings.limits),
            // Whoever asks for a tenant that does not exist learns it from the request itself.
            Err(AIError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
        limits.would_refuse(tenant).map_or(Ok(()), |refusal| Err(refusal.into_error()))
    }

    /// How the tenant's requests a minute stand; `None`: nothing limits them.
    pub async fn standing(&self, tenant: &TenantId) -> Option<Standing> {
        let limits = &self.engine.limits;
        if !limits.knows(tenant) {
            // Without the settings nothing can be said, and whoever needs them says why.
            let view = self.engine.tenants.view(self.engine.store.as_ref(), tenant).await.ok()?;
            limits.know(tenant, &view.tenant.settings.limits);
        }
        limits.standing(tenant)
    }

    /// How the requests a minute of an API key stand; counts nothing.
    pub fn key_standing(&self, key: &str, requests_per_minute: u32) -> Standing {
        self.engine.limits.key_standing(key, requests_per_minute)
    }

    /// Whether a tenant is suspended now; one that does not exist is not.
    ///
    /// # Errors
    /// Storage.
    pub async fn is_suspended(&self, tenant: &TenantId) -> Result<bool, AIError> {
        match self.engine.tenants.view(self.engine.store.as_ref(), tenant).await {
            Ok(view) => Ok(view.is_suspended()),
            Err(AIError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Counts a request of an API key against its requests a minute.
    ///
    /// # Errors
    /// [`AIError::RateLimitExceeded`] with the scope `key`.
    pub fn admit_key(&self, key: &str, requests_per_minute: u32) -> Result<Standing, AIError> {
        self.engine.limits.admit_key(key, requests_per_minute)
    }
}
