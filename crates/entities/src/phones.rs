//! Phone numbers: found by their groups of digits, believed by a numbering plan or a clue.
//!
//! The value is E.164 (`+5511987654321`) where the country can be told, else the digits as
//! written; an extension follows as `;ext=123` (RFC 3966). A number without a country code is read
//! by the tenant's plan.

mod plans;

use crate::Country;
use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading, digits_of};
use crate::scan::Token;

/// E.164 allows 15 digits; a dialled prefix such as 00 or 011 comes before them.
const MOST_DIGITS: usize = 18;

/// The most groups that one number is written in ("00 49 1 23 45 67 89").
const MOST_GROUPS: usize = 9;

/// Digits as written, split where a person could have ended the number.
struct Candidate {
    start: usize,
    /// Ends of its groups, in bytes.
    ends: Vec<usize>,
}

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let mut next = 0;
    for (index, token) in reading.tokens.iter().enumerate() {
        let begins = token.is_number() || matches!(token.text, "+" | "(");
        if token.start < next || !begins || !begins_number(reading, token.start) {
            continue;
        }
        let candidate = candidate(reading, token.start);
        if let Some((rule, evidence, end, value)) = believe(reading, &candidate, index) {
            let (end, value) = with_extension(reading, end, value);
            found.add(rule, evidence, (candidate.start, end), value);
            next = end;
        }
    }
}

/// A dash or a colon may stand before a phone number, a digit before them may not.
fn begins_number(reading: &Reading<'_, '_>, start: usize) -> bool {
    reading.begins_alone(start) || (reading.byte(start) == b'(' && is_after_letters(reading, start))
}

/// "número(11) 3456-7890"
fn is_after_letters(reading: &Reading<'_, '_>, start: usize) -> bool {
    reading.slice(0, start).chars().next_back().is_some_and(char::is_alphabetic)
}

fn candidate(reading: &Reading<'_, '_>, start: usize) -> Candidate {
    let mut at = start;
    let mut digits = 0;
    let mut ends = Vec::new();
    if reading.byte(at) == b'(' && reading.byte(at + 1) == b' ' {
        at += 1;
    }
    loop {
        let group = digit_run(reading, skip_marks(reading, at));
        let Some((begin, end)) = group else { break };
        digits += end - begin;
        if digits > MOST_DIGITS || ends.len() == MOST_GROUPS {
            break;
        }
        ends.push(end);
        at = end;
    }
    Candidate { start, ends }
}

fn digit_run(reading: &Reading<'_, '_>, start: usize) -> Option<(usize, usize)> {
    let rest = reading.text.as_bytes().get(start..)?;
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (length > 0).then_some((start, start + length))
}

/// Between groups stand at most four of the marks that people write there, no two alike but spaces
/// around a dash.
fn skip_marks(reading: &Reading<'_, '_>, at: usize) -> usize {
    let is_mark = |byte: u8| matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')' | b'+' | b'*');
    let mut end = at;
    while end - at < 4 && is_mark(reading.byte(end)) {
        let repeats = end > at && reading.byte(end) == reading.byte(end - 1);
        let is_odd = reading.byte(end) == b'*'
            || (reading.byte(end) == b'+' && at > 0 && reading.byte(at - 1).is_ascii_digit());
        if repeats || is_odd {
            break;
        }
        end += 1;
    }
    end
}

type Belief = (Rule, Evidence, usize, String);

