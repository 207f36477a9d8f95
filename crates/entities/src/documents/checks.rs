//! Check digits of tax and identity numbers, as the tax offices publish them.
//!
//! Every function takes the characters without separators, in upper case, and says whether they
//! could have been issued; none says whether they were.

/// Brazil's CPF: two digits, each the weighted sum of those before it, modulo 11.
pub(crate) fn is_cpf(text: &str) -> bool {
    let Some(digits) = digits::<11>(text) else { return false };
    if digits.iter().all(|digit| digit == &digits[0]) {
        return false;
    }
    let check = |count: usize| {
        let weights = (2..=count + 1).rev();
        let sum: usize = digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum();
        modulo_11(sum)
    };
    check(9) == digits[9] && check(10) == digits[10]
}

/// Brazil's CNPJ, numeric or (since July 2026) alphanumeric: a character counts as its ASCII code
/// less 48; the two check digits stay digits. Receita Federal, Instrução Normativa 2.229/2024.
pub(crate) fn is_cnpj(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_written_so = bytes.len() == 14
        && bytes.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && bytes.iter().skip(12).all(u8::is_ascii_digit);
    if !is_written_so || bytes.iter().all(|byte| byte == &bytes[0]) {
        return false;
    }
    let values: Vec<usize> = bytes.iter().map(|byte| usize::from(byte - b'0')).collect();
    let check = |count: usize| {
        // Weights run 2 to 9 from the right and begin again.
        let sum: usize = values.iter().take(count).rev().zip((2..=9).cycle()).map(|(v, w)| v * w).sum();
        modulo_11(sum)
    };
    check(12) == values[12] && check(13) == values[13]
}

/// Brazil's usual reading of a remainder: 0 and 1 give 0.
fn modulo_11(sum: usize) -> usize {
    match sum % 11 {
        0 | 1 => 0,
        rest => 11 - rest,
    }
}

/// Mexico's RFC of a person (13 characters) or a company (12), with its check character.
pub(crate) fn is_rfc(text: &str) -> bool {
    const ORDER: &str = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ";
    let characters: Vec<char> = text.chars().collect();
    let letters = match characters.len() {
        13 => 4,
        12 => 3,
        _ => return false,
    };
    let is_written_so =
        characters.iter().take(letters).all(|c| c.is_ascii_uppercase() || matches!(c, 'Ñ' | '&'))
            && has_date(&characters, letters)
            && characters.iter().skip(letters + 6).all(char::is_ascii_alphanumeric);
    if !is_written_so {
        return false;
    }
    let value = |wanted: char| ORDER.chars().position(|c| c == wanted);
    let padded = std::iter::repeat_n(' ', 13 - characters.len()).chain(characters.iter().copied());
    let mut sum = 0;
    for (character, weight) in padded.take(12).zip((2..=13).rev()) {
        let Some(value) = value(character) else { return false };
        sum += value * weight;
    }
    let expected = match 11 - sum % 11 {
        11 => '0',
        10 => 'A',
        digit => char::from(b'0' + u8::try_from(digit).unwrap_or(0)),
    };
    characters.last() == Some(&expected)
}

/// Mexico's CURP: 18 characters, the last a check digit.
pub(crate) fn is_curp(text: &str) -> bool {
    const ORDER: &str = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ";
    let characters: Vec<char> = text.chars().collect();
    let is_written_so = characters.len() == 18
        && characters.iter().take(4).all(char::is_ascii_uppercase)
        && has_date(&characters, 4)
        && matches!(characters[10], 'H' | 'M' | 'X')
        && characters.iter().skip(11).take(5).all(char::is_ascii_uppercase);
    if !is_written_so {
        return false;
    }
    let mut sum = 0;
    for (character, weight) in characters.iter().take(17).zip((2..=18).rev()) {
        let Some(value) = ORDER.chars().position(|c| c == *character) else { return false };
        sum += value * weight;
    }
    characters[17].to_digit(10).is_some_and(|digit| digit as usize == (10 - sum % 10) % 10)
}

