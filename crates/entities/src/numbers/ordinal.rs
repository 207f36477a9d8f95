//! Places in a row: "2º", "21st", "vigésimo primeiro", "la segunda vez".
//!
//! The same words name weekdays ("quinta"), rooms ("quarto", "cuarto") and lengths of time
//! ("segundo", "second"); such a word is a place only where its neighbours say so.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::cardinal;
use super::decimal::Decimal;
use crate::Language;
use crate::scan::Token;
use crate::wordlist::words;

/// An ordinal word.
#[derive(Debug, Clone, Copy)]
enum Rank {
    /// It stands for its number, which adds to a larger one before it.
    Plain(i64),
    /// It multiplies the number before it.
    Scale(i64),
}

/// Reads the ordinal that begins at the token `index`: the token after its end, and its value.
pub(crate) fn ordinal(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    let token = tokens.get(index)?;
    if token.is_number() {
        return in_digits(tokens, index, language);
    }
    if !token.is_word() || is_something_else(tokens, index, language) {
        return None;
    }
    in_words(tokens, index, language)
}

/// "1º", "2ª", "30a", "1.º", "11vo", "21st".
fn in_digits(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    let digits = tokens.get(index)?;
    let mut next = index + 1;
    if tokens.get(next).is_some_and(|token| token.is(".") && !token.space_before)
        && tokens.get(next + 1).is_some_and(|token| token.is_any(&["º", "ª", "°"]))
    {
        next += 1;
    }
    let suffix = tokens.get(next).filter(|token| !token.space_before)?;
    let common = suffix.is_any(&["º", "ª"]) || (suffix.is("°") && !is_temperature(tokens, next + 1));
    let fits = match language {
        Language::Portuguese => suffix.is_any(&["o", "a", "os", "as"]),
        Language::Spanish => suffix.is_any(&[
            "o", "a", "er", "ro", "ra", "do", "da", "to", "ta", "mo", "ma", "vo", "va", "no", "na",
        ]),
        Language::English => suffix.is_any(&["st", "nd", "rd", "th"]),
    };
    let is_weekday = tokens.get(next + 1).is_some_and(|after| after.is_any(&["feira", "f"]))
        || (tokens.get(next + 1).is_some_and(|after| after.is("-"))
            && tokens.get(next + 2).is_some_and(|after| after.is("feira")));
    let goes_on = tokens
        .get(next + 1)
        .is_some_and(|after| !after.space_before && (after.is_number() || after.is_word()));
    if !(common || fits) || is_weekday || goes_on || digits.text.len() > 9 {
        return None;
    }
    Some((next + 1, Decimal::from_digits(digits.text, "")?))
}