/// Takes the longest beginning of the candidate that something speaks for.
fn believe(reading: &Reading<'_, '_>, candidate: &Candidate, index: usize) -> Option<Belief> {
    let country = reading.country();
    let clue_before = reading.has_clue_before(index, Clue::PHONE);
    let named_otherwise = reading.has_clue_before(index, OTHER_NUMBERS);
    for (groups, &end) in candidate.ends.iter().enumerate().rev() {
        let written = reading.slice(candidate.start, end);
        let opened = written.matches('(').count();
        if !reading.ends_alone(end) && !ends_with_extension(reading, end)
            || opened != written.matches(')').count()
        {
            continue;
        }
        let digits = digits_of(written);
        // Nothing shorter is a number without a clue before it.
        if digits.len() < 7 && !clue_before && !reading.has_clue_after(end, Clue::PHONE) {
            break;
        }
        let has_clue = (clue_before && !names_other_before_phone(reading, index))
            || reading.has_clue_after(end, Clue::PHONE);
        let shape = Shape { written, digits: &digits, groups: groups + 1 };
        if digits.bytes().all(|digit| digits.bytes().next() == Some(digit)) {
            continue;
        }
        // Brazilians write 10 digits as 2, 4 and 4; 3, 3 and 4 are North American.
        if country == Country::Brazil && !named_otherwise && shape.is_north_american() {
            return Some((Rule::PhoneForeignShape, Evidence::Plan, end, north_american_value(&digits)));
        }
        // "011 98765 4321" is São Paulo before it is a call from New York.
        let is_home = !written.contains('+') && plans::national(country, &digits).is_some();
        if let Some((evidence, value)) = international(country, &shape, has_clue).filter(|_| !is_home) {
            return Some((Rule::PhoneInternational, evidence, end, value));
        }
        let is_whole = reading.is_whole_message(candidate.start, end);
        if let Some(number) = plans::national(country, &digits)
            && !begins_with_date(written)
            && (has_clue || (!named_otherwise && (is_whole || shape.is_written_as_national(country))))
        {
            let evidence = if has_clue { Evidence::Clue } else { Evidence::Plan };
            return Some((
                Rule::PhoneNational,
                evidence,
                end,
                format!("+{}{number}", country.calling_code()),
            ));
        }
        if has_clue && shape.is_plausible() {
            return Some((Rule::PhoneClue, Evidence::Clue, end, digits));
        }
        if !named_otherwise && shape.is_north_american() {
            return Some((Rule::PhoneForeignShape, Evidence::Plan, end, north_american_value(&digits)));
        }
        if !named_otherwise && country == Country::Brazil && shape.is_brazilian_without_area() {
            return Some((Rule::PhoneLocal, Evidence::Shape, end, digits));
        }
    }
    None
}

fn north_american_value(digits: &str) -> String {
    format!("+1{}", digits.strip_prefix('1').filter(|rest| rest.len() == 10).unwrap_or(digits))
}

/// Clues after which digits are something else even where a plan has them.
const OTHER_NUMBERS: Clue = Clue::ACCOUNT
    .or(Clue::CPF)
    .or(Clue::CNPJ)
    .or(Clue::TAX)
    .or(Clue::CARD)
    .or(Clue::POSTAL)
    .or(Clue::TRACKING)
    .or(Clue::ORDER);

/// "número da conta" and "account number": the nearer of two clues decides, fillers do not.
fn names_other_before_phone(reading: &Reading<'_, '_>, index: usize) -> bool {
    for back in 1..=index.min(6) {
        let clue = reading.clue(index - back);
        let is_only_number = clue.is(Clue::FILLER) && clue.is(Clue::PHONE);
        if clue.is(OTHER_NUMBERS) && !clue.is(Clue::PHONE) {
            return true;
        }
        if clue.is(Clue::PHONE) && !is_only_number || !clue.is(Clue::FILLER) {
            return false;
        }
    }
    false
}

struct Shape<'t> {
    written: &'t str,
    digits: &'t str,
    groups: usize,
}

impl Shape<'_> {
    /// Digits alone are written so by nobody but for a mobile number; others stand in groups.
    fn is_written_as_national(&self, country: Country) -> bool {
        let is_bare = self.written.len() == self.digits.len();
        let last = self.written.bytes().rev().take_while(u8::is_ascii_digit).count();
        if is_bare {
            return match country {
                Country::Brazil => {
                    (self.digits.len() == 11 && self.digits.get(2..3) == Some("9"))
                        || self.digits.starts_with("0800")
                }
                Country::Colombia => self.digits.starts_with('3'),
                Country::Spain => self.digits.starts_with(['6', '7']),
                Country::Portugal | Country::Chile | Country::Peru => self.digits.starts_with('9'),
                Country::Uruguay | Country::Ecuador | Country::Paraguay => self.digits.starts_with("09"),
                _ => false,
            };
        }
        let has_date_marks =
            self.written.contains('/') || self.written.contains('.') && self.groups <= 3 && last == 4;
        if country == Country::Brazil {
            return !self.written.contains('/') && self.groups <= 5 && last >= 3;
        }
        !has_date_marks && self.groups <= 6 && last >= 2 && self.digits.len() >= 7
    }

    /// Has the marks with which North Americans write: (541) 754-3010, 541-754-3010, 541.754.3010.
    fn is_north_american(&self) -> bool {
        let rest = self.written.trim_start_matches("1-").trim_start_matches("1 ").trim_start_matches('1');
        let pattern: String = rest.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        let is_written_so = matches!(
            pattern.as_str(),
            "(000) 000-0000"
                | "(000)000-0000"
                | "000-000-0000"
                | "000.000.0000"
                | "000 000 0000"
                | "(000).000.0000"
                | "(000) 000 0000"
        );
        is_written_so && plans::national(Country::UnitedStates, self.digits).is_some()
    }

    /// 98765-4321 and 3456-7890.
    fn is_brazilian_without_area(&self) -> bool {
        let Some((head, tail)) = self.written.split_once('-') else { return false };
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let is_mobile = head.len() == 5 && head.starts_with('9');
        let is_fixed = head.len() == 4 && head.starts_with(['2', '3', '4', '5', '8', '9']);
        tail.len() == 4 && are_digits(tail) && are_digits(head) && (is_mobile || is_fixed)
    }

    /// Six digits at least, and not all one: what a clue makes a phone number.
    fn is_plausible(&self) -> bool {
        let Some(first) = self.digits.bytes().next() else { return false };
        let most = if self.written.contains('+') || self.digits.starts_with("00") { MOST_DIGITS } else { 15 };
        let is_price =
            self.groups == 2 && self.written.rsplit('.').next().is_some_and(|cents| cents.len() == 2);
        (6..=most).contains(&self.digits.len())
            && !self.digits.bytes().all(|byte| byte == first)
            && !is_price
            && !begins_with_date(self.written)
            && !is_date(self.written)
    }
}

