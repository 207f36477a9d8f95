//! The WhatsApp channel: the number of the environment, Meta's address, and how long bursts are gathered.

use std::path::PathBuf;
use std::time::Duration;

use pytake_assistant::id::NumberId;
use secrecy::SecretString;

use super::Database;
use super::read::Reader;

/// What the environment says about WhatsApp. Further numbers are in the database.
#[derive(Debug, Clone)]
pub struct WhatsApp {
    /// The number of the default tenant; `None` unless all four of its variables are set.
    pub number: Option<WhatsAppNumber>,
    /// `WHATSAPP_API_BASE_URL`; `None`: Meta's.
    pub base_url: Option<String>,
    /// `WHATSAPP_API_VERSION`, such as `v26.0`.
    pub version: String,
    /// `WHATSAPP_QUIET_MS`: quiet time after each message.
    pub quiet: Duration,
    /// `WHATSAPP_QUIET_MAX_MS`: the longest that the first message of a burst waits.
    pub quiet_at_most: Duration,
    /// `WHATSAPP_REPORT_WAIT_MS`: how long a message without an answer of Meta waits for a report that names it.
    pub report_wait: Duration,
    /// Where the key that seals secrets in the database comes from.
    pub sealing: SealingSource,
}

/// A business number with its secrets.
#[derive(Debug, Clone)]
pub struct WhatsAppNumber {
    /// `WHATSAPP_PHONE_NUMBER_ID`
    pub number: NumberId,
    /// `WHATSAPP_BUSINESS_ACCOUNT_ID`
    pub account: Option<String>,
    /// `WHATSAPP_ACCESS_TOKEN`
    pub access_token: SecretString,
    /// `WHATSAPP_APP_SECRET`
    pub app_secret: SecretString,
    /// `WHATSAPP_VERIFY_TOKEN`
    pub verify_token: SecretString,
}

/// Where the key that seals secrets in the database comes from.
#[derive(Debug, Clone)]
pub enum SealingSource {
    /// `PYTAKE_SECRET_KEY`: the first seals, all of them open.
    Keys(Vec<SecretString>),
    /// A file, made where there is none.
    File(PathBuf),
    /// Made for this process: nothing outlives it.
    Fresh,
}

/// The four variables that switch the channel on.
const NUMBER: [&str; 4] =
    ["WHATSAPP_ACCESS_TOKEN", "WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"];

impl WhatsApp {
    pub(super) fn read(reader: &mut Reader<'_>, database: &Database) -> Self {
        let quiet = Duration::from_millis(reader.in_range("WHATSAPP_QUIET_MS", 0..=30_000));
        let longest = Duration::from_millis(reader.in_range("WHATSAPP_QUIET_MAX_MS", 0..=120_000));
        Self {
            number: number(reader),
            base_url: reader.url("WHATSAPP_API_BASE_URL"),
            version: version(reader),
            quiet,
            quiet_at_most: longest.max(quiet),
            report_wait: Duration::from_millis(reader.in_range("WHATSAPP_REPORT_WAIT_MS", 1_000..=600_000)),
            sealing: sealing(reader, database),
        }
    }
}

fn number(reader: &mut Reader<'_>) -> Option<WhatsAppNumber> {
    let [access_token, number, app_secret, verify_token] = NUMBER.map(|name| reader.secret(name));
    let account = reader.text("WHATSAPP_BUSINESS_ACCOUNT_ID");
    let (access_token, number, app_secret, verify_token) =
        (access_token?, number?, app_secret?, verify_token?);
    let number = secrecy::ExposeSecret::expose_secret(&number);
    match NumberId::new(number) {
        Ok(number) => Some(WhatsAppNumber { number, account, access_token, app_secret, verify_token }),
        Err(why) => {
            reader.problem("WHATSAPP_PHONE_NUMBER_ID", why.to_string());
            None
        }
    }
}

/// Variables of the number that are set although another is missing, each with the missing ones.
pub(super) fn incomplete(reader: &Reader<'_>) -> Vec<(&'static str, String)> {
    let missing: Vec<&str> = NUMBER.into_iter().filter(|name| !reader.is_set(name)).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let why = format!("the WhatsApp channel is on when {} is set too", missing.join(" and "));
    NUMBER.into_iter().filter(|name| reader.is_set(name)).map(|name| (name, why.clone())).collect()
}

fn version(reader: &mut Reader<'_>) -> String {
    let version = reader.text("WHATSAPP_API_VERSION").unwrap_or_default();
    let digits = version.strip_prefix('v').unwrap_or_default();
    let is_version = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    if !is_version {
        reader.problem("WHATSAPP_API_VERSION", format!("is {version:?}, but must be v and a number"));
    }
    version
}

fn sealing(reader: &mut Reader<'_>, database: &Database) -> SealingSource {
    if let Some(keys) = reader.text("PYTAKE_SECRET_KEY") {
        let each = keys.split(',').map(str::trim).filter(|key| !key.is_empty());
        let keys: Vec<SecretString> = each.map(SecretString::from).collect();
        if keys.is_empty() {
            reader.problem("PYTAKE_SECRET_KEY", "names no key".to_owned());
        }
        return SealingSource::Keys(keys);
    }
    match (reader.text("PYTAKE_KEY_FILE"), database) {
        (Some(file), _) => SealingSource::File(file.into()),
        (None, Database::File(path)) => SealingSource::File(path.with_extension("key")),
        (None, Database::Memory) => SealingSource::Fresh,
    }
}
