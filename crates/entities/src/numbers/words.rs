//! The words that numbers are made of, in three languages, folded to lower case without accents.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::Language;
use crate::wordlist::table;

/// What a word adds to a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberWord {
    /// 0 to 9.
    Unit(i64),
    /// 10 to 19, and what Spanish writes in one word, 21 to 29.
    Teen(i64),
    /// 20, 30 … 90.
    Ten(i64),
    /// 100 … 900 in one word, to which more can be added ("cento", "duzentos").
    Hundreds(i64),
    /// 100 in one word, to which nothing below is added ("cem", "cien").
    Hundred,
    /// English "hundred", which multiplies.
    TimesHundred,
    /// 1,000 and above, which multiply.
    Scale(i64),
    /// 12, which multiplies.
    Dozen,
    /// "e", "y", "and".
    And,
    /// "meio", "media", "half".
    Half,
    /// "metade", "mitad": a half that stands alone.
    HalfOfIt,
    /// What stands for a decimal mark: "vírgula", "coma", "point".
    Point,
    /// English "a" and "an", which mean one before "hundred".
    Article,
    /// The lower part of a fraction: "terço", "octavos", "fifths".
    Part(i64),
}

/// Ten to the twelfth: the most that a scale word means here (long scale in Spanish, short in the others).
const TRILLION: i64 = 1_000_000_000_000;
const BILLION: i64 = 1_000_000_000;
const MILLION: i64 = 1_000_000;

/// What `word` adds to a number in `language`.
pub(crate) fn number_word(word: &str, language: Language) -> Option<NumberWord> {
    static TABLES: LazyLock<[FxHashMap<&str, NumberWord>; 3]> =
        LazyLock::new(|| [PORTUGUESE, SPANISH, ENGLISH].map(table));
    let [portuguese, spanish, english] = &*TABLES;
    let table = match language {
        Language::Portuguese => portuguese,
        Language::Spanish => spanish,
        Language::English => english,
    };
    table.get(word).copied()
}

