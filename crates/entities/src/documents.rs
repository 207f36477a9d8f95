//! Tax and identity numbers: Brazil's CPF and CNPJ, and those of other countries.
//!
//! A number counts only if its check digits fit. Separators as on the document, or a clue, or the
//! tenant's own country must speak for it too: nine digits pass one check digit in ten by chance.
//! The value of a CPF is its 11 digits, of a CNPJ its 14 characters in capitals, of others the
//! country and the number without separators (`MX GODE561231GR8`).

mod checks;
mod latin;

pub(crate) use checks::{is_s10, is_ups, passes_luhn};

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    for (index, start) in reading.runs() {
        if !reading.byte(start).is_ascii_alphanumeric() || !reading.begins_alone(start) {
            continue;
        }
        cpf(reading, index, start, found);
        cnpj(reading, index, start, found);
        latin::find(reading, index, start, found);
    }
}

fn cpf(reading: &Reading<'_, '_>, index: usize, start: usize, found: &mut Findings) {
    let Some(groups) = reading.groups(start, &[3, 3, 3, 2], b"..-") else { return };
    if !checks::is_cpf(&groups.digits) {
        return;
    }
    let has_clue = reading.has_clue_before(index, Clue::CPF.or(Clue::PIX).or(Clue::TAX))
        || reading.has_clue_after(groups.end, Clue::CPF);
    let (rule, evidence) = rank(has_clue, groups.separators > 0, (Rule::Cpf, Rule::CpfBare));
    found.add(rule, evidence, (start, groups.end), groups.digits);
}

/// The separators of a document or a clue make it certain; bare digits may be something else.
fn rank(has_clue: bool, is_written_out: bool, rules: (Rule, Rule)) -> (Rule, Evidence) {
    if has_clue || is_written_out { (rules.0, Evidence::Checked) } else { (rules.1, Evidence::Plan) }
}

fn cnpj(reading: &Reading<'_, '_>, index: usize, start: usize, found: &mut Findings) {
    let Some((end, characters, separators)) = cnpj_characters(reading, start) else { return };
    if !checks::is_cnpj(&characters) {
        return;
    }
    let has_clue =
        reading.has_clue_before(index, Clue::CNPJ.or(Clue::PIX)) || reading.has_clue_after(end, Clue::CNPJ);
    let (rule, evidence) = rank(has_clue, separators > 1, (Rule::Cnpj, Rule::CnpjBare));
    found.add(rule, evidence, (start, end), characters);
}

/// Twelve letters or digits and two digits, with or without the separators of `12.ABC.345/01DE-35`.
pub(crate) fn cnpj_characters(reading: &Reading<'_, '_>, start: usize) -> Option<(usize, String, usize)> {
    let mut characters = String::with_capacity(14);
    let mut at = start;
    let mut separators = 0;
    while characters.len() < 14 {
        let byte = reading.byte(at);
        let is_separator =
            matches!((characters.len(), byte), (2 | 5, b'.' | b' ') | (8, b'/' | b' ') | (12, b'-' | b' '))
                && reading.byte(at.wrapping_sub(1)) != byte;
        if is_separator {
            separators += 1;
        } else if byte.is_ascii_alphanumeric() {
            characters.push(char::from(byte.to_ascii_uppercase()));
        } else {
            return None;
        }
        at += 1;
    }
    reading.ends_alone(at).then_some((at, characters, separators))
}

#[cfg(test)]
mod tests {
    use super::checks::*;

    #[test]
    fn brazilian_numbers_pass_only_with_their_check_digits() {
        assert!(is_cpf("52998224725") && !is_cpf("52998224724") && !is_cpf("11111111111"));
        assert!(is_cnpj("11222333000181") && !is_cnpj("11222333000182"));
        // The example of Receita Federal's instruction on the alphanumeric number.
        assert!(is_cnpj("12ABC34501DE35") && !is_cnpj("12ABC34501DE36"));
    }

    #[test]
    fn numbers_of_other_countries_pass_only_with_their_check_digits() {
        assert!(is_rfc("GODE561231GR8") && !is_rfc("GODE561231GR7"));
        assert!(is_curp("HEGG560427MVZRRL04") && !is_curp("HEGG560427MVZRRL05"));
        assert!(is_cuit("20123456786") && !is_cuit("20123456787"));
        assert!(is_chilean_rut("123456785") && !is_chilean_rut("123456786"));
        assert!(is_nit("8909039388") && !is_nit("8909039389"));
        assert!(is_peruvian_ruc("20131312955") && !is_peruvian_ruc("20131312956"));
        assert!(is_uruguayan_cedula("12345672") && !is_uruguayan_cedula("12345671"));
        assert!(is_uruguayan_rut("211003420017") && !is_uruguayan_rut("211003420018"));
        assert!(is_ecuadorian_cedula("1710034065") && !is_ecuadorian_cedula("1710034064"));
        assert!(is_rnc("101010632") && !is_rnc("101010633"));
        assert!(is_spanish_nif("12345678Z") && is_spanish_nif("X1234567L") && is_spanish_nif("A58818501"));
        assert!(!is_spanish_nif("12345678A") && !is_spanish_nif("A58818502"));
        assert!(is_portuguese_nif("123456789") && !is_portuguese_nif("123456788"));
    }

    #[test]
    fn cards_and_parcels_pass_only_with_their_check_digits() {
        assert!(passes_luhn("4111111111111111") && !passes_luhn("4111111111111112"));
        assert!(is_s10("RR123456785BR") && !is_s10("RR123456789BR"));
        assert!(is_ups("1Z999AA10123456784") && !is_ups("1Z999AA10123456785"));
    }
}
