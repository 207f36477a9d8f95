//! What the extractors give back.

use std::borrow::Cow;

use serde::Serialize;

/// What kind of thing an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EntityKind {
    /// A person's name; the value has capitals and single spaces.
    Name,
    /// An e-mail address; the value is in lower case.
    Email,
    /// A phone number: E.164 (`+5511987654321`), its digits where the area code is missing; an
    /// extension follows as `;ext=12`.
    Phone,
    /// A web address; the value has scheme and host in lower case.
    Url,
    /// An IP address, version 4 or 6.
    IpAddress,
    /// An order's number; the value is in capitals, without a hash mark.
    OrderId,
    /// A carrier's tracking code; the value is in capitals, without spaces.
    TrackingCode,
    /// A product of the tenant's catalogue; the value is the catalogue's own spelling.
    Product,
    /// A company or an institution, where a legal form or the like says so.
    Organization,
    /// Brazil's tax number of a person; the value is its 11 digits.
    Cpf,
    /// Brazil's tax number of a company; the value is its 14 characters, which may be letters.
    Cnpj,
    /// Another country's tax or identity number: the country's code and the number (`MX PELM850712QX3`),
    /// the number alone where nothing in it tells the country.
    TaxId,
    /// A Pix key that is none of the other kinds: a UUID.
    PixKey,
    /// A payment card. The value is masked (`**** **** **** 1234`), the text is not.
    Card,
    /// A postal code as its country prints it (`01310-100`).
    PostalCode,
    /// A street address as written, with single spaces.
    Address,
    /// A city's name, an ISO 3166 code of a country (`AR`) or state (`BR-SP`).
    Location,
    /// An amount of money and its ISO 4217 code (`1234.56 BRL`).
    Money,
    /// A share of a hundred.
    Percentage,
    /// A number with a unit (`2 kg`, `3 unit`, `42 size`).
    Quantity,
    /// A number.
    Number,
    /// A place in a row.
    Ordinal,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day with a time of day.
    DateTime,
    /// From a day to a day, also a week, a month, a year.
    DateRange,
    /// From a time to a time, also a part of a day.
    TimeRange,
    /// From an instant to an instant.
    DateTimeRange,
    /// A length of time.
    Duration,
    /// Every so often.
    Recurrence,
    /// A code that is none of the other kinds, in capitals.
    Code,
}

impl EntityKind {
    /// Every kind.
    pub const ALL: [Self; 31] = [
        Self::Name,
        Self::Email,
        Self::Phone,
        Self::Url,
        Self::IpAddress,
        Self::OrderId,
        Self::TrackingCode,
        Self::Product,
        Self::Organization,
        Self::Cpf,
        Self::Cnpj,
        Self::TaxId,
        Self::PixKey,
        Self::Card,
        Self::PostalCode,
        Self::Address,
        Self::Location,
        Self::Money,
        Self::Percentage,
        Self::Quantity,
        Self::Number,
        Self::Ordinal,
        Self::Date,
        Self::Time,
        Self::DateTime,
        Self::DateRange,
        Self::TimeRange,
        Self::DateTimeRange,
        Self::Duration,
        Self::Recurrence,
        Self::Code,
    ];

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Url => "url",
            Self::IpAddress => "ip_address",
            Self::OrderId => "order_id",
            Self::TrackingCode => "tracking_code",
            Self::Product => "product",
            Self::Organization => "organization",
            Self::Cpf => "cpf",
            Self::Cnpj => "cnpj",
            Self::TaxId => "tax_id",
            Self::PixKey => "pix_key",
            Self::Card => "card",
            Self::PostalCode => "postal_code",
            Self::Address => "address",
            Self::Location => "location",
            Self::Money => "money",
            Self::Percentage => "percentage",
            Self::Quantity => "quantity",
            Self::Number => "number",
            Self::Ordinal => "ordinal",
            Self::Date => "date",
            Self::Time => "time",
            Self::DateTime => "date_time",
            Self::DateRange => "date_range",
            Self::TimeRange => "time_range",
            Self::DateTimeRange => "date_time_range",
            Self::Duration => "duration",
            Self::Recurrence => "recurrence",
            Self::Code => "code",
        }
    }
}

/// A thing that a text names.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity<'a> {
    /// What it is.
    pub kind: EntityKind,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes, exclusive.
    pub end: usize,
    /// As it stands in the text.
    pub text: &'a str,
    /// Its normal form; each extractor says which.
    pub value: Cow<'a, str>,
    /// 0 to 1: how often the rule that found it is right, measured on the development data.
    pub confidence: f32,
}

/// A language that extractors read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Portuguese.
    Portuguese,
    /// Spanish.
    Spanish,
    /// English.
    English,
}
