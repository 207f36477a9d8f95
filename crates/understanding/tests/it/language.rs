//! The language model against labelled development data.

use proptest::prelude::*;
use pytake_understanding::language::{
    Language, LanguageGuess, Prior, calling_code, detect, detect_with_prior,
};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::shared_data;

/// Right answers, wrong ones and silence on our languages, and texts of others taken for ours.
#[derive(Default, Debug)]
struct Score {
    ours: u32,
    right: u32,
    wrong: u32,
    unknown: u32,
    others: u32,
    taken_for_ours: u32,
    confidence: f32,
}

fn score(path: &str) -> Option<Score> {
    let mut score = Score::default();
    for line in shared_data(path)? {
        let guess = detect(line["text"].as_str()?);
        let label = Language::from_code(line["label"].as_str()?);
        match (label, guess.language) {
            (Some(label), Some(guessed)) => {
                score.ours += 1;
                if label == guessed {
                    score.right += 1;
                } else {
                    score.wrong += 1;
                }
                score.confidence += guess.confidence;
            }
            (Some(_), None) => {
                score.ours += 1;
                score.unknown += 1;
            }
            (None, guessed) => {
                score.others += 1;
                score.taken_for_ours += u32::from(guessed.is_some());
            }
        }
    }
    Some(score)
}

fn report(path: &str, score: &Score) -> (f32, f32, f32) {
    let accuracy = score.right as f32 / score.ours as f32;
    let answered = (score.right + score.wrong) as f32;
    let gap = score.confidence / answered - score.right as f32 / answered;
    let taken = score.taken_for_ours as f32 / score.others as f32;
    println!(
        "{path}: {:.1} % of {} right, {:.1} % wrong, {:.1} % unknown; {:.1} % of {} foreign texts taken for ours; confidence off by {:.3}",
        accuracy * 100.0,
        score.ours,
        100.0 * score.wrong as f32 / score.ours as f32,
        100.0 * score.unknown as f32 / score.ours as f32,
        taken * 100.0,
        score.others,
        gap
    );
    (accuracy, taken, gap)
}

/// The shipped weights have seen these texts: the floors are for changes of the code. What a model
/// says of texts it has not seen stands in `data/language/ORIGIN.md`.
#[test]
fn sentences_words_and_pairs_reach_their_floors() {
    for (path, floor, ceiling) in [
        ("language-lingua/sentences.dev.jsonl", 0.995, 0.03),
        ("language-lingua/word-pairs.dev.jsonl", 0.94, 0.10),
        ("language-lingua/single-words.dev.jsonl", 0.80, 0.20),
    ] {
        let Some(score) = score(path) else { continue };
        let (accuracy, taken, gap) = report(path, &score);
        assert!(accuracy >= floor, "{path}: {accuracy}");
        assert!(taken <= ceiling, "{path}: {taken}");
        // The texts were seen, so the confidence is too low rather than too high.
        assert!((-0.15..0.03).contains(&gap), "{path}: {gap}");
    }
}

/// Posts of Twitter, which no model has seen.
#[test]
fn informal_posts_are_understood() {
    for (code, floor) in [("en", 0.99), ("pt", 0.97), ("es", 0.99)] {
        let Some(lines) = shared_data(&format!("sentiment-umsab/{code}.train.jsonl")) else { continue };
        let language = Language::from_code(code);
        let right =
            lines.iter().filter(|line| detect(line["text"].as_str().unwrap()).language == language).count();
        let share = right as f64 / lines.len() as f64;
        println!("posts in {code}: {:.1} % of {} right", 100.0 * share, lines.len());
        assert!(share >= floor, "{code}: {share}");
    }
}

/// Messages of customers that no training data holds.
#[test]
fn messages_of_customers_are_understood() {
    let lines = include_str!("golden/messages.jsonl").lines();
    let messages: Vec<serde_json::Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut right = 0;
    for message in &messages {
        let text = message["text"].as_str().unwrap();
        let guess = detect(text);
        let is_right = guess.language == Language::from_code(message["lang"].as_str().unwrap());
        right += usize::from(is_right);
        if !is_right {
            println!("{} {guess:?} {text}", message["lang"]);
        }
    }
    println!("{right} of {} messages right", messages.len());
    assert!(right as f64 >= 0.97 * messages.len() as f64);
}

#[test]
fn sentences_without_their_accents_stay_in_their_language() {
    let Some(lines) = shared_data("language-lingua/sentences.dev.jsonl") else { return };
    let ours = lines.iter().filter(|line| Language::from_code(line["label"].as_str().unwrap()).is_some());
    let (mut all, mut same) = (0, 0);
    for line in ours {
        let text = line["text"].as_str().unwrap();
        all += 1;
        same += u32::from(detect(text).language == detect(&plain(text)).language);
    }
    println!("{same} of {all} sentences keep their language without accents");
    assert!(f64::from(same) >= 0.997 * f64::from(all));
}

