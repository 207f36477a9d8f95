//! Can settings be in force on this server? Pure; the prompts they name are looked up by the caller.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::error::FieldProblem;
use crate::money::{ModelCatalog, PicoUsd};
use crate::tenant::{
    AtCap, ModelChoice, ProviderRules, Retention, TenantBudget, TenantLimits, TenantPrice, TenantSettings,
    pico_usd_per_minute, pico_usd_per_token,
};

/// Providers that a tenant may name also where the server has no key for them: it can bring its own.
const WITH_OWN_KEY: [&str; 2] = ["openai", "anthropic"];
/// Names of providers in a list, and models of one; a choice, far more than anybody runs.
const MAX_NAMES: usize = 50;
/// Longest id of a model, in characters; vendors' are below 100.
const MAX_MODEL_CHARS: usize = 128;
/// Most prices: see [`TenantSettings::prices`].
const MAX_PRICES: usize = 200;
/// Largest cap: what [`PicoUsd`] can count, in micro-US-dollars.
const MAX_CAP: u64 = (i64::MAX / PicoUsd::PER_MICRO).unsigned_abs();

/// What settings are held against.
pub(super) struct ServerFacts<'a> {
    /// Names of the configured providers, those of recordings and second opinions included.
    pub(super) providers: &'a [String],
    /// `AI_DAILY_REQUEST_LIMIT`.
    pub(super) daily_request_limit: u64,
    /// The server's prices.
    pub(super) catalog: &'a ModelCatalog,
    pub(super) today: Date,
}

/// Every field that cannot be in force, and why.
pub(super) fn check_settings(settings: &TenantSettings, server: &ServerFacts<'_>) -> Vec<FieldProblem> {
    let mut check = Check { server, problems: Vec::new() };
    check.providers(&settings.providers);
    check.limits(&settings.limits);
    check.budget(&settings.budget);
    if settings.budget.at_cap == AtCap::CheaperModel {
        check.cheaper_model(settings);
    }
    check.retention(settings.retention);
    check.usage_of_a_month(settings);
    check.prices(&settings.prices);
    check.problems
}

struct Check<'a> {
    server: &'a ServerFacts<'a>,
    problems: Vec<FieldProblem>,
}

