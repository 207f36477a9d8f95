//! Numbers in digits: "1.234,56", "1,234.56", "40 000", ",25", "10k".

use super::decimal::Decimal;
use crate::Language;
use crate::scan::Token;

/// More groups than this ("1.000.000.000.000.000.000") is no number.
const MOST_GROUPS: usize = 9;

/// Reads the number in digits that begins at `index`: where it ends, and its value.
///
/// Which of point and comma groups thousands depends on the language, but what can only be read
/// one way is read that way: "12.10" is twelve and a tenth in Portuguese too, because no thousand
/// has two digits. What can be read no way ("192.168.1.2", "1.2.3") is none.
pub(crate) fn literal(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    let first = tokens.get(index)?;
    if !first.is_number() {
        return fraction_without_whole(tokens, index, language);
    }
    let chain = chain(tokens, index);
    if chain.groups.len() > MOST_GROUPS {
        return None;
    }
    let (whole, fraction) = match chain.marks.as_slice() {
        [] => return spaced(tokens, index, language),
        marks => split(&chain.groups, marks, language)?,
    };
    Some((chain.end, Decimal::from_digits(&whole, &fraction)?))
}

/// Where the run of digits, points and commas that holds the number at `index` ends.
pub(crate) fn end_of_chain(tokens: &[Token<'_>], index: usize) -> usize {
    chain(tokens, index).end
}

/// Groups of digits with a point or a comma between each two.
struct Chain<'a> {
    groups: Vec<&'a str>,
    marks: Vec<char>,
    end: usize,
}

fn chain<'a>(tokens: &[Token<'a>], index: usize) -> Chain<'a> {
    let mut chain = Chain { groups: Vec::new(), marks: Vec::new(), end: index };
    if let Some(first) = tokens.get(index) {
        chain.groups.push(first.text);
        chain.end = index + 1;
    }
    while let Some([mark, group]) = tokens.get(chain.end..chain.end + 2) {
        if !mark.is_any(&[".", ","]) || mark.space_before || !group.is_number() || group.space_before {
            break;
        }
        chain.marks.push(if mark.is(".") { '.' } else { ',' });
        chain.groups.push(group.text);
        chain.end += 2;
    }
    chain
}

/// Tells the whole part from the fraction.
fn split(groups: &[&str], marks: &[char], language: Language) -> Option<(String, String)> {
    let (first, rest) = groups.split_first()?;
    let (last, middle) = rest.split_last()?;
    let (last_mark, marks_before) = marks.split_last()?;
    let fits_thousands = !first.starts_with('0') && first.len() <= 3;
    if marks_before.is_empty() {
        let groups_thousands = match language {
            Language::Portuguese | Language::Spanish => '.',
            Language::English => ',',
        };
        if *last_mark == groups_thousands && fits_thousands && last.len() == 3 {
            return Some((groups.concat(), String::new()));
        }
        return Some(((*first).to_owned(), (*last).to_owned()));
    }
    let one_mark_before = marks_before.iter().all(|mark| Some(mark) == marks_before.first());
    if !one_mark_before || !fits_thousands {
        return None;
    }
    // "12,34,567": India groups by two above the thousand.
    let indian = language == Language::English && middle.iter().all(|group| group.len() == 2);
    if marks_before.first() == Some(last_mark) {
        let grouped = last.len() == 3 && (indian || middle.iter().all(|group| group.len() == 3));
        return grouped.then(|| (groups.concat(), String::new()));
    }
    let whole = groups.get(..groups.len() - 1)?;
    let grouped =
        middle.iter().all(|group| group.len() == 3) || (indian_tail(middle) && language == Language::English);
    grouped.then(|| (whole.concat(), (*last).to_owned()))
}

fn indian_tail(middle: &[&str]) -> bool {
    middle
        .split_last()
        .is_some_and(|(last, rest)| last.len() == 3 && rest.iter().all(|group| group.len() == 2))
}

/// "1 414 021" and "40 000", with a decimal part behind or not; a lone number otherwise.
fn spaced(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    let first = tokens.get(index)?;
    let mut end = index + 1;
    let mut digits = first.text.to_owned();
    let mut groups = 0_usize;
    while let Some(group) = tokens.get(end) {
        let is_group = group.is_number() && group.text.len() == 3 && group.space_before;
        // One space, which in print is a narrow one of three bytes.
        if !is_group || group.start > tokens.get(end - 1).map_or(0, |before| before.end) + 3 {
            break;
        }
        digits.push_str(group.text);
        groups += 1;
        end += 1;
    }
    let followed_by_digits = tokens.get(end).is_some_and(Token::is_number);
    // "40 000" and "1 234 567", but not the telephone number "987 654 321" nor "tamanho 38 350".
    let grouped = match groups {
        0 => false,
        1 => first.text.len() <= 3 && digits.ends_with("000"),
        _ => first.text.len() <= 2,
    };
    if !grouped || followed_by_digits || first.text.starts_with('0') {
        return Some((index + 1, Decimal::from_digits(first.text, "")?));
    }
    let decimal_mark = if language == Language::English { "." } else { "," };
    if let Some([mark, fraction]) = tokens.get(end..end + 2)
        && mark.is(decimal_mark)
        && !mark.space_before
        && fraction.is_number()
        && !fraction.space_before
    {
        return Some((end + 2, Decimal::from_digits(&digits, fraction.text)?));
    }
    Some((end, Decimal::from_digits(&digits, "")?))
}

/// ",25" and ".25".
fn fraction_without_whole(
    tokens: &[Token<'_>],
    index: usize,
    language: Language,
) -> Option<(usize, Decimal)> {
    let [mark, digits] = tokens.get(index..index + 2)? else { return None };
    let decimal_mark = if language == Language::English { "." } else { "," };
    if !mark.is(decimal_mark) || !mark.space_before || !digits.is_number() || digits.space_before {
        return None;
    }
    let goes_on = tokens.get(index + 2).is_some_and(|next| next.is_any(&[".", ","]) && !next.space_before)
        && tokens.get(index + 3).is_some_and(|next| next.is_number() && !next.space_before);
    if goes_on {
        return None;
    }
    Some((index + 2, Decimal::from_digits("0", digits.text)?))
}

/// The multiplier written behind digits ("k", "M", "MM"), and where it ends.
///
/// Only a capital M stands for a million: "1m" is a metre or a minute.
pub(crate) fn suffix(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, i64)> {
    let token = tokens.get(index)?;
    let attached = !token.space_before;
    let factor = match token.text {
        "k" | "K" => 1_000,
        "M" if attached => 1_000_000,
        "MM" => 1_000_000,
        "b" | "B" if attached && language == Language::English => 1_000_000_000,
        "mil" if attached && language == Language::English => 1_000_000,
        _ => return None,
    };
    let goes_on = tokens.get(index + 1).is_some_and(|next| {
        !next.space_before && (next.is_number() || next.is_any(&["/", "-", "$", "'", "\u{2019}"]))
    });
    (!goes_on).then_some((index + 1, factor))
}
