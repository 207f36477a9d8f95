//! Forgetting a customer who is being erased: what the process itself remembers of them.
//!
//! What is stored is the store's to erase. A turn in flight is fenced there and tells nobody anything.

use super::Assistant;
use crate::id::{ConversationId, TenantId, UserId};

impl Assistant {
    /// Forgets what operators were told of a customer and of their conversations. Nothing else is remembered by customer:
    /// prepared tenants hold what the business says, histories and summaries are read from the store for every turn.
    pub fn forget_customer(&self, tenant: &TenantId, users: &[UserId], conversations: &[ConversationId]) {
        self.engine.events.forget(tenant, |event| {
            let user = event.data.get("user_id").and_then(serde_json::Value::as_str);
            let is_of_user = user.is_some_and(|user| users.iter().any(|one| one.as_str() == user));
            let place = event.conversation_id.as_ref();
            is_of_user || place.is_some_and(|place| conversations.contains(place))
        });
    }

    /// Forgets what operators were told of a tenant: for a customer who was erased by another process, which leaves no name
    /// to look for.
    pub fn forget_events(&self, tenant: &TenantId) {
        self.engine.events.forget(tenant, |_| true);
    }
}
