//! Numbers with a unit: "2 kg", "3 unidades", "meia dúzia de caixas", and sizes: "tamanho 42".
//!
//! The value is the number and the unit's symbol or English name in the singular: `2 kg`, `3 unit`,
//! `10 box`; a size is `42 size`, `M size`.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::clues::Clue;
use crate::confidence::Rule;
use crate::numbers::Decimal;
use crate::reading::{Evidence, Findings, Reading};

/// Units, folded, and how the value names them. Units of time are durations and not here.
const UNITS: &[(&str, &str)] = &[
    ("kg kgs kilo kilos quilo quilos quilograma quilogramas kilogramo kilogramos kilogram kilograms", "kg"),
    ("g gr grs grama gramas gramo gramos gram grams", "g"),
    ("mg miligrama miligramas miligramos", "mg"),
    ("tonelada toneladas ton tons", "t"),
    ("lb lbs libra libras pound pounds", "lb"),
    ("onca oncas onza onzas ounce ounces oz", "oz"),
    ("l lt lts litro litros liter liters litre litres", "l"),
    ("ml mls mililitro mililitros milliliters", "ml"),
    ("m metro metros meter meters mts mt", "m"),
    ("cm centimetro centimetros cms", "cm"),
    ("mm milimetro milimetros", "mm"),
    ("km quilometro quilometros kilometro kilometros kms kilometers", "km"),
    ("m2 m²", "m2"),
    ("polegada polegadas pulgada pulgadas inch inches", "in"),
    ("gb giga gigas", "GB"),
    ("mb mega megas", "MB"),
    ("tb", "TB"),
    ("volts volt v", "V"),
    ("watts watt w", "W"),
    ("mah", "mAh"),
    ("unidade unidades un und unds unid unids uni unidad unidades uds ud unit units", "unit"),
    ("peca pecas pc pcs pieza piezas piece pieces", "piece"),
    ("caixa caixas cx cxs caja cajas box boxes", "box"),
    ("pacote pacotes pct pcts paquete paquetes pack packs package packages packets", "pack"),
    ("par pares pair pairs", "pair"),
    ("duzia duzias docena docenas dozen dozens dz", "dozen"),
    ("garrafa garrafas botella botellas bottle bottles", "bottle"),
    ("lata latas can cans", "can"),
    ("saco sacos bolsa bolsas bag bags sacola sacolas", "bag"),
    ("fardo fardos", "bale"),
    ("kit kits", "kit"),
    ("rolo rolos rollo rollos roll rolls", "roll"),
    ("frasco frascos", "jar"),
    ("pote potes", "tub"),
    ("bandeja bandejas", "tray"),
    ("fatia fatias porcao porcoes porcion porciones slice slices", "slice"),
    ("item itens items articulos", "item"),
    ("pessoa pessoas persona personas people person guests", "person"),
    ("parcela parcelas cuota cuotas installments installment", "installment"),
];

/// A letter or two after "tamanho".
const SIZES: &[&str] = &[
    "pp", "p", "m", "g", "gg", "xg", "xgg", "eg", "exg", "xs", "s", "l", "xl", "xxl", "xxxl", "ch", "unico",
    "u",
];

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let mut index = 0;
    while index < reading.tokens.len() {
        let counted = counted(reading, index).or_else(|| size(reading, index));
        let Some((rule, first, after, value)) = counted else {
            index += 1;
            continue;
        };
        let start = reading.tokens.get(first).map_or(0, |token| token.start);
        let end = reading.tokens.get(after - 1).map_or(0, |token| token.end);
        found.add(rule, Evidence::Plan, (start, end), value);
        index = after;
    }
}

type Found = (Rule, usize, usize, String);