impl Check<'_> {
    fn say(&mut self, field: impl Into<String>, problem: impl Into<String>) {
        self.problems.push(FieldProblem::new(field, problem));
    }

    fn provider(&mut self, field: impl Into<String>, name: &str) {
        let is_known =
            self.server.providers.iter().any(|known| known == name) || WITH_OWN_KEY.contains(&name);
        if !is_known {
            let mut known: BTreeSet<&str> = self.server.providers.iter().map(String::as_str).collect();
            known.extend(WITH_OWN_KEY);
            let known = known.into_iter().collect::<Vec<_>>().join(", ");
            self.say(field, format!("is no provider of this server; there are {known}"));
        }
    }

    fn model(&mut self, field: impl Into<String>, model: &str) {
        let is_usable = (1..=MAX_MODEL_CHARS).contains(&model.chars().count())
            && !model.chars().any(|c| c.is_control() || c.is_whitespace());
        if !is_usable {
            self.say(field, "must be a model's id, 1 to 128 characters without spaces");
        }
    }

    fn providers(&mut self, rules: &ProviderRules) {
        if rules.allowed.len() > MAX_NAMES {
            self.say("providers.allowed", "must have at most 50 entries");
        }
        for (at, name) in rules.allowed.iter().enumerate().take(MAX_NAMES) {
            let field = format!("providers.allowed[{at}]");
            if rules.allowed[..at].contains(name) {
                self.say(field, "must not be named twice");
            } else {
                self.provider(field, name);
            }
        }
        if rules.models.len() > MAX_NAMES {
            self.say("providers.models", "must have at most 50 entries");
        }
        for (name, models) in rules.models.iter().take(MAX_NAMES) {
            let field = format!("providers.models.{name}");
            self.provider(field.as_str(), name);
            if models.is_empty() || models.len() > MAX_NAMES {
                self.say(
                    field.as_str(),
                    "must have 1 to 50 models, the default first; leave the provider out for any",
                );
            }
            for (at, model) in models.iter().enumerate().take(MAX_NAMES) {
                let field = format!("{field}[{at}]");
                if models[..at].contains(model) {
                    self.say(field, "must not be named twice");
                } else {
                    self.model(field, model);
                }
            }
        }
    }

    fn limits(&mut self, limits: &TenantLimits) {
        let a_day = u32::try_from(self.server.daily_request_limit).unwrap_or(u32::MAX);
        let bounded = [
            ("requests_per_minute", limits.requests_per_minute, 1, u32::MAX),
            ("tokens_per_minute", limits.tokens_per_minute, 1_000, u32::MAX),
            ("concurrent_requests", limits.concurrent_requests, 1, u32::MAX),
            ("user_requests_per_minute", limits.user_requests_per_minute, 1, u32::MAX),
            ("user_requests_per_day", limits.user_requests_per_day, 1, a_day),
            ("user_concurrent_requests", limits.user_concurrent_requests, 1, u32::MAX),
        ];
        for (name, value, least, most) in bounded {
            self.range("limits", name, value, least, most);
        }
    }

    fn range(&mut self, area: &str, name: &str, value: Option<u32>, least: u32, most: u32) {
        let Some(value) = value else { return };
        if value < least || value > most {
            let range = match most {
                u32::MAX => format!("must be at least {least}, or null"),
                _ => format!("must be from {least} to {most}, or null"),
            };
            self.say(format!("{area}.{name}"), range);
        }
    }

    fn budget(&mut self, budget: &TenantBudget) {
        let caps = [
            ("day_micro_usd", budget.day_micro_usd),
            ("month_micro_usd", budget.month_micro_usd),
            ("user_day_micro_usd", budget.user_day_micro_usd),
            ("user_month_micro_usd", budget.user_month_micro_usd),
        ];
        for (name, cap) in caps {
            if cap.is_some_and(|cap| cap > MAX_CAP) {
                self.say(format!("budget.{name}"), format!("must be at most {MAX_CAP}, or null"));
            }
        }
        if let Some(ModelChoice { provider, model }) = &budget.cheaper_model {
            self.provider("budget.cheaper_model.provider", provider);
            self.model("budget.cheaper_model.model", model);
        }
    }

    /// Whether the model that answers at the cap may be asked, and whether its cost can be known beforehand.
    fn cheaper_model(&mut self, settings: &TenantSettings) {
        const FIELD: &str = "budget.cheaper_model";
        let Some(choice) = &settings.budget.cheaper_model else {
            return self.say(FIELD, "must name a provider and a model where at_cap is cheaper_model");
        };
        let rules = &settings.providers;
        let is_allowed = rules.allowed.is_empty() || rules.allowed.contains(&choice.provider);
        let is_listed =
            rules.models.get(&choice.provider).is_none_or(|models| models.contains(&choice.model));
        if !is_allowed || !is_listed {
            self.say(FIELD, "must be one of those that providers.allowed and providers.models let answer");
        }
        if !self.has_price(choice, &settings.prices) {
            self.say(FIELD, "has no known price, so a budget cannot hold it; give its price in prices");
        }
    }

    fn has_price(&self, choice: &ModelChoice, own: &[TenantPrice]) -> bool {
        let is_meant = |price: &&TenantPrice| {
            price.provider == choice.provider
                && price.model == choice.model
                && price.from <= self.server.today
                && price.price().is_some()
        };
        let listed = self.server.catalog.facts(&choice.provider, &choice.model);
        own.iter().any(|price| is_meant(&price))
            || listed.is_some_and(|facts| facts.price_on(self.server.today).is_some())
    }

    fn retention(&mut self, retention: Retention) {
        /// Ten years.
        const MOST: u32 = 3_650;
        let times = [
            ("conversations_days", retention.conversations_days, 1),
            ("media_days", retention.media_days, 1),
            ("usage_days", retention.usage_days, 1),
            ("audit_days", retention.audit_days, 30),
        ];
        for (name, days, least) in times {
            self.range("retention", name, days, least, MOST);
        }
    }

    /// A customer's money of a month is the sum of their bookings: nobody may have forgotten whose those of its first day
    /// were on its last one.
    fn usage_of_a_month(&mut self, settings: &TenantSettings) {
        const LEAST: u32 = 30;
        let is_capped = settings.budget.user_month_micro_usd.is_some();
        if is_capped && settings.retention.usage_days.is_some_and(|days| (1..LEAST).contains(&days)) {
            let problem = format!(
                "must be at least {LEAST} where budget.user_month_micro_usd is set: the cap counts what is booked to the \
                 customer"
            );
            self.say("retention.usage_days", problem);
        }
    }

    fn prices(&mut self, prices: &[TenantPrice]) {
        if prices.len() > MAX_PRICES {
            self.say("prices", "must have at most 200 entries");
        }
        for (at, price) in prices.iter().enumerate().take(MAX_PRICES) {
            let field = format!("prices[{at}]");
            self.provider(format!("{field}.provider"), &price.provider);
            self.model(format!("{field}.model"), &price.model);
            let is_same = |other: &TenantPrice| {
                other.provider == price.provider && other.model == price.model && other.from == price.from
            };
            if prices[..at].iter().any(is_same) {
                self.say(
                    format!("{field}.from"),
                    "must be another day than in an earlier price of this model",
                );
            }
            self.amounts(&field, price);
        }
    }

    /// The amounts of one price: of tokens, of minutes, or of both, and nothing half.
    fn amounts(&mut self, field: &str, price: &TenantPrice) {
        let [input, cached, output] =
            [&price.input_usd_per_million, &price.cached_usd_per_million, &price.output_usd_per_million];
        let of_tokens = [
            ("input_usd_per_million", input),
            ("cached_usd_per_million", cached),
            ("output_usd_per_million", output),
        ];
        for (name, amount) in of_tokens {
            if amount.as_deref().is_some_and(|amount| pico_usd_per_token(amount).is_none()) {
                let problem =
                    "must be a decimal such as \"0.15\", with at most 6 decimals and at most 9000000";
                self.say(format!("{field}.{name}"), problem);
            }
        }
        let per_minute = price.usd_per_minute.as_deref();
        if per_minute.is_some_and(|amount| pico_usd_per_minute(amount).is_none()) {
            let problem = "must be a decimal such as \"0.006\", with at most 12 decimals and at most 9000000";
            self.say(format!("{field}.usd_per_minute"), problem);
        }
        let has_any = of_tokens.iter().any(|(_, amount)| amount.is_some());
        for (name, amount) in [("input_usd_per_million", input), ("output_usd_per_million", output)] {
            if amount.is_none() && (has_any || per_minute.is_none()) {
                let problem = "is missing: a price has those of prompts and of answers, or usd_per_minute";
                self.say(format!("{field}.{name}"), problem);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;
    use crate::money::{ModelFacts, Price, Rates};

    fn problems_of(settings: &TenantSettings) -> Vec<FieldProblem> {
        let rates = Rates { input: 1, cached: None, cache_write: None, cache_write_long: None, output: 1 };
        let price = Price { from: date(2026, 1, 1), rates, long_context: None };
        let facts = ModelFacts { prices: vec![price], ..ModelFacts::default() };
        let models = BTreeMap::from([("small".to_owned(), facts)]);
        let catalog = ModelCatalog {
            version: "test".to_owned(),
            providers: BTreeMap::from([("openai".to_owned(), models)]),
        };
        let server = ServerFacts {
            providers: &["groq".to_owned(), "local".to_owned()],
            daily_request_limit: 1_000,
            catalog: &catalog,
            today: date(2026, 11, 22),
        };
        check_settings(settings, &server)
    }

    fn fields(settings: &TenantSettings) -> Vec<String> {
        problems_of(settings).into_iter().map(|problem| problem.field).collect()
    }

    fn price(model: &str, input: &str) -> TenantPrice {
        TenantPrice {
            provider: "groq".to_owned(),
            model: model.to_owned(),
            from: date(2026, 11, 1),
            input_usd_per_million: Some(input.to_owned()),
            cached_usd_per_million: None,
            output_usd_per_million: Some("1".to_owned()),
            usd_per_minute: None,
        }
    }

    fn with_cheaper(provider: &str, model: &str) -> TenantSettings {
        let choice = ModelChoice { provider: provider.to_owned(), model: model.to_owned() };
        let budget = TenantBudget {
            at_cap: AtCap::CheaperModel,
            cheaper_model: Some(choice),
            ..TenantBudget::default()
        };
        TenantSettings { budget, ..TenantSettings::default() }
    }

    #[test]
    fn settings_that_say_nothing_are_in_force_everywhere() {
        assert!(fields(&TenantSettings::default()).is_empty());
    }

    #[test]
    fn a_provider_is_one_of_the_servers_or_one_a_tenant_can_have_a_key_for() {
        let mut settings = TenantSettings::default();
        settings.providers.allowed = ["anthropic", "groq", "gorq", "groq"].map(str::to_owned).to_vec();
        settings.providers.models = [
            ("openai".to_owned(), vec!["small".to_owned(), "a b".to_owned(), "small".to_owned()]),
            ("groq".to_owned(), vec![]),
        ]
        .into();
        let problems = problems_of(&settings);
        assert_eq!(
            problems[0].problem,
            "is no provider of this server; there are anthropic, groq, local, openai"
        );
        let fields: Vec<String> = problems.into_iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            [
                "providers.allowed[2]",
                "providers.allowed[3]",
                "providers.models.groq",
                "providers.models.openai[1]",
                "providers.models.openai[2]",
            ]
        );
    }

    #[test]
    fn every_number_has_its_range() {
        let settings = TenantSettings {
            limits: TenantLimits {
                requests_per_minute: Some(0),
                tokens_per_minute: Some(999),
                concurrent_requests: Some(0),
                user_requests_per_minute: Some(0),
                user_requests_per_day: Some(1_001),
                user_concurrent_requests: Some(0),
            },
            budget: TenantBudget { day_micro_usd: Some(u64::MAX), ..TenantBudget::default() },
            retention: Retention {
                conversations_days: Some(0),
                media_days: Some(3_651),
                usage_days: Some(0),
                audit_days: Some(29),
            },
            ..TenantSettings::default()
        };
        assert_eq!(
            fields(&settings),
            [
                "limits.requests_per_minute",
                "limits.tokens_per_minute",
                "limits.concurrent_requests",
                "limits.user_requests_per_minute",
                "limits.user_requests_per_day",
                "limits.user_concurrent_requests",
                "budget.day_micro_usd",
                "retention.conversations_days",
                "retention.media_days",
                "retention.usage_days",
                "retention.audit_days",
            ]
        );
    }

    #[test]
    fn the_smallest_and_the_largest_numbers_are_in_force() {
        let settings = TenantSettings {
            limits: TenantLimits {
                requests_per_minute: Some(1),
                tokens_per_minute: Some(1_000),
                user_requests_per_day: Some(1_000),
                ..TenantLimits::default()
            },
            budget: TenantBudget {
                day_micro_usd: Some(0),
                month_micro_usd: Some(MAX_CAP),
                ..TenantBudget::default()
            },
            retention: Retention {
                conversations_days: Some(3_650),
                audit_days: Some(30),
                ..Retention::default()
            },
            ..TenantSettings::default()
        };
        assert!(fields(&settings).is_empty());
    }

    #[test]
    fn a_customers_month_is_not_forgotten_before_its_end() {
        let with = |cap, days| {
            let budget = TenantBudget { user_month_micro_usd: cap, ..TenantBudget::default() };
            let retention = Retention { usage_days: days, ..Retention::default() };
            fields(&TenantSettings { budget, retention, ..TenantSettings::default() })
        };
        assert_eq!(with(Some(1), Some(29)), ["retention.usage_days"]);
        for (cap, days) in [(Some(1), Some(30)), (Some(1), None), (None, Some(1))] {
            assert!(with(cap, days).is_empty(), "{cap:?} {days:?}");
        }
    }

    #[test]
    fn a_cheaper_model_has_to_be_named_allowed_and_priced() {
        let mut unnamed = with_cheaper("openai", "small");
        assert!(fields(&unnamed).is_empty());
        unnamed.budget.cheaper_model = None;
        assert_eq!(fields(&unnamed), ["budget.cheaper_model"]);
        let mut elsewhere = with_cheaper("openai", "small");
        elsewhere.providers.allowed = vec!["groq".to_owned()];
        assert_eq!(fields(&elsewhere), ["budget.cheaper_model"]);
        let mut unpriced = with_cheaper("groq", "tiny");
        assert_eq!(fields(&unpriced), ["budget.cheaper_model"]);
        unpriced.prices = vec![price("tiny", "0")];
        assert!(fields(&unpriced).is_empty());
        unpriced.prices[0].from = date(2026, 11, 23);
        assert_eq!(fields(&unpriced), ["budget.cheaper_model"], "from tomorrow on");
    }

    #[test]
    fn a_price_is_exact_and_stands_once_for_a_day() {
        let prices = vec![price("tiny", "0.15"), price("tiny", "0.0000001"), price("other", "0,5")];
        let settings = TenantSettings { prices, ..TenantSettings::default() };
        assert_eq!(
            fields(&settings),
            ["prices[1].from", "prices[1].input_usd_per_million", "prices[2].input_usd_per_million"]
        );
        let by_minute = |minute: &str| TenantPrice {
            input_usd_per_million: None,
            output_usd_per_million: None,
            usd_per_minute: Some(minute.to_owned()),
            ..price("voice", "1")
        };
        let half = TenantPrice { output_usd_per_million: None, ..price("half", "1") };
        let none = TenantPrice { usd_per_minute: None, model: "none".to_owned(), ..by_minute("1") };
        let rude = TenantPrice { model: "rude".to_owned(), ..by_minute("R$ 1") };
        let settings = TenantSettings {
            prices: vec![by_minute("0.006"), half, none, rude],
            ..TenantSettings::default()
        };
        assert_eq!(
            fields(&settings),
            [
                "prices[1].output_usd_per_million",
                "prices[2].input_usd_per_million",
                "prices[2].output_usd_per_million",
                "prices[3].usd_per_minute",
            ]
        );
        let mut cheaper = with_cheaper("groq", "voice");
        cheaper.prices = vec![by_minute("0.006")];
        assert_eq!(fields(&cheaper), ["budget.cheaper_model"], "minutes are no price of an answer");
        let many = TenantSettings { prices: vec![price("tiny", "1"); 201], ..TenantSettings::default() };
        assert_eq!(fields(&many)[0], "prices");
    }
}
