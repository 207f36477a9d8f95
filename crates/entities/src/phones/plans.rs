//! Numbering plans: what a national number looks like, and how it is written in E.164.
//!
//! From the plans that the countries notify to the ITU (national numbering plans, E.164). They are
//! kept as coarse as telling a phone number from another number needs; whether a number is in use,
//! nobody can tell from a plan.

use crate::Country;

/// Brazil's area codes, Anatel's Plano Geral de Códigos Nacionais: for each first digit the second.
const BRAZILIAN_AREAS: [&str; 9] =
    ["123456789", "12478", "1234578", "123456789", "1345", "123456789", "134579", "123456789", "123456789"];

/// The national number in its full form, if the plan of `country` has it.
///
/// A trunk prefix, a carrier's code and the marks of old mobile numbers are taken away; Brazil's
/// ninth digit is put in where a mobile number still lacks it.
pub(super) fn national(country: Country, digits: &str) -> Option<String> {
    let first = digits.as_bytes().first().copied()?;
    let length = digits.len();
    let starts = |any: &[u8]| any.contains(&first);
    let plain = |is_valid: bool| is_valid.then(|| digits.to_owned());
    match country {
        Country::Brazil => brazilian(digits),
        Country::Portugal => plain(length == 9 && starts(b"2389")),
        Country::Spain => plain(length == 9 && starts(b"6789")),
        Country::Mexico => mexican(digits),
        Country::Argentina => argentine(digits),
        Country::Chile => without_trunk(digits, "0", |d| d.len() == 9 && !d.starts_with(['0', '1'])),
        Country::Colombia => plain(length == 10 && (first == b'3' || digits.starts_with("60"))),
        Country::Peru => without_trunk(digits, "0", |d| match d.len() {
            9 => d.starts_with('9'),
            8 => d.starts_with(['1', '4', '5', '6', '7', '8']),
            _ => false,
        }),
        Country::Uruguay => without_trunk(digits, "0", |d| d.len() == 8 && d.starts_with(['2', '4', '9'])),
        Country::Paraguay => {
            without_trunk(digits, "0", |d| d.len() == 9 && d.starts_with(['2', '3', '4', '5', '7', '9']))
        }
        Country::Bolivia => plain(length == 8 && starts(b"23467")),
        Country::Ecuador => without_trunk(digits, "0", |d| match d.len() {
            9 => d.starts_with('9'),
            8 => d.starts_with(['2', '3', '4', '5', '6', '7']),
            _ => false,
        }),
        Country::Venezuela => without_trunk(digits, "0", |d| d.len() == 10 && d.starts_with(['2', '4'])),
        Country::CostaRica => plain(length == 8 && starts(b"245678")),
        Country::Panama => plain((length == 8 && first == b'6') || (length == 7 && starts(b"23456789"))),
        Country::Guatemala => plain(length == 8 && starts(b"234567")),
        Country::Honduras => plain(length == 8 && starts(b"23789")),
        Country::ElSalvador => plain(length == 8 && starts(b"267")),
        Country::Nicaragua => plain(length == 8 && starts(b"25678")),
        Country::DominicanRepublic | Country::UnitedStates | Country::Canada => north_american(digits),
        Country::UnitedKingdom => without_trunk(digits, "0", |d| {
            (9..=10).contains(&d.len()) && d.starts_with(['1', '2', '3', '5', '7', '8'])
        }),
    }
}

fn without_trunk(digits: &str, trunk: &str, is_valid: impl Fn(&str) -> bool) -> Option<String> {
    if is_valid(digits) {
        return Some(digits.to_owned());
    }
    let rest = digits.strip_prefix(trunk)?;
    is_valid(rest).then(|| rest.to_owned())
}

fn brazilian(digits: &str) -> Option<String> {
    // 0800, 0300, 0500, 0900: the zero is a trunk prefix and never left away in writing.
    if ["0800", "0300", "0500", "0900"].iter().any(|kind| digits.starts_with(kind))
        && matches!(digits.len(), 10 | 11)
    {
        return digits.get(1..).map(str::to_owned);
    }
    // 0 + area, or 0 + carrier of two digits + area.
    let rest = match (digits.starts_with('0'), digits.len()) {
        (true, 11 | 12) => digits.get(1..)?,
        (true, 13 | 14) => digits.get(3..)?,
        _ => digits,
    };
    let (area, subscriber) = rest.split_at_checked(2)?;
    if !is_brazilian_area(area) {
        return None;
    }
    match (subscriber.len(), subscriber.as_bytes().first()?) {
        (9, b'9') | (8, b'2'..=b'5') => Some(rest.to_owned()),
        // 70, 77, 78 and 79 were trunked radio and never got a ninth digit.
        (8, b'7') if matches!(subscriber.get(..2), Some("70" | "77" | "78" | "79")) => Some(rest.to_owned()),
        (8, b'6'..=b'9') => Some(format!("{area}9{subscriber}")),
        _ => None,
    }
}