/// A number and its unit.
fn counted(reading: &Reading<'_, '_>, index: usize) -> Option<Found> {
    let token = reading.tokens.get(index)?;
    let is_inner = reading.is_glued(index)
        && !matches!(reading.word_before(index), "(" | ":" | "~" | "\"" | "+" | "-" | ",");
    if !(token.is_number() || token.is_word()) || is_inner {
        return None;
    }
    let (after, number) =
        half(reading, index).or_else(|| reading.number(index)).or_else(|| one(reading, index))?;
    // "duas dúzias de ovos": the dozen is the unit.
    if token.is_word()
        && matches!(reading.word(after - 1), "duzia" | "duzias" | "docena" | "docenas" | "dozen" | "dozens")
        && unit_of(reading.word(after)).is_none()
    {
        return Some((Rule::Quantity, index, after, format!("{number} unit")));
    }
    let unit_at = reading.tokens.get(after).filter(|unit| unit.is_word() && (!reading.begins_line(after)))?;
    let unit = unit_of(&unit_at.folded)?;
    let is_letter = unit_at.text.chars().count() == 1;
    // "o bloco 2 g", "10 m": a letter apart is a unit only in small letters and glued to digits.
    if is_letter
        && (unit_at.space_before && unit_at.text != "g" && unit_at.text != "l" && unit_at.text != "m"
            || !token.is_number())
    {
        return None;
    }
    // "4G" is a network.
    let is_network = unit_at.text == "G" && number.to_integer().is_some_and(|value| value < 10);
    let continues = is_network
        || reading.is_glued(after + 1)
            && reading
                .tokens
                .get(after + 1)
                .is_some_and(|next| next.is_number() || matches!(next.text, "/" | "$" | "_" | "@" | "-"));
    // "1 caixa" is a quantity, "uma caixa" an article with its noun, "2ª parcela" an ordinal.
    let is_article =
        matches!(reading.word(index), "um" | "uma" | "un" | "una" | "a" | "one") && !is_measured(unit);
    (!continues && !is_article).then(|| (Rule::Quantity, index, after + 1, format!("{number} {unit}")))
}

/// "meio quilo", "media docena", "half a kilo"
fn half(reading: &Reading<'_, '_>, index: usize) -> Option<(usize, Decimal)> {
    let is_half = matches!(reading.word(index), "meio" | "meia" | "medio" | "media" | "half");
    let after = index + 1 + usize::from(reading.word(index + 1) == "a");
    (is_half && unit_of(reading.word(after)).is_some_and(is_measured)).then(|| (after, Decimal::new(5, 1)))
}

/// "um quilo": what is measured has an article for a one, what is counted ("uma caixa") only an
/// article.
fn one(reading: &Reading<'_, '_>, index: usize) -> Option<(usize, Decimal)> {
    let is_one = matches!(reading.word(index), "um" | "uma" | "un" | "una" | "a" | "one");
    (is_one && unit_of(reading.word(index + 1)).is_some_and(is_measured))
        .then(|| (index + 1, Decimal::from(1)))
}

fn is_measured(unit: &str) -> bool {
    matches!(unit, "kg" | "g" | "l" | "ml" | "m" | "lb" | "oz" | "t")
}

fn unit_of(folded: &str) -> Option<&'static str> {
    static BY_WORD: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| {
        UNITS.iter().flat_map(|(words, unit)| words.split(' ').map(move |word| (word, *unit))).collect()
    });
    BY_WORD.get(folded).copied()
}

/// "tamanho 42", "tam. GG", "calço 38", "size M".
fn size(reading: &Reading<'_, '_>, index: usize) -> Option<Found> {
    if !reading.clue(index).is(Clue::SIZE) || matches!(reading.word(index), "numero" | "vale") {
        return None;
    }
    let mut at = index + 1;
    while at < index + 4
        && matches!(
            reading.word(at),
            "." | ":" | "e" | "eh" | "o" | "es" | "is" | "numero" | "n" | "nº" | "unico"
        )
        && !SIZES.contains(&reading.word(at))
    {
        at += 1;
    }
    let token = reading.tokens.get(at)?;
    let is_number = token.is_number() && token.text.len() <= 3;
    let is_letter = SIZES.contains(&token.folded.as_ref()) && token.is_word();
    let goes_on = reading.is_glued(at + 1)
        && reading
            .tokens
            .get(at + 1)
            .is_some_and(|next| next.is_word() || next.is_number() || next.text == "%");
    ((is_number || is_letter) && !goes_on)
        .then(|| (Rule::Size, index, at + 1, format!("{} size", token.text.to_uppercase())))
}