const MESSAGES: [(Language, &str); 24] = [
    (Language::Portuguese, "oi, cadê meu pedido?"),
    (Language::Portuguese, "vc pode me ajudar com a devolução"),
    (Language::Portuguese, "não chegou ainda e já faz uma semana"),
    (Language::Portuguese, "qual o preço dessa camiseta?"),
    (Language::Portuguese, "blz, obg pela atenção"),
    (Language::Portuguese, "tô esperando o entregador desde às 8"),
    (Language::Portuguese, "queria trocar o número, ficou apertado"),
    (Language::Portuguese, "vocês entregam no sábado à tarde?"),
    (Language::Spanish, "hola, dónde está mi pedido?"),
    (Language::Spanish, "cuánto cuesta el envío a Córdoba"),
    (Language::Spanish, "necesito la factura de mi compra"),
    (Language::Spanish, "q tal, tienen talla m en azul?"),
    (Language::Spanish, "me cobraron dos veces el mismo mes"),
    (Language::Spanish, "todavía no llegó y mañana viajo"),
    (Language::Spanish, "quiero hablar con una persona por favor"),
    (Language::Spanish, "buenísimo, muchas gracias por la ayuda"),
    (Language::English, "where is my order?"),
    (Language::English, "pls help, it's not working"),
    (Language::English, "do you ship to canada"),
    (Language::English, "my package never arrived"),
    (Language::English, "can i get a refund for this"),
    (Language::English, "thx, see you tomorrow then"),
    (Language::English, "how much is the blue one"),
    (Language::English, "u guys open on sunday?"),
];

fn plain(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).collect()
}

#[test]
fn messages_are_understood_with_and_without_accents() {
    for (language, text) in MESSAGES {
        for text in [text.to_owned(), plain(text), text.to_uppercase(), plain(&text.to_uppercase())] {
            let guess = detect(&text);
            assert_eq!(guess.language, Some(language), "{text}: {guess:?}");
        }
    }
}

#[test]
fn in_a_mixed_message_the_majority_decides() {
    for (language, text) in [
        (Language::Portuguese, "amei o look, mas queria saber se tem no tamanho M, thanks"),
        (Language::Spanish, "hola, compré en el black friday y no me llegó el tracking"),
        (Language::English, "hey, i ordered pão de queijo and feijoada but only one of them arrived"),
        (Language::Portuguese, "Bonjour! brincadeira kkkk, queria fazer um pedido pra hoje à noite"),
    ] {
        let guess = detect(text);
        assert_eq!(guess.language, Some(language), "{text}: {guess:?}");
    }
}

#[test]
fn where_the_text_says_nothing_the_prior_decides() {
    let after_spanish = Prior { earlier: &[Language::Spanish], calling_code: Some(55) };
    for text in ["ok", "10230", "👍", ""] {
        assert_eq!(detect_with_prior(text, &after_spanish).language, Some(Language::Spanish), "{text}");
        assert_eq!(detect_with_prior(text, &Prior::default()), LanguageGuess::default(), "{text}");
    }
    let from_brazil = Prior { calling_code: calling_code("5511900000000"), ..Prior::default() };
    assert_eq!(detect_with_prior("ok", &from_brazil).language, Some(Language::Portuguese));
}

#[test]
fn an_ambiguous_word_follows_the_prior() {
    for text in ["cancelar", "quanto", "animal", "una"] {
        let spanish = Prior { earlier: &[Language::Spanish; 3], calling_code: Some(54) };
        let portuguese = Prior { earlier: &[Language::Portuguese; 3], calling_code: Some(55) };
        let share = |guess: LanguageGuess, wanted: Language| {
            let rest = guess.alternatives.into_iter().find(|(language, _)| *language == wanted);
            if guess.language == Some(wanted) { guess.confidence } else { rest.map_or(0.0, |found| found.1) }
        };
        let with = share(detect_with_prior(text, &spanish), Language::Spanish);
        assert!(with > share(detect(text), Language::Spanish), "{text}");
        assert!(
            share(detect(text), Language::Spanish)
                > share(detect_with_prior(text, &portuguese), Language::Spanish)
        );
    }
    let spanish = Prior { earlier: &[Language::Spanish; 3], calling_code: Some(54) };
    let portuguese = Prior { earlier: &[Language::Portuguese; 3], calling_code: Some(55) };
    assert_eq!(detect_with_prior("cancelar", &spanish).language, Some(Language::Spanish));
    assert_eq!(detect_with_prior("cancelar", &portuguese).language, Some(Language::Portuguese));
}

proptest! {
    #[test]
    fn case_padding_and_punctuation_change_nothing(
        at in 0..MESSAGES.len(),
        before in "[ \n!?.,…😀]{0,6}",
        after in "[ \n!?.,…😀]{0,6}",
        upper in any::<bool>(),
    ) {
        let text = MESSAGES[at].1;
        let cased = if upper { text.to_uppercase() } else { text.to_owned() };
        prop_assert_eq!(detect(&format!("{before} {cased} {after}")), detect(text));
    }

    #[test]
    fn a_clear_message_overrides_any_prior(
        text in "[a-zãçéñóü ]{1,40}",
        earlier in proptest::collection::vec(0..3_usize, 0..10),
        code in prop::option::of(prop::sample::select(vec![55_u16, 34, 1, 351, 52, 44])),
    ) {
        let guess = detect(&text);
        let earlier: Vec<Language> = earlier.into_iter().map(|place| Language::ALL[place]).collect();
        let with = detect_with_prior(&text, &Prior { earlier: &earlier, calling_code: code });
        prop_assert!((0.0..=1.0).contains(&with.confidence));
        if guess.confidence >= Prior::CLEAR {
            prop_assert_eq!(with.language, guess.language, "{}", text);
        }
    }
}