pub(super) fn is_brazilian_area(area: &str) -> bool {
    let [tens, units] = area.as_bytes() else { return false };
    let row = usize::from(tens.wrapping_sub(b'1'));
    BRAZILIAN_AREAS.get(row).is_some_and(|row| row.bytes().any(|unit| unit == *units))
}

fn mexican(digits: &str) -> Option<String> {
    // Until 2019 and 2020: 01 long distance, 044 and 045 to mobiles, +52 1 from abroad.
    let rest = match digits.len() {
        10 => digits,
        11 => digits.strip_prefix('1')?,
        12 => digits.strip_prefix("01")?,
        13 => digits.strip_prefix("044").or_else(|| digits.strip_prefix("045"))?,
        _ => return None,
    };
    (!rest.starts_with(['0', '1'])).then(|| rest.to_owned())
}

fn argentine(digits: &str) -> Option<String> {
    let rest = digits.strip_prefix('0').unwrap_or(digits);
    let has_area = |d: &str| d.starts_with("11") || d.starts_with(['2', '3']);
    match rest.len() {
        10 if has_area(rest) => Some(rest.to_owned()),
        // As +54 9 … is written: 9, area, subscriber.
        11 if rest.strip_prefix('9').is_some_and(has_area) => Some(rest.to_owned()),
        // As dialled at home: area, 15, subscriber.
        12 if has_area(rest) => (2..=4).find_map(|area| {
            let (area, after) = rest.split_at_checked(area)?;
            let subscriber = after.strip_prefix("15")?;
            Some(format!("9{area}{subscriber}"))
        }),
        _ => None,
    }
}

/// The North American plan: area and exchange begin with 2 to 9, no area ends in 11.
fn north_american(digits: &str) -> Option<String> {
    let rest = if digits.len() == 11 { digits.strip_prefix('1')? } else { digits };
    let bytes = rest.as_bytes();
    let is_valid = bytes.len() == 10
        && matches!(bytes.first(), Some(b'2'..=b'9'))
        && matches!(bytes.get(3), Some(b'2'..=b'9'))
        && rest.get(1..3) != Some("11");
    is_valid.then(|| rest.to_owned())
}

/// The length of the country code that international digits begin with; ITU-T E.164, list of
/// assigned country codes.
pub(super) fn calling_code_length(digits: &str) -> Option<usize> {
    const TWO: [&str; 43] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
        "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
        "82", "84", "86", "90", "91", "92", "93", "94", "95",
    ];
    match digits.as_bytes().first()? {
        b'1' | b'7' => Some(1),
        b'0' => None,
        _ if digits.get(..2).is_some_and(|two| TWO.contains(&two) || two == "98") => Some(2),
        _ => {
            let three = digits.get(..3)?;
            let is_free = matches!(
                three,
                "210"
                    | "214"
                    | "215"
                    | "217"
                    | "219"
                    | "259"
                    | "379"
                    | "384"
                    | "388"
                    | "424"
                    | "425"
                    | "426"
                    | "427"
                    | "428"
                    | "429"
                    | "671"
                    | "684"
                    | "693"
                    | "694"
                    | "695"
                    | "696"
                    | "697"
                    | "698"
                    | "699"
            ) || three.starts_with("28")
                || three.starts_with("83")
                || three.starts_with("89");
            (!is_free).then_some(3)
        }
    }
}

/// The country that a calling code belongs to, where its plan is known here.
pub(super) fn country_of(calling: &str) -> Option<Country> {
    const KNOWN: [Country; 21] = [
        Country::Brazil,
        Country::Portugal,
        Country::Spain,
        Country::Mexico,
        Country::Argentina,
        Country::Chile,
        Country::Colombia,
        Country::Peru,
        Country::Uruguay,
        Country::Paraguay,
        Country::Bolivia,
        Country::Ecuador,
        Country::Venezuela,
        Country::CostaRica,
        Country::Panama,
        Country::Guatemala,
        Country::Honduras,
        Country::ElSalvador,
        Country::Nicaragua,
        Country::UnitedStates,
        Country::UnitedKingdom,
    ];
    KNOWN.into_iter().find(|country| country.calling_code() == calling)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brazil_has_67_area_codes() {
        let areas = (0..100).filter(|area| is_brazilian_area(&format!("{area:02}"))).count();
        assert_eq!(areas, 67);
    }

    #[test]
    fn a_brazilian_mobile_number_gets_its_ninth_digit() {
        assert_eq!(national(Country::Brazil, "1187654321").as_deref(), Some("11987654321"));
        assert_eq!(national(Country::Brazil, "1132654321").as_deref(), Some("1132654321"));
        assert_eq!(national(Country::Brazil, "01511987654321").as_deref(), Some("11987654321"));
        assert_eq!(national(Country::Brazil, "2087654321"), None);
    }

    #[test]
    fn an_argentine_mobile_number_is_written_one_way() {
        assert_eq!(national(Country::Argentina, "0111512345678").as_deref(), Some("91112345678"));
        assert_eq!(national(Country::Argentina, "91112345678").as_deref(), Some("91112345678"));
    }
}
