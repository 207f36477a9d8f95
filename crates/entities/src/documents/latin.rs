//! Tax and identity numbers of countries other than Brazil.

use super::checks;
use crate::Country;
use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

/// How a kind of number is written and checked.
struct Document {
    country: Country,
    /// Sizes of its groups as on the document, with `separators` between them.
    sizes: &'static [usize],
    separators: &'static [u8],
    check: fn(&str) -> bool,
}

/// Numbers made of digits only.
const DOCUMENTS: [Document; 12] = [
    Document { country: Country::Argentina, sizes: &[2, 8, 1], separators: b"--", check: checks::is_cuit },
    Document { country: Country::Colombia, sizes: &[3, 3, 3, 1], separators: b"..-", check: checks::is_nit },
    Document { country: Country::Peru, sizes: &[11], separators: b"", check: checks::is_peruvian_ruc },
    Document {
        country: Country::Uruguay,
        sizes: &[1, 3, 3, 1],
        separators: b"..-",
        check: checks::is_uruguayan_cedula,
    },
    Document { country: Country::Uruguay, sizes: &[12], separators: b"", check: checks::is_uruguayan_rut },
    Document {
        country: Country::Ecuador,
        sizes: &[9, 1],
        separators: b"-",
        check: checks::is_ecuadorian_cedula,
    },
    Document { country: Country::Ecuador, sizes: &[13], separators: b"", check: checks::is_ecuadorian_ruc },
    Document {
        country: Country::DominicanRepublic,
        sizes: &[3, 7, 1],
        separators: b"--",
        check: checks::is_dominican_cedula,
    },
    Document {
        country: Country::DominicanRepublic,
        sizes: &[1, 2, 5, 1],
        separators: b"---",
        check: checks::is_rnc,
    },
    Document {
        country: Country::Portugal,
        sizes: &[3, 3, 3],
        separators: b"  ",
        check: checks::is_portuguese_nif,
    },
    Document {
        country: Country::Chile,
        sizes: &[2, 3, 3, 1],
        separators: b"..-",
        check: checks::is_chilean_rut,
    },
    Document {
        country: Country::Chile,
        sizes: &[1, 3, 3, 1],
        separators: b"..-",
        check: checks::is_chilean_rut,
    },
];

pub(super) fn find(reading: &Reading<'_, '_>, index: usize, start: usize, found: &mut Findings) {
    let has_clue = reading.has_clue_before(index, Clue::TAX);
    let digits_first = reading.byte(start).is_ascii_digit();
    if digits_first {
        // Argentina and Peru check alike: the tenant's country is asked first.
        let is_home = |document: &&Document| document.country == reading.country();
        let home = DOCUMENTS.iter().filter(is_home);
        let abroad = DOCUMENTS.iter().filter(|document| !is_home(document));
        let _ = home.chain(abroad).find(|document| digits(reading, document, start, has_clue, found));
        chilean(reading, start, has_clue, found);
    }
    lettered(reading, start, has_clue, found);
    if has_clue {
        unchecked(reading, start, found);
    }
}

fn digits(
    reading: &Reading<'_, '_>,
    document: &Document,
    start: usize,
    has_clue: bool,
    found: &mut Findings,
) -> bool {
    let Some(groups) = reading.groups(start, document.sizes, document.separators) else { return false };
    let is_home = document.country == reading.country();
    // All separators of the document, at least two of them; or a clue. Bare digits of the tenant's
    // own country count only where the number is long enough not to be a price or a phone.
    let is_written_out = groups.separators + 1 == document.sizes.len() && groups.separators >= 2;
    let is_believed = has_clue || (is_written_out && (is_home || document.separators.contains(&b'-')));
    let is_right = is_believed && (document.check)(&groups.digits);
    if is_right {
        add(document.country, &groups.digits, (start, groups.end), found);
    }
    is_right
}

/// Chile's RUT may end in K, and is often written without dots.
fn chilean(reading: &Reading<'_, '_>, start: usize, has_clue: bool, found: &mut Findings) {
    let mut body = String::new();
    let mut at = start;
    while body.len() <= 8 && (reading.byte(at).is_ascii_digit() || reading.byte(at) == b'.') {
        if reading.byte(at) != b'.' {
            body.push(char::from(reading.byte(at)));
        }
        at += 1;
    }
    let is_believed = has_clue || reading.country() == Country::Chile;
    if !is_believed || reading.byte(at) != b'-' {
        return;
    }
    let check = reading.byte(at + 1).to_ascii_uppercase();
    body.push(char::from(check));
    if reading.ends_alone(at + 2) && check.is_ascii_alphanumeric() && checks::is_chilean_rut(&body) {
        add(Country::Chile, &body, (start, at + 2), found);
    }
}

/// RFC, CURP, NIF and NIE hold letters, which make their shape rare enough by itself.
fn lettered(reading: &Reading<'_, '_>, start: usize, has_clue: bool, found: &mut Findings) {
    if reading.byte(start).is_ascii_digit() && !reading.byte(start + 1).is_ascii_digit() {
        return;
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ' ' | 'Ñ' | 'ñ' | '&');
    let rest = reading.text.get(start..).unwrap_or_default();
    let mut characters = String::new();
    for (at, character) in rest.char_indices().take(24) {
        if !is_part(character) || (character == ' ' && !characters.chars().any(|c| c.is_ascii_digit())) {
            break;
        }
        if !matches!(character, '-' | '.' | ' ') {
            characters.extend(character.to_uppercase());
        }
        let end = start + at + character.len_utf8();
        if !character.is_alphanumeric() || !reading.ends_alone(end) {
            continue;
        }
        let has_letters = characters.bytes().any(|byte| byte.is_ascii_uppercase());
        let has_digits = characters.bytes().filter(u8::is_ascii_digit).count() >= 6;
        if !has_letters || !has_digits {
            continue;
        }
        let country = match characters.chars().count() {
            12 | 13 if checks::is_rfc(&characters) => Country::Mexico,
            18 if checks::is_curp(&characters) => Country::Mexico,
            9 if checks::is_spanish_nif(&characters)
                && (has_clue || reading.country() != Country::Brazil || !rest.contains(' ')) =>
            {
                Country::Spain
            }
            _ => continue,
        };
        add(country, &characters, (start, end), found);
        return;
    }
}

/// A DNI, a cédula or a social security number has no check digit: only its clue speaks for it.
fn unchecked(reading: &Reading<'_, '_>, start: usize, found: &mut Findings) {
    const SIZES: [&[usize]; 6] = [&[3, 2, 4], &[2, 3, 3], &[1, 3, 3, 3], &[1, 3, 3], &[10], &[7]];
    for sizes in SIZES {
        let separators: &[u8] = if sizes == [3, 2, 4] { b"--" } else { b"..." };
        if let Some(groups) = reading.groups(start, sizes, separators)
            && groups.digits.bytes().any(|digit| digit != b'0')
        {
            let value = groups.digits;
            found.add(Rule::TaxIdClue, Evidence::Clue, (start, groups.end), value);
            return;
        }
    }
}

fn add(country: Country, characters: &str, place: (usize, usize), found: &mut Findings) {
    found.add(Rule::TaxId, Evidence::Checked, place, format!("{} {characters}", country.code()));
}
