//! The countries whose phones, documents, postal codes and money the extractors know by default.

use crate::Language;

/// A country that a tenant's customers live in; numbers without a country are read as its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Country {
    /// Brazil.
    #[default]
    Brazil,
    /// Portugal.
    Portugal,
    /// Spain.
    Spain,
    /// Mexico.
    Mexico,
    /// Argentina.
    Argentina,
    /// Chile.
    Chile,
    /// Colombia.
    Colombia,
    /// Peru.
    Peru,
    /// Uruguay.
    Uruguay,
    /// Paraguay.
    Paraguay,
    /// Bolivia.
    Bolivia,
    /// Ecuador.
    Ecuador,
    /// Venezuela.
    Venezuela,
    /// Costa Rica.
    CostaRica,
    /// Panama.
    Panama,
    /// Guatemala.
    Guatemala,
    /// Honduras.
    Honduras,
    /// El Salvador.
    ElSalvador,
    /// Nicaragua.
    Nicaragua,
    /// The Dominican Republic.
    DominicanRepublic,
    /// The United States.
    UnitedStates,
    /// Canada.
    Canada,
    /// The United Kingdom.
    UnitedKingdom,
}

/// What is known of a country.
struct Facts {
    country: Country,
    /// ISO 3166-1 alpha-2.
    code: &'static str,
    /// ITU-T E.164 country code.
    calling: &'static str,
    /// ISO 4217.
    currency: &'static str,
    language: Language,
}

const fn facts(
    country: Country,
    code: &'static str,
    calling: &'static str,
    currency: &'static str,
    language: Language,
) -> Facts {
    Facts { country, code, calling, currency, language }
}

/// In the order of the enumeration, which `Country::facts` relies on.
const FACTS: [Facts; 23] = [
    facts(Country::Brazil, "BR", "55", "BRL", Language::Portuguese),
    facts(Country::Portugal, "PT", "351", "EUR", Language::Portuguese),
    facts(Country::Spain, "ES", "34", "EUR", Language::Spanish),
    facts(Country::Mexico, "MX", "52", "MXN", Language::Spanish),
    facts(Country::Argentina, "AR", "54", "ARS", Language::Spanish),
    facts(Country::Chile, "CL", "56", "CLP", Language::Spanish),
    facts(Country::Colombia, "CO", "57", "COP", Language::Spanish),
    facts(Country::Peru, "PE", "51", "PEN", Language::Spanish),
    facts(Country::Uruguay, "UY", "598", "UYU", Language::Spanish),
    facts(Country::Paraguay, "PY", "595", "PYG", Language::Spanish),
    facts(Country::Bolivia, "BO", "591", "BOB", Language::Spanish),
    facts(Country::Ecuador, "EC", "593", "USD", Language::Spanish),
    facts(Country::Venezuela, "VE", "58", "VES", Language::Spanish),
    facts(Country::CostaRica, "CR", "506", "CRC", Language::Spanish),
    facts(Country::Panama, "PA", "507", "PAB", Language::Spanish),
    facts(Country::Guatemala, "GT", "502", "GTQ", Language::Spanish),
    facts(Country::Honduras, "HN", "504", "HNL", Language::Spanish),
    facts(Country::ElSalvador, "SV", "503", "USD", Language::Spanish),
    facts(Country::Nicaragua, "NI", "505", "NIO", Language::Spanish),
    facts(Country::DominicanRepublic, "DO", "1", "DOP", Language::Spanish),
    facts(Country::UnitedStates, "US", "1", "USD", Language::English),
    facts(Country::Canada, "CA", "1", "CAD", Language::English),
    facts(Country::UnitedKingdom, "GB", "44", "GBP", Language::English),
];

impl Country {
    /// The country of an ISO 3166-1 alpha-2 code, in either case.
    pub fn from_code(code: &str) -> Option<Self> {
        FACTS.iter().find(|facts| facts.code.eq_ignore_ascii_case(code)).map(|facts| facts.country)
    }

    /// Its ISO 3166-1 alpha-2 code.
    pub fn code(self) -> &'static str {
        self.facts().code
    }

    /// Its E.164 country code, without the plus sign.
    pub fn calling_code(self) -> &'static str {
        self.facts().calling
    }

    /// The ISO 4217 code of the money that its shops count in.
    pub fn currency(self) -> &'static str {
        self.facts().currency
    }

    /// The language in which its numbers are written where a message's own is not known.
    pub fn language(self) -> Language {
        self.facts().language
    }

    /// Whether its decimal mark is a point, so that "1,350" is a thousand and more (CLDR).
    pub(crate) fn writes_decimal_point(self) -> bool {
        matches!(
            self,
            Self::Mexico
                | Self::Peru
                | Self::Guatemala
                | Self::Honduras
                | Self::ElSalvador
                | Self::Nicaragua
                | Self::Panama
                | Self::DominicanRepublic
                | Self::UnitedStates
                | Self::Canada
                | Self::UnitedKingdom
        )
    }

    fn facts(self) -> &'static Facts {
        FACTS.get(self as usize).unwrap_or(&FACTS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_finds_its_own_facts() {
        for facts in &FACTS {
            assert_eq!(facts.country.code(), facts.code);
            assert_eq!(Country::from_code(facts.code), Some(facts.country));
        }
    }
}
