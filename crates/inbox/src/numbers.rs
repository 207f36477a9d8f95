//! Business numbers for operators: added with their secrets sealed, listed without them.

use std::sync::Arc;

use jiff::Timestamp;
use pytake_assistant::AIError;
use pytake_assistant::channel::NumberHealth;
use pytake_assistant::error::{FieldProblem, StorageError};
use pytake_assistant::id::{NumberId, TenantId};
use pytake_store::{NumberRecord, NumberSettings, Sealed, purpose};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::channel::Channel;
use crate::registry::{KnownNumber, WebhookKey};
use crate::upkeep::month_of;

/// The longest secret, in bytes: Meta's tokens have some 250.
const MAX_SECRET_BYTES: usize = 4_096;

const NO_NUMBER: AIError = AIError::NotFound { what: "number" };

/// A number to be added, or changed.
#[derive(Debug, Clone)]
pub struct NewNumber {
    /// The channel's id: the routing key.
    pub number: NumberId,
    /// Whose.
    pub tenant: TenantId,
    /// The channel's account, where known.
    pub account: Option<String>,
    /// Telephone as people write it, where known: messages from it are our own.
    pub display_number: Option<String>,
    /// The right to send; `None` keeps the one that is there.
    pub access_token: Option<SecretString>,
    /// What signs its webhooks; `None` keeps the one that is there.
    pub app_secret: Option<SecretString>,
    /// What proves to the channel that the webhook is ours; `None` keeps the one that is there.
    pub verify_token: Option<SecretString>,
    /// How it behaves.
    pub settings: NumberSettings,
}

/// A number without its secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NumberView {
    /// The channel's id.
    pub number: NumberId,
    /// Whose.
    pub tenant: TenantId,
    /// The channel's account.
    pub account: Option<String>,
    /// Telephone in digits.
    pub display_number: Option<String>,
    /// Whether it has an app secret of its own.
    pub has_app_secret: bool,
    /// Whether it has a verify token of its own.
    pub has_verify_token: bool,
    /// How it behaves.
    pub settings: NumberSettings,
    /// Why it does not send now.
    pub stopped: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl From<&NumberRecord> for NumberView {
    fn from(record: &NumberRecord) -> Self {
        Self {
            number: record.number.clone(),
            tenant: record.tenant.clone(),
            account: record.account.clone(),
            display_number: record.display_number.clone(),
            has_app_secret: record.app_secret.is_some(),
            has_verify_token: record.verify_token.is_some(),
            settings: record.settings.clone(),
            stopped: record.stopped.clone(),
            created_at: record.created_at,
        }
    }
}

impl Channel {
    /// Takes over the number of the environment: like [`Channel::put_number`], but what was set for it stays, and a
    /// tenant that has not described its business is only warned about, because that is done through the running server.
    ///
    /// # Errors
    /// As [`Channel::put_number`], without the description.
    pub async fn adopt_number(&self, mut new: NewNumber) -> Result<(), AIError> {
        if let Some(known) = self.shared.numbers.current().await?.get(&new.number) {
            new.settings.clone_from(&known.record.settings);
            new.account = new.account.or_else(|| known.record.account.clone());
            new.display_number = new.display_number.or_else(|| known.record.display_number.clone());
        }
        if let Err(AIError::Conflict(why)) = self.check_business(&new.tenant).await {
            tracing::warn!(number = %new.number, "{why}");
        }
        self.store_number(new).await.map(drop)
    }

    /// Adds a number, or changes one. A new access token lets a number send again that was stopped.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] where the number is another tenant's, or the
    /// tenant has not said which business it is: an assistant on WhatsApp must be scoped to one (Meta's terms for
    /// general-purpose assistants); storage.
    pub async fn put_number(&self, new: NewNumber) -> Result<NumberView, AIError> {
        self.check_business(&new.tenant).await?;
        self.store_number(new).await
    }

