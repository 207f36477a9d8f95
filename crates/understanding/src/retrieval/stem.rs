//! Light stemming for Portuguese, Spanish and English at once.
//!
//! The language of an entry or query is not known here, so one set of endings serves all three: first
//! the plural goes (Porter's "s" step, `-ões`, `-ais`, `-ies`), then the longest verb or gender ending
//! that leaves at least [`SHORTEST_STEM`] letters. Both sides of a search go through the same cut, so
//! that it need not be right, only equal: `entregas`, `entregar`, `entregam` all become `entreg`.

/// Shorter stems would fall together: `casa` and `caso`, `card` and `care`.
const SHORTEST_STEM: usize = 4;

/// Plural endings and their singular, the longest first.
const PLURALS: &[(&str, &str)] = &[
    ("ciones", "cion"),
    ("coes", "cao"),
    ("oes", "ao"),
    ("ies", "y"),
    ("ais", "al"),
    ("eis", "el"),
    ("ses", "s"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("res", "r"),
    ("les", "l"),
    ("nes", "n"),
    ("zes", "z"),
    ("ns", "m"),
    ("s", ""),
];

/// Endings of verbs, adverbs and gender, the longest first.
const ENDINGS: &[&str] = &[
    "amiento", "imiento", "issemos", "assemos", "aremos", "eremos", "iremos", "amente", "ariam", "eriam",
    "iriam", "ieron", "iendo", "amento", "imento", "mente", "aste", "ando", "endo", "indo", "aram", "eram",
    "iram", "aron", "avam", "aban", "amos", "emos", "imos", "aria", "eria", "iria", "ados", "idos", "ava",
    "aba", "ado", "ada", "ido", "ida", "ing", "ara", "era", "ira", "ei", "ou", "iu", "eu", "io", "am", "em",
    "an", "en", "ar", "er", "ir", "ed", "es", "as", "os", "ia", "a", "e", "i", "o", "y",
];

/// The stem of a folded word; numbers and short words stay as they are.
pub(super) fn stem(word: &str) -> String {
    if word.len() <= SHORTEST_STEM || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let mut stem = singular(word);
    // "devolucao", "devolucion" and English "-tion" are one noun.
    for ending in ["cao", "cion", "tion"] {
        if let Some(root) = stem.strip_suffix(ending).filter(|root| root.len() >= 3) {
            return format!("{root}c");
        }
    }
    let cut =
        ENDINGS.iter().find(|ending| stem.len() >= SHORTEST_STEM + ending.len() && stem.ends_with(**ending));
    if let Some(ending) = cut {
        stem.truncate(stem.len() - ending.len());
    }
    let bytes = stem.as_bytes();
    let doubled = bytes.len() > SHORTEST_STEM && bytes[bytes.len() - 1] == bytes[bytes.len() - 2];
    if doubled {
        stem.pop();
    }
    stem
}

fn singular(word: &str) -> String {
    if word.ends_with("ss") || word.ends_with("us") {
        return word.to_owned();
    }
    for (plural, singular) in PLURALS {
        if let Some(root) =
            word.strip_suffix(plural).filter(|root| root.len() + singular.len() >= SHORTEST_STEM - 1)
        {
            return format!("{root}{singular}");
        }
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn forms_of_one_word_share_a_stem() {
        for forms in [
            &["entrega", "entregas", "entregar", "entregam", "entregou"][..],
            &["devolucao", "devolucoes", "devolucion", "devoluciones"],
            &["horario", "horarios"],
            &["order", "orders", "ordered", "ordering"],
            &["ship", "ships"],
            &["delivery", "deliveries", "delivered"],
            &["cartao", "cartoes"],
            &["cancelar", "cancelado", "cancelando", "canceled"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem(form)).collect();
            assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{forms:?}: {stems:?}");
        }
    }

    #[test]
    fn numbers_and_short_words_stay() {
        assert_eq!(stem("10230"), "10230");
        assert_eq!(stem("pix"), "pix");
        assert_eq!(stem("gps1"), "gps1");
    }
}