fn is_temperature(tokens: &[Token<'_>], index: usize) -> bool {
    tokens.get(index).is_some_and(|token| token.is_any(&["c", "f"]))
}

fn in_words(tokens: &[Token<'_>], index: usize, language: Language) -> Option<(usize, Decimal)> {
    let rank_at = |index: usize| tokens.get(index).and_then(|token| rank(&token.folded, language));
    let (mut end, mut value) = match rank_at(index) {
        Some(Rank::Plain(number) | Rank::Scale(number)) => (index + 1, number),
        None => {
            let (mut after, cardinal) = cardinal::whole(tokens, index, language)?;
            if language == Language::English && tokens.get(after)?.is_any(&["-", "and"]) {
                after += 1;
            }
            let before = cardinal.to_integer()?;
            let value = match rank_at(after)? {
                Rank::Plain(number) if language == Language::English && room(before) > number => {
                    before.checked_add(number)?
                }
                Rank::Plain(_) => return None,
                Rank::Scale(scale) => before.checked_mul(scale)?,
            };
            (after + 1, value)
        }
    };
    // "milésimo quingentésimo vigésimo terceiro": each smaller than what the one before leaves open.
    if language != Language::English {
        while let Some(Rank::Plain(number)) = rank_at(end) {
            if number >= room(value) {
                break;
            }
            value = value.checked_add(number)?;
            end += 1;
        }
    }
    Some((end, Decimal::from(value)))
}

/// Below what a number may still be added: the zeros at its end (120 leaves 10, 1000 leaves 1000).
fn room(value: i64) -> i64 {
    let mut room = 1_i64;
    while room < 1_000_000_000 && value % (room * 10) == 0 {
        room *= 10;
    }
    room
}

/// Whether an ordinal's word means a weekday, a room, a second of time or "according to" here.
fn is_something_else(tokens: &[Token<'_>], index: usize, language: Language) -> bool {
    let Some(token) = tokens.get(index) else { return true };
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    let after = tokens.get(index + 1);
    let counts_a_noun = after.is_some_and(|after| is_counted_noun(&after.folded));
    match language {
        Language::Portuguese
            if token.is_any(&["segunda", "quarta", "quinta", "sexta", "quarto", "quartos"]) =>
        {
            !counts_a_noun
        }
        Language::Spanish if token.is_any(&["cuarto", "cuartos"]) => !counts_a_noun,
        Language::Portuguese | Language::Spanish if token.is("segundo") => {
            let pointed_at = before.is_some_and(|before| {
                before.is_any(&[
                    "o", "no", "do", "ao", "pelo", "meu", "seu", "esse", "este", "el", "mi", "tu", "su",
                    "al", "del",
                ])
            });
            !counts_a_noun && !pointed_at
        }
        Language::Portuguese | Language::Spanish => {
            token.is_any(&["segundos", "segundas", "quartas", "quintas", "sextas"])
        }
        Language::English if token.is("second") => {
            let measured = before.is_none_or(|before| {
                before.is_number()
                    || before.is_any(&["a", "one", "per", "each", "every", "half", "split", "few"])
            });
            measured && !counts_a_noun
        }
        Language::English => false,
    }
}

/// What customers of a shop count off: copies, times, instalments, options, floors.
pub(crate) fn is_counted_noun(word: &str) -> bool {
    static NOUNS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| words(COUNTED_NOUNS));
    NOUNS.contains(word)
}

const COUNTED_NOUNS: &str = "\
    semana trimestre semestre quinzena via vez opcao opcoes parte etapa parcela dose tentativa compra \
    unidade edicao serie linha pagina aula fase geracao posicao rodada temporada chance pergunta foto \
    imagem peca loja cor letra mensagem entrega cobranca fatura reclamacao remessa pessoa versao coluna \
    classe avenida camada andar pedido item boleto mes dia ano lugar nome produto pagamento cartao \
    chamado contato email numero endereco opcion parada cuota intento piso pago producto correo pregunta \
    unidad mensaje envio persona version vuelta nombre apellido time option copy one order part \
    installment instalment attempt floor payment package name line address hand day month week year page \
    picture invoice message question box number card";

/// Whether `word` is an ordinal.
pub(crate) fn is_rank(word: &str, language: Language) -> bool {
    // The shortest are "sexta" and "first".
    word.len() > 4 && rank(word, language).is_some()
}

fn rank(word: &str, language: Language) -> Option<Rank> {
    match language {
        Language::Portuguese => latin_rank(word, PORTUGUESE),
        Language::Spanish => latin_rank(word, SPANISH),
        Language::English => english_rank(word),
    }
}

/// Stems of Portuguese ordinals; -o, -a, -os, -as end them.
const PORTUGUESE: &[(&str, Rank)] = &[
    ("primeir", Rank::Plain(1)),
    ("segund", Rank::Plain(2)),
    ("terceir", Rank::Plain(3)),
    ("quart", Rank::Plain(4)),
    ("quint", Rank::Plain(5)),
    ("sext", Rank::Plain(6)),
    ("setim", Rank::Plain(7)),
    ("oitav", Rank::Plain(8)),
    ("non", Rank::Plain(9)),
    ("decim", Rank::Plain(10)),
    ("vigesim", Rank::Plain(20)),
    ("trigesim", Rank::Plain(30)),
    ("quadragesim", Rank::Plain(40)),
    ("quinquagesim", Rank::Plain(50)),
    ("sexagesim", Rank::Plain(60)),
    ("septuagesim", Rank::Plain(70)),
    ("octogesim", Rank::Plain(80)),
    ("nonagesim", Rank::Plain(90)),
    ("centesim", Rank::Plain(100)),
    ("ducentesim", Rank::Plain(200)),
    ("tricentesim", Rank::Plain(300)),
    ("trecentesim", Rank::Plain(300)),
    ("quadringentesim", Rank::Plain(400)),
    ("quingentesim", Rank::Plain(500)),
    ("sexcentesim", Rank::Plain(600)),
    ("milesim", Rank::Scale(1000)),
    ("milionesim", Rank::Scale(1_000_000)),
];

/// Stems of Spanish ordinals; -o, -a, -os, -as end them, and nothing ends "primer" and "tercer".
const SPANISH: &[(&str, Rank)] = &[
    ("primer", Rank::Plain(1)),
    ("segund", Rank::Plain(2)),
    ("tercer", Rank::Plain(3)),
    ("cuart", Rank::Plain(4)),
    ("quint", Rank::Plain(5)),
    ("sext", Rank::Plain(6)),
    ("septim", Rank::Plain(7)),
    ("octav", Rank::Plain(8)),
    ("noven", Rank::Plain(9)),
    ("decim", Rank::Plain(10)),
    ("undecim", Rank::Plain(11)),
    ("duodecim", Rank::Plain(12)),
    ("decimoprimer", Rank::Plain(11)),
    ("decimosegund", Rank::Plain(12)),
    ("decimotercer", Rank::Plain(13)),
    ("decimocuart", Rank::Plain(14)),
    ("decimoquint", Rank::Plain(15)),
    ("decimosext", Rank::Plain(16)),
    ("decimoseptim", Rank::Plain(17)),
    ("decimoctav", Rank::Plain(18)),
    ("decimonoven", Rank::Plain(19)),
    ("vigesim", Rank::Plain(20)),
    ("trigesim", Rank::Plain(30)),
    ("cuadragesim", Rank::Plain(40)),
    ("quincuagesim", Rank::Plain(50)),
    ("sexagesim", Rank::Plain(60)),
    ("septuagesim", Rank::Plain(70)),
    ("octogesim", Rank::Plain(80)),
    ("nonagesim", Rank::Plain(90)),
    ("centesim", Rank::Plain(100)),
    ("ducentesim", Rank::Plain(200)),
    ("tricentesim", Rank::Plain(300)),
    ("cuadringentesim", Rank::Plain(400)),
    ("quingentesim", Rank::Plain(500)),
    ("sexcentesim", Rank::Plain(600)),
    ("milesim", Rank::Scale(1000)),
    ("millonesim", Rank::Scale(1_000_000)),
    ("billonesim", Rank::Scale(1_000_000_000_000)),
];

fn latin_rank(word: &str, stems: &[(&str, Rank)]) -> Option<Rank> {
    let found = |stem: &str| stems.iter().find(|(known, _)| *known == stem).map(|(_, rank)| *rank);
    if word.is_ascii() && matches!(word, "primer" | "tercer") {
        return found(word);
    }
    let singular = word.strip_suffix('s').unwrap_or(word);
    let stem = singular.strip_suffix(['o', 'a'])?;
    // Every stem ends in one of these letters ("primeir", "quart", "oitav", "decim", "segund", "non").
    if stem.ends_with(['r', 't', 'v', 'm', 'd', 'n']) { found(stem) } else { None }
}

fn english_rank(word: &str) -> Option<Rank> {
    Some(match word {
        "first" => Rank::Plain(1),
        "second" => Rank::Plain(2),
        "third" => Rank::Plain(3),
        "fourth" => Rank::Plain(4),
        "fifth" => Rank::Plain(5),
        "sixth" => Rank::Plain(6),
        "seventh" => Rank::Plain(7),
        "eighth" => Rank::Plain(8),
        "ninth" | "nineth" => Rank::Plain(9),
        "tenth" => Rank::Plain(10),
        "eleventh" => Rank::Plain(11),
        "twelfth" => Rank::Plain(12),
        "thirteenth" => Rank::Plain(13),
        "fourteenth" => Rank::Plain(14),
        "fifteenth" => Rank::Plain(15),
        "sixteenth" => Rank::Plain(16),
        "seventeenth" => Rank::Plain(17),
        "eighteenth" => Rank::Plain(18),
        "nineteenth" => Rank::Plain(19),
        "twentieth" => Rank::Plain(20),
        "thirtieth" => Rank::Plain(30),
        "fortieth" => Rank::Plain(40),
        "fiftieth" => Rank::Plain(50),
        "sixtieth" => Rank::Plain(60),
        "seventieth" => Rank::Plain(70),
        "eightieth" => Rank::Plain(80),
        "ninetieth" => Rank::Plain(90),
        "hundredth" => Rank::Scale(100),
        "thousandth" => Rank::Scale(1000),
        "millionth" => Rank::Scale(1_000_000),
        "billionth" => Rank::Scale(1_000_000_000),
        "trillionth" => Rank::Scale(1_000_000_000_000),
        _ => return None,
    })
}
