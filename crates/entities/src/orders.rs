//! Order numbers: beside a clue ("pedido nº 10230"), after a hash mark, or by the tenant's pattern.
//!
//! The value is the number in capitals, without a hash mark or spaces.

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

/// Longer digits are a card's, a key's or a document's.
const LONGEST: usize = 24;

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for pattern in reading.context.order_patterns {
        for place in pattern.find_iter(reading.text).filter(|place| !place.is_empty()) {
            let value = normalised(place.as_str());
            found.add(Rule::OrderPattern, Evidence::Checked, (place.start(), place.end()), value);
        }
    }
    for (index, start) in reading.runs() {
        let has_hash = start > 0 && reading.byte(start - 1) == b'#';
        if !reading.byte(start).is_ascii_alphanumeric() || !(has_hash || reading.begins_alone(start)) {
            continue;
        }
        let end = code_end(reading, start);
        let code = reading.slice(start, end);
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        if digits < 2 || is_date(code) || code.len() > LONGEST || !reading.ends_alone(end) {
            continue;
        }
        // "3 pedidos", "pedido de 50 reais", "pedido 2 vezes": one or two digits are a count.
        let has_clue = reading.has_clue_before(index, Clue::ORDER) && (digits >= 3 || has_hash);
        let place = (if has_hash { start - 1 } else { start }, end);
        if has_clue && !is_followed_by_unit(reading, end) && !names_other(reading, index) {
            found.add(Rule::OrderClue, Evidence::Clue, place, normalised(code));
        } else if has_hash && digits >= 3 && !is_hashtag(code) {
            found.add(Rule::OrderHash, Evidence::Plan, place, normalised(code));
        }
    }
}

/// Letters and digits with single dashes, slashes or dots between parts: `ABC-1234`, `2026/00123`.
fn code_end(reading: &Reading<'_, '_>, start: usize) -> usize {
    let mut end = reading.run_end(start);
    while matches!(reading.byte(end), b'-' | b'/' | b'.') && reading.byte(end + 1).is_ascii_alphanumeric() {
        let next = reading.run_end(end + 1);
        // "10230-amanhã" goes on in words, "chegou.Obrigado" in a sentence.
        if !reading.slice(end + 1, next).bytes().any(|byte| byte.is_ascii_digit()) {
            break;
        }
        end = next;
    }
    end
}

/// 2/20, 25/12/2026
fn is_date(code: &str) -> bool {
    let parts: Vec<usize> = code.split(['/', '.']).map(str::len).collect();
    matches!(parts.as_slice(), [1 | 2, 1 | 2] | [1 | 2, 1 | 2, 2 | 4])
}

/// "#carnaval2026": letters first, and not the few capitals of a series.
fn is_hashtag(code: &str) -> bool {
    let letters = code.bytes().take_while(u8::is_ascii_alphabetic).count();
    let is_series = letters <= 3 && code.bytes().take(letters).all(|byte| byte.is_ascii_uppercase());
    let is_year = code.len() == letters + 4 && code.get(letters..).is_some_and(|year| year.starts_with("20"));
    let has_small_letters = code.bytes().any(|byte| byte.is_ascii_lowercase());
    !code.contains('-') && (has_small_letters || is_year || letters > 0 && !is_series)
}

fn is_followed_by_unit(reading: &Reading<'_, '_>, end: usize) -> bool {
    let next = reading.token_from(end);
    matches!(
        reading.word(next),
        "reais"
            | "real"
            | "pesos"
            | "dolares"
            | "euros"
            | "dollars"
            | "conto"
            | "contos"
            | "pila"
            | "%"
            | "kg"
            | "unidades"
            | "caixas"
            | "pecas"
            | "itens"
            | "vezes"
            | "x"
            | "dias"
            | "horas"
            | "h"
            | "mil"
            | "dias_uteis"
            | "days"
            | "items"
    )
}

/// "o cpf do pedido é", "cep da compra": a nearer clue of another kind takes the number.
fn names_other(reading: &Reading<'_, '_>, index: usize) -> bool {
    let others =
        Clue::CPF.or(Clue::CNPJ).or(Clue::POSTAL).or(Clue::TRACKING).or(Clue::COUPON).or(Clue::PRICE);
    reading.has_clue_before(index, others)
}

fn normalised(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '#').flat_map(char::to_uppercase).collect()
}
