//! Variables that the server fills by itself: what they mean, and what they hold. Pure.

use jiff::civil::{DateTime, Weekday};
use pytake_understanding::language::Language;
use serde::{Deserialize, Serialize};

use crate::tenant::TenantProfile;

/// Longest name of a customer in a prompt, in characters. A choice; the channel's own bound is of the same size.
const MAX_NAME_CHARS: usize = 60;

/// A variable that is filled when the caller does not send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each says what it means in `meaning`")]
pub enum BuiltIn {
    CustomerName,
    CustomerLanguage,
    BusinessName,
    BusinessDescription,
    BusinessHours,
    BusinessTone,
    Today,
    Now,
    Weekday,
    Channel,
}

impl BuiltIn {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 10] = [
        Self::CustomerName,
        Self::CustomerLanguage,
        Self::BusinessName,
        Self::BusinessDescription,
        Self::BusinessHours,
        Self::BusinessTone,
        Self::Today,
        Self::Now,
        Self::Weekday,
        Self::Channel,
    ];

    /// How a template names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CustomerName => "customer_name",
            Self::CustomerLanguage => "customer_language",
            Self::BusinessName => "business_name",
            Self::BusinessDescription => "business_description",
            Self::BusinessHours => "business_hours",
            Self::BusinessTone => "business_tone",
            Self::Today => "today",
            Self::Now => "now",
            Self::Weekday => "weekday",
            Self::Channel => "channel",
        }
    }

    /// The one with a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.name() == name)
    }

    /// What it holds, for people.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::CustomerName => "The customer's name: from the context, or as the channel knows it",
            Self::CustomerLanguage => "The language the customer writes, in that language",
            Self::BusinessName => "The business's name, from its profile",
            Self::BusinessDescription => "What the business does, from its profile",
            Self::BusinessHours => "Opening hours of people, from the profile",
            Self::BusinessTone => "How the business wants to sound, from its profile",
            Self::Today => "The date at the business's place, as the customer's language writes it",
            Self::Now => "The time at the business's place, such as 14:05",
            Self::Weekday => "The day of the week at the business's place, in the customer's language",
            Self::Channel => "Where the message came from: whatsapp, or api",
        }
    }
}

/// What is known when a prompt is filled.
#[derive(Debug, Clone)]
pub(crate) struct Known<'a> {
    pub(crate) profile: &'a TenantProfile,
    /// At the business's place.
    pub(crate) local_time: DateTime,
    /// `None` where neither message nor conversation tells.
    pub(crate) language: Option<Language>,
    /// Untrusted.
    pub(crate) customer_name: Option<&'a str>,
    pub(crate) channel: Option<&'static str>,
}

impl Known<'_> {
    /// What a variable holds now; `None` where that is not known.
    pub(crate) fn value(&self, variable: BuiltIn) -> Option<String> {
        let language = self.language.unwrap_or(Language::Portuguese);
        let local = self.local_time;
        let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        match variable {
            BuiltIn::CustomerName => self.customer_name.and_then(|name| said(&on_one_line(name))),
            BuiltIn::CustomerLanguage => self.language.map(|language| own_name(language).to_owned()),
            BuiltIn::BusinessName => said(&self.profile.business_name),
            BuiltIn::BusinessDescription => said(&self.profile.description),
            BuiltIn::BusinessHours => said(&self.profile.hours),
            BuiltIn::BusinessTone => said(&self.profile.tone),
            BuiltIn::Today => Some(date(local, language)),
            BuiltIn::Now => Some(format!("{:02}:{:02}", local.hour(), local.minute())),
            BuiltIn::Weekday => Some(weekday(local.weekday(), language).to_owned()),
            BuiltIn::Channel => self.channel.map(str::to_owned),
        }
    }
}

/// A name that somebody gave themselves: one short line, whatever it says.
fn on_one_line(name: &str) -> String {
    let line = name.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect()
}

fn own_name(language: Language) -> &'static str {
    match language {
        Language::Portuguese => "português",
        Language::Spanish => "español",
        Language::English => "English",
    }
}

/// Day, month, year where that is the order; in English, which has two orders, the one of ISO 8601.
fn date(local: DateTime, language: Language) -> String {
    match language {
        Language::Portuguese | Language::Spanish => {
            format!("{:02}/{:02}/{:04}", local.day(), local.month(), local.year())
        }
        Language::English => local.date().to_string(),
    }
}

fn weekday(day: Weekday, language: Language) -> &'static str {
    let names = match language {
        Language::Portuguese => [
            "segunda-feira",
            "terça-feira",
            "quarta-feira",
            "quinta-feira",
            "sexta-feira",
            "sábado",
            "domingo",
        ],
        Language::Spanish => ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
        Language::English => ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    };
    let place = match day {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    };
    names[place]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    fn all(language: Option<Language>, name: Option<&str>) -> Vec<Option<String>> {
        let profile = TenantProfile { business_name: " Loja Sol ".to_owned(), ..TenantProfile::default() };
        let local_time = day(2026, 11, 22).at(9, 5, 0, 0);
        let known =
            Known { profile: &profile, local_time, language, customer_name: name, channel: Some("api") };
        BuiltIn::ALL.into_iter().map(|variable| known.value(variable)).collect()
    }

    #[test]
    fn what_is_known_is_told_in_the_customers_language() {
        let told =
            |language| all(Some(language), Some("Ana\n Souza")).into_iter().flatten().collect::<Vec<_>>();
        let pt = ["Ana Souza", "português", "Loja Sol", "22/11/2026", "09:05", "domingo", "api"];
        assert_eq!(told(Language::Portuguese), pt);
        let en = ["Ana Souza", "English", "Loja Sol", "2026-11-22", "09:05", "Sunday", "api"];
        assert_eq!(told(Language::English), en);
        assert_eq!(told(Language::Spanish)[1], "español");
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let told = all(None, None);
        assert_eq!((&told[0], &told[1], &told[3]), (&None, &None, &None));
        assert_eq!(told[8].as_deref(), Some("domingo"), "the tenant's customers read Portuguese as a rule");
    }

    #[test]
    fn every_variable_is_found_by_a_name_that_a_template_may_use() {
        for variable in BuiltIn::ALL {
            assert_eq!(BuiltIn::named(variable.name()), Some(variable));
            assert!(crate::template::check_name(variable.name()).is_ok());
        }
        assert_eq!(BuiltIn::named("order"), None);
    }
}