/// 2026-12-25 at the beginning, with a time behind it.
fn begins_with_date(written: &str) -> bool {
    let sizes: Vec<usize> = written.split([' ', '-', '/', '.']).take(3).map(str::len).collect();
    matches!(sizes.as_slice(), [4, 2, 2]) && written.starts_with(['1', '2'])
}

/// 25/12/2026, 16-04-2010.
fn is_date(written: &str) -> bool {
    let parts: Vec<&str> = written.split(['/', '-', '.']).collect();
    let sizes: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    matches!(sizes.as_slice(), [1 | 2, 1 | 2, 2 | 4])
}

/// A number that states its country: `+55 …`, `0055 …`, `55 11 98765-4321`.
fn international(country: Country, shape: &Shape<'_>, has_clue: bool) -> Option<(Evidence, String)> {
    let plus = shape.written.trim_start_matches('(').starts_with('+');
    let dialled = shape.digits.strip_prefix("00").or_else(|| shape.digits.strip_prefix("011"));
    let (digits, is_marked) = match (plus, dialled) {
        (true, _) => (shape.digits, true),
        (false, Some(rest)) if has_clue || rest.len() >= 10 => (rest, true),
        // The own country's code without a plus, as WhatsApp writes its ids.
        _ if shape.digits.starts_with(country.calling_code()) && country.calling_code().len() > 1 => {
            (shape.digits, false)
        }
        _ => return None,
    };
    let length = plans::calling_code_length(digits)?;
    let (calling, mut rest) = digits.split_at_checked(length)?;
    // "+44 (0)113": the trunk zero is not dialled from abroad.
    if shape.written.contains("(0)") || (calling != "39" && rest.starts_with('0')) {
        rest = rest.strip_prefix('0').unwrap_or(rest);
    }
    let known = plans::country_of(calling);
    match known.and_then(|known| plans::national(known, rest)) {
        Some(number) => Some((Evidence::Checked, format!("+{calling}{number}"))),
        None if !is_marked => None,
        // A plan that is known and does not have the number: believed with its plus all the same,
        // since a digit may be mistyped, yet not over something better.
        None if (4..=13).contains(&rest.len()) && (plus || known.is_none()) => {
            Some((Evidence::Plan, format!("+{calling}{rest}")))
        }
        None => None,
    }
}

/// "ext. 123", "x123", "ramal 12".
fn with_extension(reading: &Reading<'_, '_>, end: usize, value: String) -> (usize, String) {
    match extension(reading, end) {
        Some((end, extension)) => (end, format!("{value};ext={extension}")),
        None => (end, value),
    }
}

fn ends_with_extension(reading: &Reading<'_, '_>, end: usize) -> bool {
    extension(reading, end).is_some()
}

fn extension<'t>(reading: &Reading<'t, '_>, end: usize) -> Option<(usize, &'t str)> {
    let mark = reading.token_from(end);
    if !matches!(reading.word(mark), "x" | "ext" | "ramal" | "extension" | "interno" | "anexo") {
        return None;
    }
    let digits = (mark + 1..mark + 3).find(|at| reading.tokens.get(*at).is_some_and(Token::is_number))?;
    let token = reading.tokens.get(digits)?;
    let is_near = digits == mark + 1 || reading.word(mark + 1) == ".";
    (is_near && token.text.len() <= 6 && reading.ends_alone(token.end)).then_some((token.end, token.text))
}