/// Year, month and day in two digits each.
fn has_date(characters: &[char], at: usize) -> bool {
    let number = |from: usize| {
        let tens = characters.get(from)?.to_digit(10)?;
        Some(tens * 10 + characters.get(from + 1)?.to_digit(10)?)
    };
    number(at).is_some()
        && number(at + 2).is_some_and(|month| (1..=12).contains(&month))
        && number(at + 4).is_some_and(|day| (1..=31).contains(&day))
}

/// Argentina's CUIT and CUIL.
pub(crate) fn is_cuit(text: &str) -> bool {
    const KINDS: [&str; 9] = ["20", "23", "24", "25", "26", "27", "30", "33", "34"];
    let Some(digits) = digits::<11>(text) else { return false };
    let sum = weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    let check = match 11 - sum % 11 {
        11 => 0,
        10 => 9,
        check => check,
    };
    text.get(..2).is_some_and(|kind| KINDS.contains(&kind)) && check == digits[10]
}

/// Chile's RUT: seven or eight digits and a check digit, which may be K.
pub(crate) fn is_chilean_rut(text: &str) -> bool {
    let Some((body, check)) = text.split_at_checked(text.len().saturating_sub(1)) else { return false };
    if !(7..=8).contains(&body.len())
        || !body.bytes().all(|byte| byte.is_ascii_digit())
        || body.starts_with('0')
    {
        return false;
    }
    let digits = body.bytes().rev().map(|byte| usize::from(byte - b'0'));
    let sum: usize = digits.zip((2..=7).cycle()).map(|(digit, weight)| digit * weight).sum();
    let expected = match 11 - sum % 11 {
        11 => "0".to_owned(),
        10 => "K".to_owned(),
        digit => digit.to_string(),
    };
    check == expected
}

/// Colombia's NIT: nine digits and a check digit.
pub(crate) fn is_nit(text: &str) -> bool {
    let Some(digits) = digits::<10>(text) else { return false };
    let sum = weighted(&digits, &[41, 37, 29, 23, 19, 17, 13, 7, 3]);
    let check = match sum % 11 {
        rest @ (0 | 1) => rest,
        rest => 11 - rest,
    };
    matches!(digits[0], 1 | 8 | 9) && check == digits[9]
}

/// Peru's RUC.
pub(crate) fn is_peruvian_ruc(text: &str) -> bool {
    const KINDS: [&str; 5] = ["10", "15", "16", "17", "20"];
    let Some(digits) = digits::<11>(text) else { return false };
    let sum = weighted(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]);
    let check = match 11 - sum % 11 {
        10 => 0,
        11 => 1,
        check => check,
    };
    text.get(..2).is_some_and(|kind| KINDS.contains(&kind)) && check == digits[10]
}

/// Uruguay's identity card: seven digits and a check digit.
pub(crate) fn is_uruguayan_cedula(text: &str) -> bool {
    let Some(digits) = digits::<8>(text) else { return false };
    let sum = weighted(&digits, &[2, 9, 8, 7, 6, 3, 4]);
    (10 - sum % 10) % 10 == digits[7]
}

/// Uruguay's RUT: eleven digits and a check digit.
pub(crate) fn is_uruguayan_rut(text: &str) -> bool {
    let Some(digits) = digits::<12>(text) else { return false };
    let sum = weighted(&digits, &[4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]);
    let check = match 11 - sum % 11 {
        11 => 0,
        check => check,
    };
    (1..=22).contains(&(digits[0] * 10 + digits[1])) && check == digits[11]
}

/// Ecuador's cédula: province, third digit below six, check digit of the Luhn kind.
pub(crate) fn is_ecuadorian_cedula(text: &str) -> bool {
    let Some(digits) = digits::<10>(text) else { return false };
    let province = digits[0] * 10 + digits[1];
    ((1..=24).contains(&province) || province == 30) && digits[2] < 6 && passes_luhn(text)
}

/// Ecuador's RUC of a person: the cédula and the number of the establishment.
pub(crate) fn is_ecuadorian_ruc(text: &str) -> bool {
    let Some((cedula, establishment)) = text.split_at_checked(10) else { return false };
    establishment == "001" && is_ecuadorian_cedula(cedula)
}

/// The Dominican Republic's cédula.
pub(crate) fn is_dominican_cedula(text: &str) -> bool {
    digits::<11>(text).is_some() && !text.bytes().all(|byte| byte == b'0') && passes_luhn(text)
}