    async fn store_number(&self, new: NewNumber) -> Result<NumberView, AIError> {
        check(&new)?;
        let known = self.shared.numbers.current().await?.get(&new.number);
        let known = known.filter(|known| known.record.tenant == new.tenant);
        let is_released = is_new_token(new.access_token.as_ref(), known.as_deref());
        let known = known.as_ref().map(|known| &known.record);
        let access_token = match (&new.access_token, known) {
            (Some(token), _) => self.seal(&new, "access_token", token)?,
            (None, Some(known)) => known.access_token.clone(),
            (None, None) => return Err(AIError::invalid("access_token", "is required for a new number")),
        };
        let app_secret =
            self.sealed_or(&new, "app_secret", new.app_secret.as_ref(), |known| &known.app_secret, known)?;
        let verify_token = self.sealed_or(
            &new,
            "verify_token",
            new.verify_token.as_ref(),
            |known| &known.verify_token,
            known,
        )?;
        let record = NumberRecord {
            access_token,
            app_secret,
            verify_token,
            account: new.account,
            display_number: new.display_number.as_deref().map(digits),
            settings: new.settings,
            stopped: known.filter(|_| !is_released).and_then(|known| known.stopped.clone()),
            created_at: known.map_or_else(|| self.shared.clock.now(), |known| known.created_at),
            number: new.number,
            tenant: new.tenant,
        };
        if !self.shared.store.put_number(&record).await? {
            return Err(AIError::Conflict(format!(
                "the number {} is in use by another tenant",
                record.number
            )));
        }
        if is_released {
            self.shared.store.stop_number(&record.number, None, self.shared.clock.now()).await?;
            self.shared.wake.sends.notify_one();
        }
        Ok(NumberView::from(&record))
    }

    /// The tenant's numbers.
    ///
    /// # Errors
    /// Storage.
    pub async fn numbers(&self, tenant: &TenantId) -> Result<Vec<NumberView>, AIError> {
        let all = self.shared.store.numbers().await?;
        Ok(all.iter().filter(|record| record.tenant == *tenant).map(NumberView::from).collect())
    }

    /// Deletes a number; its conversations stay, what it had to send does not go.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn delete_number(&self, tenant: &TenantId, number: &NumberId) -> Result<(), AIError> {
        if self.shared.store.delete_number(tenant, number).await? { Ok(()) } else { Err(NO_NUMBER) }
    }

    /// Stops sending from a number; what is queued stays queued.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn stop_number(&self, tenant: &TenantId, number: &NumberId) -> Result<(), AIError> {
        self.set_stopped(tenant, number, Some("by an operator")).await
    }

    /// Lets a number send again.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn resume_number(&self, tenant: &TenantId, number: &NumberId) -> Result<(), AIError> {
        self.set_stopped(tenant, number, None).await?;
        self.shared.wake.sends.notify_one();
        Ok(())
    }

    /// Asks the channel about a number: does the token work, is the webhook subscribed.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; [`AIError::ServiceUnavailable`] with what the channel says; storage.
    pub async fn check_number(&self, tenant: &TenantId, number: &NumberId) -> Result<NumberHealth, AIError> {
        let known = self.shared.numbers.current().await?.get(number);
        let Some(known) = known.filter(|known| known.record.tenant == *tenant) else { return Err(NO_NUMBER) };
        let Some(access) = &known.access else {
            let why = "the access token cannot be opened with this server's key; set it again";
            return Err(AIError::ServiceUnavailable(why.to_owned()));
        };
        let asked = self.shared.messenger.health(access, known.record.account.as_deref()).await;
        asked.map_err(|failure| AIError::ServiceUnavailable(failure.message))
    }

    /// What webhooks may be signed with: every number's app secret and the server's own, each once.
    ///
    /// # Errors
    /// Storage.
    pub async fn webhook_keys(&self) -> Result<Arc<[WebhookKey]>, StorageError> {
        Ok(self.shared.numbers.current().await?.keys())
    }

    /// What the channel may ask for to prove that the webhook is ours.
    ///
    /// # Errors
    /// Storage.
    pub async fn verify_tokens(&self) -> Result<Arc<[SecretString]>, StorageError> {
        Ok(self.shared.numbers.current().await?.verify_tokens())
    }

    /// Delivered service messages of a number in this UTC month.
    ///
    /// # Errors
    /// Storage.
    pub async fn service_messages(&self, number: &NumberId) -> Result<u64, StorageError> {
        let month = month_of(self.shared.clock.now());
        self.shared.store.service_messages(number, month).await
    }

    async fn set_stopped(
        &self,
        tenant: &TenantId,
        number: &NumberId,
        why: Option<&str>,
    ) -> Result<(), AIError> {
        let known = self.shared.numbers.current().await?.get(number);
        if known.is_none_or(|known| known.record.tenant != *tenant) {
            return Err(NO_NUMBER);
        }
        Ok(self.shared.store.stop_number(number, why, self.shared.clock.now()).await?)
    }

    async fn check_business(&self, tenant: &TenantId) -> Result<(), AIError> {
        let profile = match self.shared.assistant.profile(tenant).await {
            Ok(profile) => profile,
            Err(AIError::NotFound { .. }) => pytake_assistant::tenant::TenantProfile::default(),
            Err(error) => return Err(error),
        };
        if profile.business_name.trim().is_empty() || profile.description.trim().is_empty() {
            return Err(AIError::Conflict(
                "an assistant on WhatsApp must be scoped to a business: first set business_name and description in \
                 the tenant's profile"
                    .to_owned(),
            ));
        }
        Ok(())
    }

    fn seal(&self, new: &NewNumber, field: &str, secret: &SecretString) -> Result<Sealed, AIError> {
        let sealed = self.shared.sealer.seal(secret, &purpose::number(&new.tenant, &new.number, field));
        sealed.map_err(|error| AIError::Configuration(format!("the secret cannot be sealed: {error}")))
    }

    fn sealed_or(
        &self,
        new: &NewNumber,
        field: &str,
        secret: Option<&SecretString>,
        of: fn(&NumberRecord) -> &Option<Sealed>,
        known: Option<&NumberRecord>,
    ) -> Result<Option<Sealed>, AIError> {
        match secret {
            Some(secret) => self.seal(new, field, secret).map(Some),
            None => Ok(known.and_then(|known| of(known).clone())),
        }
    }
}

