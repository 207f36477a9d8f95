//! What the business says about itself.

use jiff::tz::TimeZone;
use pytake_understanding::entities::Country;
use pytake_understanding::priority::Reason;
use regex::RegexBuilder;

use super::Assistant;
use super::tenants::{check_note, refuse, stale};
use crate::error::{AIError, FieldProblem};
use crate::id::TenantId;
use crate::instructions;
use crate::tenant::{Edit, PutVersion, TenantProfile};
use crate::tenant_view::ORDER_PATTERN_BYTES;

/// Longest regular expression for order numbers, in characters.
const MAX_PATTERN_CHARS: usize = 200;

impl Assistant {
    /// The tenant's profile.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn profile(&self, tenant: &TenantId) -> Result<TenantProfile, AIError> {
        self.engine.store.profile(tenant).await?.ok_or(AIError::NotFound { what: "tenant" })
    }

    /// Replaces the tenant's profile, and makes the tenant if it is new; the next message already goes by it.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when it was changed meanwhile; storage.
    pub async fn put_profile(
        &self,
        tenant: &TenantId,
        profile: TenantProfile,
        edit: Edit,
    ) -> Result<TenantProfile, AIError> {
        let mut problems = self.profile_problems(&profile);
        check_note(&edit.note, &mut problems);
        refuse(problems)?;
        match self.engine.store.put_profile(tenant, &profile, &edit, self.engine.clock.now()).await? {
            PutVersion::Stored(_) => Ok(profile),
            PutVersion::Stale => Err(stale("the profile was")),
        }
    }

    /// Every field that cannot be accepted on this server, and why.
    pub(super) fn profile_problems(&self, profile: &TenantProfile) -> Vec<FieldProblem> {
        let mut problems = check_profile(profile);
        if problems.is_empty() {
            problems.extend(too_long(profile, self.engine.settings.max_instruction_tokens()));
        }
        problems
    }
}

/// Texts that are each short enough can be too long together: instructions that fill a whole prompt would end every turn.
fn too_long(profile: &TenantProfile, most: u64) -> Option<FieldProblem> {
    let tokens = pytake_tokenizer::count(&instructions::system_prompt(profile, true)) as u64;
    let problem = format!(
        "and description, topics, hours, tone and never_say make a prompt of {tokens} tokens with what the server adds; at \
         most {most} leave room for a conversation"
    );
    (tokens > most).then(|| FieldProblem::new("instructions", problem))
}

/// Every field that cannot be accepted, and why.
fn check_profile(profile: &TenantProfile) -> Vec<FieldProblem> {
    let mut problems = Vec::new();
    check_texts(profile, &mut problems);
    check_reading(profile, &mut problems);
    check_languages(profile, &mut problems);
    problems
}

/// What customers may read or a model is told.
fn check_texts(profile: &TenantProfile, problems: &mut Vec<FieldProblem>) {
    let texts = [
        ("business_name", &profile.business_name, 200),
        ("description", &profile.description, 4_000),
        ("hours", &profile.hours, 500),
        ("tone", &profile.tone, 500),
        ("instructions", &profile.instructions, 4_000),
    ];
    for (field, text, max) in texts {
        if text.chars().count() > max {
            problems.push(FieldProblem::new(field, format!("must have at most {max} characters")));
        }
    }
    // It is shown in lists, in a terminal too.
    if profile.business_name.chars().any(char::is_control) {
        problems.push(FieldProblem::new("business_name", "must not contain control characters"));
    }
    let lists = [
        ("filter_allow", &profile.filter_allow, 500, 100),
        ("filter_block", &profile.filter_block, 500, 100),
        ("products", &profile.products, 2_000, 100),
        ("topics", &profile.topics, 50, 100),
        ("never_say", &profile.never_say, 50, 300),
    ];
    for (field, phrases, most, longest) in lists {
        let is_usable = |phrase: &String| (2..=longest).contains(&phrase.trim().chars().count());
        if phrases.len() > most || !phrases.iter().all(is_usable) {
            let problem = format!("must have at most {most} phrases of 2 to {longest} characters");
            problems.push(FieldProblem::new(field, problem));
        }
    }
}

fn check_languages(profile: &TenantProfile, problems: &mut Vec<FieldProblem>) {
    for (at, language) in profile.languages.iter().enumerate() {
        if profile.languages[..at].contains(language) {
            problems.push(FieldProblem::new("languages", "must name each language once"));
            return;
        }
    }
}