/// The Dominican Republic's RNC of a company.
pub(crate) fn is_rnc(text: &str) -> bool {
    let Some(digits) = digits::<9>(text) else { return false };
    let check = match weighted(&digits, &[7, 9, 8, 6, 5, 4, 3, 2]) % 11 {
        0 => 2,
        1 => 1,
        rest => 11 - rest,
    };
    matches!(digits[0], 1 | 4 | 5) && check == digits[8]
}

/// Spain's NIF of a person, NIE of a foreigner, and NIF of a company (once CIF).
pub(crate) fn is_spanish_nif(text: &str) -> bool {
    const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let bytes = text.as_bytes();
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else { return false };
    if bytes.len() != 9 {
        return false;
    }
    let leading = match first {
        b'X' => 0,
        b'Y' => 1,
        b'Z' => 2,
        digit if digit.is_ascii_digit() => usize::from(digit - b'0'),
        _ => return is_spanish_company(text),
    };
    let Some(rest) = digits::<7>(text.get(1..8).unwrap_or_default()) else { return false };
    let number = rest.iter().fold(leading, |number, digit| number * 10 + digit);
    LETTERS.get(number % 23) == Some(&last)
}

fn is_spanish_company(text: &str) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let Some(digits) = digits::<7>(text.get(1..8).unwrap_or_default()) else { return false };
    if !"ABCDEFGHJNPQRSUVW".contains(first) {
        return false;
    }
    let doubled = |digit: usize| (digit * 2) / 10 + (digit * 2) % 10;
    let sum: usize =
        digits.iter().enumerate().map(|(at, digit)| if at % 2 == 0 { doubled(*digit) } else { *digit }).sum();
    let check = (10 - sum % 10) % 10;
    let letter = b"JABCDEFGHI".get(check).copied().map(char::from);
    let last = text.chars().last();
    last == letter || last.and_then(|c| c.to_digit(10)).is_some_and(|digit| digit as usize == check)
}

/// Portugal's NIF: nine digits, the last a check digit.
pub(crate) fn is_portuguese_nif(text: &str) -> bool {
    let Some(digits) = digits::<9>(text) else { return false };
    let check = match 11 - weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 {
        10 | 11 => 0,
        check => check,
    };
    matches!(digits[0], 1..=3 | 5 | 6 | 8 | 9) && check == digits[8]
}

/// The Luhn formula, ISO/IEC 7812-1, annex B.
pub(crate) fn passes_luhn(text: &str) -> bool {
    let mut sum = 0;
    for (place, byte) in text.bytes().rev().enumerate() {
        if !byte.is_ascii_digit() {
            return false;
        }
        let digit = u32::from(byte - b'0');
        sum += if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 };
    }
    !text.is_empty() && sum % 10 == 0
}

/// A postal item's identifier, Universal Postal Union S10: two letters, eight digits, a check digit
/// and the country's two letters.
pub(crate) fn is_s10(text: &str) -> bool {
    let Some(digits) = digits::<9>(text.get(2..11).unwrap_or_default()) else { return false };
    let check = match 11 - weighted(&digits, &[8, 6, 4, 2, 3, 5, 9, 7]) % 11 {
        10 => 0,
        11 => 5,
        check => check,
    };
    check == digits[8]
}

/// A UPS number, `1Z` and 16 characters: letters count 2 to 9 and begin again, even places twice.
pub(crate) fn is_ups(text: &str) -> bool {
    let Some(body) = text.strip_prefix("1Z") else { return false };
    let Some((body, check)) = body.split_at_checked(15) else { return false };
    let mut sum = 0;
    for (place, byte) in body.bytes().enumerate() {
        let value = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A' + 2) % 10,
            _ => return false,
        };
        sum += if place % 2 == 0 { value } else { value * 2 };
    }
    check.len() == 1 && check.parse() == Ok((10 - sum % 10) % 10)
}

fn weighted(digits: &[usize], weights: &[usize]) -> usize {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Exactly `N` ASCII digits.
fn digits<const N: usize>(text: &str) -> Option<[usize; N]> {
    if text.len() != N || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut values = [0; N];
    for (value, byte) in values.iter_mut().zip(text.bytes()) {
        *value = usize::from(byte - b'0');
    }
    Some(values)
}