/// Words that add the same, separated by white space, and what they add.
type Entry = (&'static str, NumberWord);

const PORTUGUESE: &[Entry] = &[
    ("e", NumberWord::And),
    ("zero", NumberWord::Unit(0)),
    ("um uma", NumberWord::Unit(1)),
    ("dois duas", NumberWord::Unit(2)),
    ("tres", NumberWord::Unit(3)),
    ("quatro", NumberWord::Unit(4)),
    ("cinco", NumberWord::Unit(5)),
    ("seis", NumberWord::Unit(6)),
    ("sete", NumberWord::Unit(7)),
    ("oito", NumberWord::Unit(8)),
    ("nove", NumberWord::Unit(9)),
    ("dez", NumberWord::Teen(10)),
    ("onze", NumberWord::Teen(11)),
    ("doze", NumberWord::Teen(12)),
    ("treze", NumberWord::Teen(13)),
    ("quatorze catorze", NumberWord::Teen(14)),
    ("quinze", NumberWord::Teen(15)),
    ("dezesseis dezasseis", NumberWord::Teen(16)),
    ("dezessete dezassete", NumberWord::Teen(17)),
    ("dezoito", NumberWord::Teen(18)),
    ("dezenove dezanove", NumberWord::Teen(19)),
    ("vinte", NumberWord::Ten(20)),
    ("trinta", NumberWord::Ten(30)),
    ("quarenta", NumberWord::Ten(40)),
    ("cinquenta cincoenta", NumberWord::Ten(50)),
    ("sessenta", NumberWord::Ten(60)),
    ("setenta", NumberWord::Ten(70)),
    ("oitenta", NumberWord::Ten(80)),
    ("noventa", NumberWord::Ten(90)),
    ("cem", NumberWord::Hundred),
    ("cento", NumberWord::Hundreds(100)),
    ("duzentos duzentas", NumberWord::Hundreds(200)),
    ("trezentos trezentas", NumberWord::Hundreds(300)),
    ("quatrocentos quatrocentas", NumberWord::Hundreds(400)),
    ("quinhentos quinhentas", NumberWord::Hundreds(500)),
    ("seiscentos seiscentas", NumberWord::Hundreds(600)),
    ("setecentos setecentas", NumberWord::Hundreds(700)),
    ("oitocentos oitocentas", NumberWord::Hundreds(800)),
    ("novecentos novecentas", NumberWord::Hundreds(900)),
    ("mil", NumberWord::Scale(1000)),
    ("milhao milhoes mi", NumberWord::Scale(MILLION)),
    ("bilhao bilhoes bi", NumberWord::Scale(BILLION)),
    ("trilhao trilhoes", NumberWord::Scale(TRILLION)),
    ("duzia duzias dz", NumberWord::Dozen),
    ("meio meia", NumberWord::Half),
    ("metade", NumberWord::HalfOfIt),
    ("virgula", NumberWord::Point),
    ("terco tercos", NumberWord::Part(3)),
    ("quarto quartos", NumberWord::Part(4)),
    ("quinto quintos", NumberWord::Part(5)),
    ("oitavo oitavos", NumberWord::Part(8)),
    ("decimo decimos", NumberWord::Part(10)),
    ("centesimo centesimos", NumberWord::Part(100)),
    ("milesimo milesimos", NumberWord::Part(1000)),
    ("milionesimo milionesimos", NumberWord::Part(MILLION)),
];

const SPANISH: &[Entry] = &[
    ("y", NumberWord::And),
    ("cero", NumberWord::Unit(0)),
    ("un uno una", NumberWord::Unit(1)),
    ("dos", NumberWord::Unit(2)),
    ("tres", NumberWord::Unit(3)),
    ("cuatro", NumberWord::Unit(4)),
    ("cinco", NumberWord::Unit(5)),
    ("seis", NumberWord::Unit(6)),
    ("siete", NumberWord::Unit(7)),
    ("ocho", NumberWord::Unit(8)),
    ("nueve", NumberWord::Unit(9)),
    ("diez", NumberWord::Teen(10)),
    ("once", NumberWord::Teen(11)),
    ("doce", NumberWord::Teen(12)),
    ("trece", NumberWord::Teen(13)),
    ("catorce", NumberWord::Teen(14)),
    ("quince", NumberWord::Teen(15)),
    ("dieciseis", NumberWord::Teen(16)),
    ("diecisiete", NumberWord::Teen(17)),
    ("dieciocho", NumberWord::Teen(18)),
    ("diecinueve", NumberWord::Teen(19)),
    ("veinte", NumberWord::Ten(20)),
    ("veintiun veintiuno veintiuna", NumberWord::Teen(21)),
    ("veintidos", NumberWord::Teen(22)),
    ("veintitres", NumberWord::Teen(23)),
    ("veinticuatro", NumberWord::Teen(24)),
    ("veinticinco", NumberWord::Teen(25)),
    ("veintiseis", NumberWord::Teen(26)),
    ("veintisiete", NumberWord::Teen(27)),
    ("veintiocho", NumberWord::Teen(28)),
    ("veintinueve", NumberWord::Teen(29)),
    ("treinta", NumberWord::Ten(30)),
    ("cuarenta", NumberWord::Ten(40)),
    ("cincuenta", NumberWord::Ten(50)),
    ("sesenta", NumberWord::Ten(60)),
    ("setenta", NumberWord::Ten(70)),
    ("ochenta", NumberWord::Ten(80)),
    ("noventa", NumberWord::Ten(90)),
    ("cien", NumberWord::Hundred),
    ("ciento", NumberWord::Hundreds(100)),
    ("doscientos doscientas", NumberWord::Hundreds(200)),
    ("trescientos trescientas", NumberWord::Hundreds(300)),
    ("cuatrocientos cuatrocientas", NumberWord::Hundreds(400)),
    ("quinientos quinientas", NumberWord::Hundreds(500)),
    ("seiscientos seiscientas", NumberWord::Hundreds(600)),
    ("setecientos setecientas", NumberWord::Hundreds(700)),
    ("ochocientos ochocientas", NumberWord::Hundreds(800)),
    ("novecientos novecientas", NumberWord::Hundreds(900)),
    ("mil", NumberWord::Scale(1000)),
    ("millon millones", NumberWord::Scale(MILLION)),
    ("billon billones", NumberWord::Scale(TRILLION)),
    ("docena docenas dz", NumberWord::Dozen),
    ("medio media", NumberWord::Half),
    ("mitad", NumberWord::HalfOfIt),
    ("coma con", NumberWord::Point),
    ("tercio tercios", NumberWord::Part(3)),
    ("cuarto cuartos", NumberWord::Part(4)),
    ("quinto quintos", NumberWord::Part(5)),
    ("octavo octavos", NumberWord::Part(8)),
    ("decimo decimos", NumberWord::Part(10)),
    ("centesimo centesimos", NumberWord::Part(100)),
    ("milesimo milesimos", NumberWord::Part(1000)),
];

const ENGLISH: &[Entry] = &[
    ("and", NumberWord::And),
    ("a an", NumberWord::Article),
    ("zero nought naught", NumberWord::Unit(0)),
    ("one", NumberWord::Unit(1)),
    ("two", NumberWord::Unit(2)),
    ("three", NumberWord::Unit(3)),
    ("four", NumberWord::Unit(4)),
    ("five", NumberWord::Unit(5)),
    ("six", NumberWord::Unit(6)),
    ("seven", NumberWord::Unit(7)),
    ("eight", NumberWord::Unit(8)),
    ("nine", NumberWord::Unit(9)),
    ("ten", NumberWord::Teen(10)),
    ("eleven", NumberWord::Teen(11)),
    ("twelve", NumberWord::Teen(12)),
    ("thirteen", NumberWord::Teen(13)),
    ("fourteen", NumberWord::Teen(14)),
    ("fifteen", NumberWord::Teen(15)),
    ("sixteen", NumberWord::Teen(16)),
    ("seventeen", NumberWord::Teen(17)),
    ("eighteen", NumberWord::Teen(18)),
    ("nineteen", NumberWord::Teen(19)),
    ("twenty", NumberWord::Ten(20)),
    ("thirty", NumberWord::Ten(30)),
    ("forty fourty", NumberWord::Ten(40)),
    ("fifty", NumberWord::Ten(50)),
    ("sixty", NumberWord::Ten(60)),
    ("seventy", NumberWord::Ten(70)),
    ("eighty", NumberWord::Ten(80)),
    ("ninety", NumberWord::Ten(90)),
    ("hundred hundreds", NumberWord::TimesHundred),
    ("thousand", NumberWord::Scale(1000)),
    ("million mln", NumberWord::Scale(MILLION)),
    ("billion bln", NumberWord::Scale(BILLION)),
    ("trillion tln", NumberWord::Scale(TRILLION)),
    ("dozen dozens doz dozs dz dzs", NumberWord::Dozen),
    ("half", NumberWord::Half),
    ("point", NumberWord::Point),
    ("thirds third", NumberWord::Part(3)),
    ("quarter quarters fourths fourth", NumberWord::Part(4)),
    ("fifth fifths", NumberWord::Part(5)),
    ("sixth sixths", NumberWord::Part(6)),
    ("eighth eighths", NumberWord::Part(8)),
    ("ninth ninths", NumberWord::Part(9)),
    ("tenth tenths", NumberWord::Part(10)),
    ("hundredth hundredths", NumberWord::Part(100)),
    ("thousandth thousandths", NumberWord::Part(1000)),
];