/// What messages are read by.
fn check_reading(profile: &TenantProfile, problems: &mut Vec<FieldProblem>) {
    if !profile.country.is_empty() && Country::from_code(&profile.country).is_none() {
        let problem = "must be a two-letter code of a country we know, such as BR, MX or US, or be empty";
        problems.push(FieldProblem::new("country", problem));
    }
    if !profile.time_zone.is_empty() && TimeZone::get(&profile.time_zone).is_err() {
        let problem = "must be an IANA time zone such as America/Sao_Paulo, or be empty";
        problems.push(FieldProblem::new("time_zone", problem));
    }
    if profile.order_patterns.len() > 20 {
        problems.push(FieldProblem::new("order_patterns", "must have at most 20 entries"));
    }
    for (at, pattern) in profile.order_patterns.iter().enumerate().take(20) {
        let built = RegexBuilder::new(pattern).size_limit(ORDER_PATTERN_BYTES).build();
        let is_short = (1..=MAX_PATTERN_CHARS).contains(&pattern.chars().count());
        // One that fits everywhere would call every word an order.
        if !is_short || built.is_err() || built.is_ok_and(|regex| regex.is_match("")) {
            let problem =
                "must be a regular expression of 1 to 200 characters that does not fit an empty text";
            problems.push(FieldProblem::new(format!("order_patterns[{at}]"), problem));
        }
    }
    for (code, weight) in &profile.priority_weights {
        let field = format!("priority_weights.{code}");
        if !Reason::ALL.iter().any(|reason| reason.as_str() == code) {
            let known = Reason::ALL.map(Reason::as_str).join(", ");
            problems.push(FieldProblem::new(
                field,
                format!("is no reason of a priority; expected one of {known}"),
            ));
        } else if !(0.0..=3.0).contains(weight) {
            problems.push(FieldProblem::new(field, "must be a number from 0 to 3"));
        }
    }
}

#[cfg(test)]
mod tests {
    use pytake_understanding::language::Language;

    use super::*;

    fn fields(profile: &TenantProfile) -> Vec<String> {
        check_profile(profile).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn texts_that_are_too_long_together_are_refused_before_they_end_every_turn() {
        let rules = (0..50)
            .map(|number| format!("{number} nunca fale de preços que não estão na tabela. ").repeat(6));
        let profile = TenantProfile { never_say: rules.collect(), ..TenantProfile::default() };
        assert!(fields(&profile).is_empty(), "each is short enough");
        assert_eq!(too_long(&profile, 3_000).map(|problem| problem.field).as_deref(), Some("instructions"));
        assert_eq!(too_long(&TenantProfile::default(), 3_000), None);
    }

    #[test]
    fn a_name_commands_no_terminal() {
        for name in ["Loja\u{1b}[2J", "Loja\nsuspended  -  other"] {
            let profile = TenantProfile { business_name: name.to_owned(), ..TenantProfile::default() };
            assert_eq!(fields(&profile), ["business_name"], "{name:?}");
        }
    }

    #[test]
    fn every_field_that_cannot_be_used_is_named() {
        let profile = TenantProfile {
            business_name: "x".repeat(201),
            products: vec!["x".to_owned()],
            topics: vec!["entregas".to_owned(); 51],
            never_say: vec!["x".repeat(301)],
            languages: vec![Language::Spanish, Language::Portuguese, Language::Spanish],
            country: "Brasil".to_owned(),
            time_zone: "Brasilia".to_owned(),
            order_patterns: vec![
                "PED-[0-9]{6}".to_owned(),
                "[".to_owned(),
                "x*".to_owned(),
                "(x{900}){900}".to_owned(),
            ],
            priority_weights: [("anger".to_owned(), 4.0), ("mood".to_owned(), 1.0)].into(),
            ..TenantProfile::default()
        };
        assert_eq!(
            fields(&profile),
            [
                "business_name",
                "products",
                "topics",
                "never_say",
                "country",
                "time_zone",
                "order_patterns[1]",
                "order_patterns[2]",
                "order_patterns[3]",
                "priority_weights.anger",
                "priority_weights.mood",
                "languages",
            ]
        );
        assert!(fields(&TenantProfile::default()).is_empty());
    }
}
