//! Which variables the server fills by itself, and what they hold now.

use pytake_understanding::language::Language;
use serde::{Deserialize, Serialize};

use crate::conversation::ConversationFilter;
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::prompts::{BuiltIn, Known};
use crate::provider::Role;
use crate::service::{Assistant, Engine};
use crate::tenant_view::TenantView;

/// Messages looked at for a customer's language: as many as the turn reads by default.
const MESSAGES: u32 = 10;

/// A variable that is filled when the caller does not send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariableListing {
    /// How a template names it.
    pub name: String,
    /// What it holds, for people.
    pub meaning: String,
    /// What it holds now; null where that is not known, or depends on the customer and none was named.
    pub value: Option<String>,
}

impl Assistant {
    /// Every built-in variable with what it holds now, for a customer where one is named. `customer_name` is what the
    /// channel knows of them.
    ///
    /// Besides these, a template may use any key of a request's `context`.
    ///
    /// # Errors
    /// [`AIError::NotFound`] for the tenant; storage.
    pub async fn prompt_variables(
        &self,
        tenant: &TenantId,
        user: Option<&UserId>,
        customer_name: Option<&str>,
    ) -> Result<Vec<VariableListing>, AIError> {
        let engine = &*self.engine;
        let view = engine.tenants.view(&*engine.store, tenant).await?;
        let language = self.language_of(tenant, user).await?;
        let known = Known { customer_name, ..engine.known(&view, language, None) };
        let mut listed = Vec::new();
        for variable in BuiltIn::ALL {
            listed.push(VariableListing {
                name: variable.name().to_owned(),
                meaning: variable.meaning().to_owned(),
                value: known.value(variable),
            });
        }
        Ok(listed)
    }

    /// The language a customer wrote last.
    pub(super) async fn language_of(
        &self,
        tenant: &TenantId,
        user: Option<&UserId>,
    ) -> Result<Option<Language>, AIError> {
        let Some(user) = user else { return Ok(None) };
        let store = &self.engine.store;
        let newest = ConversationFilter { user: Some(user.clone()), attendant: None, after: None, limit: 1 };
        let Some(conversation) = store.conversations(tenant, newest).await?.items.pop() else {
            return Ok(None);
        };
        let history = store.history(tenant, &conversation.id, MESSAGES).await?;
        let mut theirs = history.recent.iter().rev().filter(|message| message.role == Role::User);
        Ok(theirs.find_map(|message| Language::from_code(message.language.as_deref()?)))
    }
}

impl Engine {
    /// What is known now, of the tenant and the clock.
    pub(crate) fn known<'a>(
        &self,
        view: &'a TenantView,
        language: Option<Language>,
        channel: Option<&'static str>,
    ) -> Known<'a> {
        Known {
            profile: &view.profile,
            local_time: view.local_time(self.clock.now()),
            language,
            customer_name: None,
            channel,
        }
    }
}
