//! How often each rule is right.
//!
//! A rule's confidence is its precision on labelled text, smoothed after Laplace: (right + 1) /
//! (found + 2). Where a check digit decides, the precision is that of the bare shape, and Bayes'
//! rule adds what the digit tells: a shape that is right with probability p and passes by chance
//! with probability c is right with p / (p + (1 - p) c) once it passes.

#[cfg(test)]
mod measure;

use crate::EntityKind;

/// One way of finding one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Rule {
    Email,
    Url,
    BareDomain,
    IpAddress,
    PhoneInternational,
    PhoneNational,
    PhoneForeignShape,
    PhoneLocal,
    PhoneClue,
    Cpf,
    CpfBare,
    Cnpj,
    CnpjBare,
    TaxId,
    TaxIdClue,
    PixRandom,
    PixClue,
    Card,
    CardClue,
    PostalShape,
    PostalClue,
    Address,
    AddressUnnumbered,
    Place,
    PlaceWithState,
    PlaceClue,
    OrderClue,
    OrderHash,
    OrderPattern,
    TrackingS10,
    TrackingS10Unchecked,
    TrackingUps,
    TrackingClue,
    Product,
    NameIntroduced,
    NameTitled,
    NameAddressed,
    NameListed,
    NameGiven,
    Organization,
    MoneyMarked,
    MoneyWord,
    MoneyClue,
    Quantity,
    Size,
    Coupon,
    CodeClue,
    CodeShape,
}

/// What is known of a rule.
struct Measured {
    kind: EntityKind,
    /// Findings that were right, in the sets that the source names.
    right: u32,
    /// All findings there.
    found: u32,
    /// How often a string of the same shape passes the check by chance; 1 where nothing is checked.
    chance: f64,
}

impl Rule {
    pub(crate) fn kind(self) -> EntityKind {
        self.measured().kind
    }

    /// How often the rule is right, 0 to 1.
    pub(crate) fn confidence(self) -> f32 {
        let Measured { right, found, chance, .. } = self.measured();
        let shape = f64::from(right + 1) / f64::from(found + 2);
        let posterior = shape / (shape + (1.0 - shape) * chance);
        #[expect(clippy::cast_possible_truncation, reason = "a probability with three figures")]
        let confidence = posterior as f32;
        confidence
    }

    /// Right and found, measured by `confidence::measure` on the fixture of this crate
    /// (`tests/it/entities/messages.txt`) and on the development data named in each line.
    #[expect(clippy::match_same_arms, reason = "one line a rule; some have the same figures")]
    fn measured(self) -> Measured {
        use EntityKind as Kind;
        let line = |kind, right, found, chance| Measured { kind, right, found, chance };
        match self {
            Self::Email => line(Kind::Email, 33, 33, 1.0),
            Self::Url => line(Kind::Url, 41, 42, 1.0),
            Self::BareDomain => line(Kind::Url, 9, 9, 1.0),
            Self::IpAddress => line(Kind::IpAddress, 29, 29, 1.0),
            Self::PhoneInternational => line(Kind::Phone, 131, 131, 1.0),
            Self::PhoneNational => line(Kind::Phone, 70, 70, 1.0),
            Self::PhoneForeignShape => line(Kind::Phone, 5, 5, 1.0),
            Self::PhoneLocal => line(Kind::Phone, 4, 4, 1.0),
            Self::PhoneClue => line(Kind::Phone, 157, 157, 1.0),
            Self::Cpf => line(Kind::Cpf, 11, 15, 0.01),
            Self::CpfBare => line(Kind::Cpf, 5, 14, 0.01),
            Self::Cnpj => line(Kind::Cnpj, 8, 11, 0.01),
            Self::CnpjBare => line(Kind::Cnpj, 4, 5, 0.01),
            Self::TaxId => line(Kind::TaxId, 18, 18, 0.1),
            Self::TaxIdClue => line(Kind::TaxId, 5, 5, 1.0),
            Self::PixRandom => line(Kind::PixKey, 5, 5, 1.0),
            Self::PixClue => line(Kind::PixKey, 1, 1, 1.0),
            Self::Card => line(Kind::Card, 101, 119, 0.1),
            Self::CardClue => line(Kind::Card, 1, 1, 1.0),
            Self::PostalShape => line(Kind::PostalCode, 7, 7, 1.0),
            Self::PostalClue => line(Kind::PostalCode, 28, 28, 1.0),
            Self::Address => line(Kind::Address, 75, 94, 1.0),
            Self::AddressUnnumbered => line(Kind::Address, 3, 3, 1.0),
            Self::Place => line(Kind::Location, 413, 451, 1.0),
            Self::PlaceWithState => line(Kind::Location, 4, 5, 1.0),
            Self::PlaceClue => line(Kind::Location, 3, 5, 1.0),
            Self::OrderClue => line(Kind::OrderId, 34, 34, 1.0),
            Self::OrderHash => line(Kind::OrderId, 5, 5, 1.0),
            Self::OrderPattern => line(Kind::OrderId, 5, 5, 1.0),
            Self::TrackingS10 => line(Kind::TrackingCode, 10, 10, 0.1),
            Self::TrackingS10Unchecked => line(Kind::TrackingCode, 3, 3, 1.0),
            Self::TrackingUps => line(Kind::TrackingCode, 4, 4, 0.1),
            Self::TrackingClue => line(Kind::TrackingCode, 6, 6, 1.0),
            Self::Product => line(Kind::Product, 13, 13, 1.0),
            Self::NameIntroduced => line(Kind::Name, 73, 78, 1.0),
            Self::NameTitled => line(Kind::Name, 31, 36, 1.0),
            Self::NameAddressed => line(Kind::Name, 86, 99, 1.0),
            Self::NameListed => line(Kind::Name, 129, 142, 1.0),
            Self::NameGiven => line(Kind::Name, 360, 441, 1.0),
            Self::Organization => line(Kind::Organization, 23, 35, 1.0),
            Self::MoneyMarked => line(Kind::Money, 312, 314, 1.0),
            Self::MoneyWord => line(Kind::Money, 10, 11, 1.0),
            Self::MoneyClue => line(Kind::Money, 10, 13, 1.0),
            Self::Quantity => line(Kind::Quantity, 34, 34, 1.0),
            Self::Size => line(Kind::Quantity, 17, 17, 1.0),
            Self::Coupon => line(Kind::Code, 9, 9, 1.0),
            Self::CodeClue => line(Kind::Code, 9, 9, 1.0),
            Self::CodeShape => line(Kind::Code, 6, 6, 1.0),
        }
    }
}
