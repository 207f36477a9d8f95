//! Money and percentages.

use std::sync::LazyLock;

use regex::Regex;

use super::{ClaimKind, Finder};

/// Digits with either convention of separators; a space may separate thousands.
const NUMBER: &str = r"(?:\d{1,3}(?:[.,\x{a0} ]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?)";

static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    let currency =
        r"R\$|US\$|MX\$|AR\$|CO\$|CL\$|S/\.?|[$€£]|(?-u:\b)(?:USD|BRL|EUR|GBP|MXN|ARS|COP|CLP|PEN)(?-u:\b)";
    let pattern = format!(
        r"(?i)({currency})[\x{{a0}} ]?({NUMBER})(?:\s?(mil|k|milh[õo]es|mill[oó]n|million)(?-u:\b))?"
    );
    Regex::new(&pattern).expect("the pattern is a constant")
});

static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    let words = "reais|real|contos?|d[óo]lares|d[óo]lar|dollars?|bucks|euros?|pesos?|soles|libras|pounds";
    let currency = format!(r"€|£|(?:{words}|usd|brl|eur|gbp|mxn|ars|cop|clp)(?-u:\b)");
    let scale = r"(?:\s?(mil|k|milh[õo]es|mill[oó]n|million)(?-u:\b)(?:\sde)?)?";
    let pattern = format!(r"(?i)(?-u:\b)({NUMBER}){scale}[\x{{a0}} ]?({currency})");
    Regex::new(&pattern).expect("the pattern is a constant")
});

static PERCENTAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(\d+(?:[.,]\d+)?)\s?(?:%|por\s?cent|por\s?ciento(?-u:\b)|per\s?cent)")
        .expect("the pattern is a constant")
});

pub(super) fn find(text: &str, found: &mut Finder<'_>) {
    for captures in PERCENTAGE.captures_iter(text) {
        let whole = captures.get_match();
        let end = whole.end() + usize::from(text[whole.end()..].starts_with('o'));
        found.add(ClaimKind::Percentage, whole.start()..end, percentage(&captures[1]));
    }
    for captures in BEFORE.captures_iter(text) {
        let scale = captures.get(3).map(|scale| scale.as_str());
        let value = money(&captures[2], scale, currency(&captures[1]));
        found.add(ClaimKind::Money, captures.get_match().range(), value);
    }
    for captures in AFTER.captures_iter(text) {
        let scale = captures.get(2).map(|scale| scale.as_str());
        let value = money(&captures[1], scale, currency(&captures[3]));
        found.add(ClaimKind::Money, captures.get_match().range(), value);
    }
}

/// Two normalised amounts are one if the numbers are and the currencies do not contradict.
pub(super) fn are_one_amount(a: &str, b: &str) -> bool {
    let (amount_a, currency_a) = a.split_once(' ').unwrap_or((a, ""));
    let (amount_b, currency_b) = b.split_once(' ').unwrap_or((b, ""));
    amount_a == amount_b && (currency_a == currency_b || currency_a.is_empty() || currency_b.is_empty())
}

/// ISO 4217 code of a sign or word; empty where several countries use it (`$`, peso).
fn currency(sign: &str) -> &'static str {
    match sign.to_lowercase().as_str() {
        "r$" | "brl" | "reais" | "real" | "conto" | "contos" => "BRL",
        "us$" | "usd" | "dollar" | "dollars" | "dolar" | "dólar" | "dolares" | "dólares" | "bucks" => "USD",
        "€" | "eur" | "euro" | "euros" => "EUR",
        "£" | "gbp" | "pounds" | "libras" => "GBP",
        "mx$" | "mxn" => "MXN",
        "ar$" | "ars" => "ARS",
        "co$" | "cop" => "COP",
        "cl$" | "clp" => "CLP",
        "s/" | "s/." | "pen" | "soles" => "PEN",
        _ => "",
    }
}

/// `1234.56`, and the currency after it if known. Empty where the number is beyond any price.
fn money(number: &str, scale: Option<&str>, currency: &str) -> String {
    let Some(cents) = cents(number) else { return String::new() };
    let factor = match scale.map(|scale| scale.chars().take(4).collect::<String>().to_lowercase()).as_deref()
    {
        None => 1,
        Some("mil" | "k") => 1_000,
        Some(_) => 1_000_000,
    };
    let Some(cents) = cents.checked_mul(factor) else { return String::new() };
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    if currency.is_empty() { amount } else { format!("{amount} {currency}") }
}

/// The last separator is a decimal point if one or two digits follow it, else all are thousands'.
fn cents(number: &str) -> Option<u64> {
    let (whole, fraction) = match number.rfind(['.', ',']) {
        Some(at) if number.len() - at <= 3 => (&number[..at], &number[at + 1..]),
        _ => (number, ""),
    };
    let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
    let whole: u64 = digits.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(fraction)
}

fn percentage(number: &str) -> String {
    let number = number.replace(',', ".");
    if number.contains('.') {
        return number.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    number
}
