//! Whether a sentence speaks of the past: "comprei na sexta" is last Friday, "entrega na sexta" the next.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

use super::reader::Reader;
use crate::Language;
use crate::wordlist::words;

/// How many words before an expression are looked at.
const REACH: usize = 7;

/// Whether a verb of the past, or "since", stands before the expression that begins at `begin`, in its sentence.
pub(crate) fn speaks_of_the_past(reader: &Reader<'_, '_>, begin: usize) -> bool {
    // "desde segunda": what lasts until now has begun.
    if reader.any(begin, &["desde", "since"]) {
        return true;
    }
    for distance in 1..=REACH {
        let Some(token) = begin.checked_sub(distance).and_then(|place| reader.token(place)) else {
            return false;
        };
        if token.is_any(&[".", "!", "?", ";"]) {
            return false;
        }
        if token.is_word() && is_past(&token.folded, reader.language) {
            return true;
        }
    }
    false
}

/// Whether `word`, folded, is a verb that a shop's customers use about what has been.
fn is_past(word: &str, language: Language) -> bool {
    static VERBS: LazyLock<[FxHashSet<&str>; 3]> =
        LazyLock::new(|| [words(PORTUGUESE), words(SPANISH), words(ENGLISH)]);
    let [portuguese, spanish, english] = &*VERBS;
    match language {
        Language::Portuguese => portuguese.contains(word),
        Language::Spanish => spanish.contains(word),
        Language::English => english.contains(word),
    }
}

const PORTUGUESE: &str = "\
    comprei paguei pedi fiz recebi chegou veio foi era estava mandei enviei solicitei fui passei liguei \
    falei compramos fizemos pagamos comprou pagou fez mandou enviou cancelei troquei devolvi assinei \
    contratei encomendei retirei entregaram disseram falaram prometeram cobraram debitaram venceu saiu \
    tive teve quebrou parou comprado comprada feita feito realizada realizado paga pago aconteceu \
    postaram transferi depositei";

const SPANISH: &str = "\
    compre pague pedi hice recibi llego vino fue era estaba mande envie solicite fui llame hable \
    compramos hicimos pagamos compro pago hizo mando envio cancele cambie devolvi contrate encargue \
    retire entregaron dijeron prometieron cobraron vencio salio tuve tuvo comprado hecha hecho realizada \
    realizado pagado paso estuve estuviste estabas sucedio transferi";

const ENGLISH: &str = "\
    bought paid ordered made received arrived came was were did sent requested went called spoke \
    purchased cancelled canceled changed returned signed picked delivered said promised charged left had \
    broke stopped placed happened got transferred told";
