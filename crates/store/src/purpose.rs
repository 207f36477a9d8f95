//! What secrets are sealed for: one opens only as the same field of the same object of the same tenant.

use pytake_assistant::id::{NumberId, TenantId};

/// A secret of a business number, by its field: `access_token`, `app_secret` or `verify_token`.
pub fn number(tenant: &TenantId, number: &NumberId, field: &str) -> String {
    format!("number/{tenant}/{number}/{field}")
}

/// A tenant's own key at a vendor.
pub fn provider_key(tenant: &TenantId, provider: &str) -> String {
    format!("provider-key/{tenant}/{provider}")
}
