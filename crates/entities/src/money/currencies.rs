//! How currencies are named: signs, ISO 4217 codes, words and what qualifies them.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::Country;

/// A currency as it is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    /// Its ISO 4217 code.
    Code(&'static str),
    /// "peso", "$": the tenant's own, if it is one of these, else the last.
    Own(&'static [&'static str], &'static str),
    /// A hundredth of another.
    Cent,
    /// "pence", "peniques".
    Penny,
}

impl Named {
    /// The ISO code in a country; None for a hundredth of an unknown one.
    pub(super) fn code(self, country: Country) -> &'static str {
        match self {
            Self::Code(code) => code,
            Self::Own(own, other) => {
                own.iter().find(|code| **code == country.currency()).copied().unwrap_or(other)
            }
            Self::Cent => country.currency(),
            Self::Penny => "GBP",
        }
    }

    pub(super) fn is_hundredth(self) -> bool {
        matches!(self, Self::Cent | Self::Penny)
    }
}

const PESOS: &[&str] = &["MXN", "ARS", "CLP", "COP", "UYU", "DOP"];
const DOLLARS: &[&str] = &["USD", "CAD"];
/// What "$" means where people write it for their own money.
const SIGNED: &[&str] = &["BRL", "MXN", "ARS", "CLP", "COP", "UYU", "DOP", "USD", "CAD", "BOB", "PYG"];

pub(super) const DOLLAR_SIGN: Named = Named::Own(SIGNED, "USD");

/// Words, folded.
static WORDS: LazyLock<FxHashMap<&'static str, Named>> = LazyLock::new(|| {
    let mut words = FxHashMap::default();
    for (list, named) in WORD_LISTS {
        words.extend(list.split_whitespace().map(|word| (word, *named)));
    }
    words
});

const WORD_LISTS: &[(&str, Named)] = &[
    (
        "reais real realzinho reaiszinho conto contos pila pilas prata pratas mango mangos pau paus",
        Named::Code("BRL"),
    ),
    ("dolares dolar dollars dollar bucks buck", Named::Own(DOLLARS, "USD")),
    ("euros euro", Named::Code("EUR")),
    ("libras libra pounds pound quid", Named::Code("GBP")),
    ("pesos peso lucas luca", Named::Own(PESOS, "MXN")),
    ("soles sol", Named::Code("PEN")),
    ("guaranies guarani", Named::Code("PYG")),
    ("bolivianos boliviano", Named::Code("BOB")),
    ("bolivares bolivar", Named::Code("VES")),
    ("quetzales quetzal", Named::Code("GTQ")),
    ("lempiras lempira", Named::Code("HNL")),
    ("colones colon", Named::Code("CRC")),
    ("cordobas", Named::Code("NIO")),
    ("balboas balboa", Named::Code("PAB")),
    ("yen yenes ienes iene", Named::Code("JPY")),
    ("yuan yuanes yuans rmb renminbi", Named::Code("CNY")),
    ("rupias rupia rupees rupee", Named::Code("INR")),
    ("francos franco francs franc", Named::Code("CHF")),
    ("pesetas peseta", Named::Code("ESP")),
    ("marcos marco marks mark markka", Named::Code("DEM")),
    ("florines florin guilders guilder", Named::Code("NLG")),
    ("liras lira", Named::Code("TRY")),
    ("rublos rublo rubles ruble", Named::Code("RUB")),
    ("coroas coronas krona kronor", Named::Code("SEK")),
    ("bitcoins bitcoin", Named::Code("BTC")),
    ("centavos centavo centimos centimo cents cent", Named::Cent),
    ("pence penny pennies peniques penique penies peni", Named::Penny),
];

/// Words that are a currency only beside a number in digits of some size, since they are also
/// something else: "2 paus", "um real problema", "o sol", "mark".
const DOUBTFUL: &[&str] = &[
    "pau", "paus", "mango", "mangos", "real", "sol", "marco", "marcos", "mark", "marks", "luca", "lucas",
    "colon", "franco", "francos", "lira", "buck", "coroas", "coronas", "quid",
];

/// ISO 4217 codes that people write; those that are words count in capitals only.
const CODES: &[&str] = &[
    "BRL", "USD", "EUR", "GBP", "MXN", "ARS", "CLP", "COP", "PEN", "UYU", "PYG", "BOB", "VES", "DOP", "GTQ",
    "HNL", "CRC", "NIO", "PAB", "CAD", "AUD", "NZD", "JPY", "CNY", "INR", "CHF", "KRW", "HKD", "SGD", "SEK",
    "NOK", "DKK", "PLN", "CZK", "TRY", "RUB", "ZAR", "ILS", "AED", "SAR", "THB", "IDR", "MYR", "PHP", "BTC",
    "RMB",
];