/// A token that was refused is not tried again at the next start; another one is.
fn is_new_token(given: Option<&SecretString>, known: Option<&KnownNumber>) -> bool {
    let Some(given) = given else { return false };
    let before = known.and_then(|known| known.access.as_ref());
    before.is_none_or(|before| before.access_token.expose_secret() != given.expose_secret())
}

fn check(new: &NewNumber) -> Result<(), AIError> {
    let mut problems = Vec::new();
    let secrets = [
        ("access_token", &new.access_token),
        ("app_secret", &new.app_secret),
        ("verify_token", &new.verify_token),
    ];
    for (field, secret) in secrets {
        let Some(secret) = secret else { continue };
        let secret = secret.expose_secret();
        let is_usable = (1..=MAX_SECRET_BYTES).contains(&secret.len())
            && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_usable {
            let problem = "must have 1 to 4096 visible ASCII characters and no spaces";
            problems.push(FieldProblem::new(field, problem));
        }
    }
    if new.account.as_ref().is_some_and(|account| !is_id(account)) {
        problems.push(FieldProblem::new("account", "must have 1 to 64 letters or digits"));
    }
    if new.display_number.as_deref().is_some_and(|number| !(5..=20).contains(&digits(number).len())) {
        problems.push(FieldProblem::new("display_number", "must have 5 to 20 digits"));
    }
    check_settings(&new.settings, &mut problems);
    if problems.is_empty() { Ok(()) } else { Err(AIError::InvalidRequest(problems)) }
}

/// The ranges that [`NumberSettings`] documents.
fn check_settings(settings: &NumberSettings, problems: &mut Vec<FieldProblem>) {
    let ranges = [
        ("settings.quiet_ms", settings.quiet_ms, 0, 30_000),
        ("settings.quiet_max_ms", settings.quiet_max_ms, 0, 120_000),
        ("settings.returns_after_s", settings.returns_after_s, 60, 31_536_000),
        ("settings.max_per_10_min", Some(settings.max_per_10_min), 1, 1_000),
        ("settings.max_per_day", Some(settings.max_per_day), 1, 10_000),
    ];
    for (field, value, least, most) in ranges {
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            problems.push(FieldProblem::new(field, format!("must be from {least} to {most}")));
        }
    }
}

fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(new: &NewNumber) -> Vec<String> {
        match check(new) {
            Err(AIError::InvalidRequest(problems)) => problems.into_iter().map(|p| p.field).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_field_that_cannot_be_used_is_named() {
        let good = NewNumber {
            number: NumberId::new("1").unwrap(),
            tenant: TenantId::default_tenant(),
            account: Some("102290129340398".to_owned()),
            display_number: Some("+55 11 4000-1000".to_owned()),
            access_token: Some("EAAx".into()),
            app_secret: None,
            verify_token: None,
            settings: NumberSettings::default(),
        };
        assert!(fields(&good).is_empty());
        let bad = NewNumber {
            account: Some("a b".to_owned()),
            display_number: Some("11".to_owned()),
            access_token: Some("with space".into()),
            app_secret: Some("".into()),
            verify_token: Some("x".repeat(5_000).into()),
            settings: NumberSettings {
                quiet_ms: Some(30_001),
                quiet_max_ms: Some(120_001),
                returns_after_s: Some(1),
                max_per_10_min: 0,
                max_per_day: 0,
                ..NumberSettings::default()
            },
            ..good
        };
        assert_eq!(fields(&bad).len(), 10);
    }
}