/// Codes that are everyday words in small letters.
const WORDY: &[&str] = &["COP", "PEN", "TRY", "SAR"];

/// Signs of one character.
const SIGNS: &[(&str, &str)] = &[
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("元", "CNY"),
    ("₿", "BTC"),
    ("₹", "INR"),
    ("₽", "RUB"),
    ("₩", "KRW"),
    ("₭", "LAK"),
    ("₲", "PYG"),
    ("₡", "CRC"),
    ("ரூ", "INR"),
];

/// Letters in front of "$".
const DOLLAR_PREFIXES: &[(&str, &str)] = &[
    ("r", "BRL"),
    ("us", "USD"),
    ("u", "USD"),
    ("usd", "USD"),
    ("c", "CAD"),
    ("ca", "CAD"),
    ("cad", "CAD"),
    ("a", "AUD"),
    ("au", "AUD"),
    ("aud", "AUD"),
    ("nz", "NZD"),
    ("nzd", "NZD"),
    ("hk", "HKD"),
    ("mx", "MXN"),
    ("mxn", "MXN"),
    ("ar", "ARS"),
    ("cl", "CLP"),
    ("co", "COP"),
    ("rd", "DOP"),
];

/// What "americanos" or "canadian" make of a currency.
const QUALIFIERS: &[(&str, &[(&str, &str)])] = &[
    ("americanos americano estadounidenses estadunidenses us american", &[("USD", "USD"), ("CAD", "USD")]),
    ("canadenses canadense canadienses canadian", &[("USD", "CAD"), ("CAD", "CAD")]),
    ("australianos australiano australian", &[("USD", "AUD"), ("CAD", "AUD")]),
    ("mexicanos mexicano mexican", &[("*", "MXN")]),
    ("argentinos argentino argentine", &[("*", "ARS")]),
    ("chilenos chileno chilean", &[("*", "CLP")]),
    ("colombianos colombiano colombian", &[("*", "COP")]),
    ("uruguayos uruguaios uruguayan", &[("*", "UYU")]),
    ("dominicanos dominicano", &[("*", "DOP")]),
    ("suicos suizos swiss", &[("CHF", "CHF")]),
    ("franceses french", &[("CHF", "FRF")]),
    ("esterlinas esterlina sterling british", &[("GBP", "GBP")]),
    ("turcas turkish", &[("TRY", "TRY")]),
    ("chinese chineses chinos", &[("CNY", "CNY")]),
    ("finlandeses finnish", &[("DEM", "FIM")]),
    ("alemanes alemaes german", &[("DEM", "DEM")]),
    ("neerlandeses holandeses dutch", &[("NLG", "NLG")]),
    ("peruanos", &[("PEN", "PEN")]),
    ("brasileiros brasilenos brazilian", &[("BRL", "BRL")]),
];

pub(super) fn of_word(folded: &str) -> Option<Named> {
    WORDS.get(folded).copied()
}

pub(super) fn is_doubtful(folded: &str) -> bool {
    DOUBTFUL.contains(&folded)
}

/// A code in capitals, or in small letters where it is no word.
pub(super) fn of_code(written: &str) -> Option<Named> {
    if written.len() != 3 {
        return None;
    }
    let code = CODES.iter().find(|code| code.eq_ignore_ascii_case(written))?;
    let is_capital = written == *code;
    let code = if *code == "RMB" { "CNY" } else { code };
    (is_capital || !WORDY.contains(&code)).then_some(Named::Code(code))
}

pub(super) fn of_sign(sign: &str) -> Option<Named> {
    if sign == "$" {
        return Some(DOLLAR_SIGN);
    }
    SIGNS.iter().find(|(known, _)| *known == sign).map(|(_, code)| Named::Code(code))
}

pub(super) fn of_dollar_prefix(folded: &str) -> Option<Named> {
    DOLLAR_PREFIXES.iter().find(|(prefix, _)| *prefix == folded).map(|(_, code)| Named::Code(code))
}

/// The code that a qualifier makes of a currency, if it may stand beside it.
pub(super) fn qualified(code: &str, qualifier: &str) -> Option<&'static str> {
    let (_, results) = QUALIFIERS.iter().find(|(words, _)| words.split(' ').any(|word| word == qualifier))?;
    results
        .iter()
        .find(|(from, _)| *from == code || (*from == "*" && PESOS.contains(&code)))
        .map(|(_, to)| *to)
}
