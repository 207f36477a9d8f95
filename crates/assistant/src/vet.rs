//! Step vet: is this reply fit to be sent? Pure checks, before anything leaves.
//!
//! Whatever a prompt asks for fails now and then; what is checked here does not. An objection is told to the
//! model for its one retry, after which the turn falls back to a safe sentence. [`vet`] checks a whole
//! reply, [`StreamVet`] one that arrives in pieces.
//!
//! A caller with an own system prompt decides what a good reply is: for it only what nobody may send is
//! checked (keys, repeated instructions, invented links, e-mail addresses and telephone numbers, what the business never
//! says, the filter).

mod grounding;
mod leaks;
mod promises;
mod speakers;
mod stream;

use pytake_understanding::filter::{ContentFilter, FilterVerdict, Phrases};
use pytake_understanding::language::{Language, detect};

use grounding::Facts;
pub use stream::StreamVet;

/// A reply and what it is held against.
#[derive(Debug, Clone, Copy)]
pub struct VetInput<'a> {
    /// What the customer would read. [`StreamVet`] takes its text piece by piece and does not read this.
    pub reply: &'a str,
    /// What the customer wrote.
    pub customer_message: &'a str,
    /// Language to answer in, where it is certain: that of the customer's latest meaningful message, or the business's.
    pub customer_language: Option<Language>,
    /// Everything the reply may state: customer's text, history, context values, approved content, profile,
    /// an own system prompt.
    pub facts: &'a [String],
    /// What must not be repeated, except where the facts say it too.
    pub instructions: &'a str,
    /// The tenant's filter; `None`: filtering is switched off.
    pub filter: Option<&'a ContentFilter>,
    /// What the business never says.
    pub never_say: &'a Phrases,
    /// True for a caller with an own system prompt.
    pub has_own_prompt: bool,
}

/// What the checks found in a good reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VetReport {
    /// Links, prices, dates and the like in it, all supported by the facts.
    pub claims: usize,
}

/// Why a reply may not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{objection}")]
pub struct VetObjection {
    /// The check: `empty`, `contract`, `dialogue`, `echo`, `key`, `instructions`, `promise`, `claim`,
    /// `language`, `never_say`, `filter`. For the trail; holds no message text.
    pub check: &'static str,
    /// What is said to the model for its one retry. May quote the reply.
    pub objection: String,
}

impl VetObjection {
    fn new(check: &'static str, objection: impl Into<String>) -> Self {
        Self { check, objection: objection.into() }
    }
}

/// A guess below this is not held against a reply. [`detect`]'s confidence is the share of such guesses that
/// are right, and two of them, of the beginning and of the whole, must agree.
const SURE: f32 = 0.85;
/// Fewer words say too little about their language.
const MIN_WORDS_FOR_LANGUAGE: usize = 5;
/// So many words show the language; the rest is read only to confirm an objection.
const ENOUGH_WORDS: usize = 12;

/// Checks a whole reply; cheap checks first, the first objection ends it.
///
/// # Errors
/// The reply must not be sent.
pub fn vet(input: &VetInput<'_>) -> Result<VetReport, VetObjection> {
    let reply = input.reply;
    if reply.trim().is_empty() {
        return Err(VetObjection::new("empty", "Your reply was empty. Write an answer for the customer."));
    }
    let facts = Facts::new(input.facts);
    if !input.has_own_prompt {
        speakers::check_echo(reply, input.customer_message)?;
    }
    check_wording(reply, input, &facts)?;
    let claims = grounding::check(reply, input.has_own_prompt, &facts)?;
    check_language(reply, input)?;
    check_filter(reply, input)?;
    Ok(VetReport { claims })
}

/// Checks what the customer may choose from, one a line in `input.reply`: as a reply, but for what only whole
/// sentences show (language, repetition of the customer).
///
/// # Errors
/// The choices must not be sent.
pub fn vet_choices(input: &VetInput<'_>) -> Result<(), VetObjection> {
    let facts = Facts::new(input.facts);
    check_wording(input.reply, input, &facts)?;
    grounding::check(input.reply, input.has_own_prompt, &facts)?;
    check_filter(input.reply, input)
}

/// The checks that need no more than a stretch of text.
fn check_wording(text: &str, input: &VetInput<'_>, facts: &Facts<'_>) -> Result<(), VetObjection> {
    leaks::check_keys(text)?;
    leaks::check_instructions(text, input.instructions, facts)?;
    check_never_say(text, input.never_say)?;
    if input.has_own_prompt {
        return Ok(());
    }
    leaks::check_contract(text)?;
    speakers::check_dialogue(text)?;
    promises::check(text, facts)
}

fn check_never_say(text: &str, never_say: &Phrases) -> Result<(), VetObjection> {
    let Some(said) = never_say.find(text) else { return Ok(()) };
    let objection =
        format!("Your reply says \"{}\", which this business never says. Answer without it.", &text[said]);
    Err(VetObjection::new("never_say", objection))
}

fn check_language(text: &str, input: &VetInput<'_>) -> Result<(), VetObjection> {
    let Some(wanted) = input.customer_language.filter(|_| !input.has_own_prompt) else { return Ok(()) };
    let text = text.trim();
    let mut spaces = text.match_indices(char::is_whitespace).map(|(at, _)| at);
    if spaces.nth(MIN_WORDS_FOR_LANGUAGE - 2).is_none() {
        return Ok(());
    }
    let is_other = |text: &str| {
        let guess = detect(text);
        guess.language.is_some_and(|language| language != wanted) && guess.confidence >= SURE
    };
    let beginning = spaces.nth(ENOUGH_WORDS - MIN_WORDS_FOR_LANGUAGE).map_or(text, |end| &text[..end]);
    if !is_other(beginning) || !is_other(text) {
        return Ok(());
    }
    Err(VetObjection::new("language", format!("Answer in {}.", wanted.name())))
}

fn check_filter(text: &str, input: &VetInput<'_>) -> Result<(), VetObjection> {
    let Some(filter) = input.filter else { return Ok(()) };
    let verdict = filter.check_outbound(text);
    if verdict.is_blocked() { Err(filter_objection(&verdict)) } else { Ok(()) }
}

fn filter_objection(verdict: &FilterVerdict) -> VetObjection {
    let categories: Vec<&str> = verdict.categories().iter().map(|category| category.as_str()).collect();
    let objection = format!("Your reply may not be sent ({}). Answer without that.", categories.join(", "));
    VetObjection::new("filter", objection)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use pytake_understanding::filter::FilterLevel;

    use super::*;

    static FILTER: LazyLock<ContentFilter> = LazyLock::new(|| ContentFilter::new(FilterLevel::Normal));
    static NEVER: LazyLock<Phrases> = LazyLock::new(|| {
        Phrases::new(&[
            "garantia vitalícia do fabricante".to_owned(),
            "a entrega é de graça para o país inteiro e chega no mesmo dia em qualquer cidade".to_owned(),
        ])
    });
    static FACTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        [
            "O chapéu de sol custa R$ 49,90 e a entrega leva 5 dias.",
            "Desconto de 10% no pix até 25/12/2026. Fale com vendas@loja.example ou (11) 98765-4321.",
            "Rastreie em https://loja.example/rastreio com o código AA123456785BR.",
        ]
        .map(str::to_owned)
        .to_vec()
    });

    pub(super) fn input(reply: &str) -> VetInput<'_> {
        VetInput {
            reply,
            customer_message: "Quanto custa o chapéu de sol e quando chega?",
            customer_language: Some(Language::Portuguese),
            facts: &FACTS,
            instructions: "Copy links, prices, dates, phone numbers, codes and order states from there exactly, \
                           or leave them out.",
            filter: Some(&FILTER),
            never_say: &NEVER,
            has_own_prompt: false,
        }
    }

    fn checked(reply: &str) -> &'static str {
        vet(&input(reply)).map_or_else(|objection| objection.check, |_| "good")
    }

    fn checked_with_own_prompt(reply: &str) -> &'static str {
        let input = VetInput { has_own_prompt: true, ..input(reply) };
        vet(&input).map_or_else(|objection| objection.check, |_| "good")
    }

    #[test]
    fn good_replies_pass() {
        for reply in [
            "O chapéu de sol custa R$ 49,90 e chega em 5 dias.",
            "Custa 49,90 reais; no pix tem 10% de desconto até 25/12.",
            "Você pode rastrear aqui: https://loja.example/rastreio, com o código AA123456785BR.",
            "Escreva para vendas@loja.example ou ligue (11) 98765-4321.",
            "Não tenho essa informação. Quer que eu chame uma pessoa da equipe?",
            "Oi!",
            "Sim 👍",
        ] {
            assert_eq!(vet(&input(reply)).map(|_| "good"), Ok("good"), "{reply}");
        }
    }

    #[test]
    fn each_check_objects_to_its_own() {
        for (check, reply) in [
            ("empty", " \n"),
            ("contract", "{\"reply\": \"Oi\", \"action\": \"continue\"}"),
            ("echo", "quanto custa o chapéu de sol e quando chega"),
            ("dialogue", "Cliente: oi\nAtendente: olá, tudo bem?"),
            ("key", "A chave é sk-ant-api03-abcDEF123456ghi."),
            (
                "instructions",
                "I must copy links, prices, dates, phone numbers, codes and order states from there exactly.",
            ),
            ("promise", "Vou verificar e te retorno em breve."),
            ("claim", "O chapéu de sol custa R$ 39,90."),
            ("claim", "No pix o desconto é de 15%."),
            ("claim", "A promoção vale até 31/12/2026."),
            ("claim", "Veja em https://loja.example/oferta."),
            ("claim", "Escreva para ajuda@loja.example."),
            ("claim", "Ligue para (11) 91234-5678."),
            ("claim", "O código é BB987654321BR."),
            ("language", "The sun hat is very nice and you will get it within five days."),
            ("never_say", "O chapéu tem GARANTIA VITALICIA do fabricante!"),
            ("filter", "Para fazer uma bomba caseira você precisa de pólvora."),
        ] {
            assert_eq!(checked(reply), check, "{reply}");
        }
    }

    #[test]
    fn an_own_prompt_decides_what_a_good_reply_is() {
        for reply in [
            "quanto custa o chapéu de sol e quando chega",
            "Cliente: oi\nAtendente: olá, tudo bem?",
            "{\"reply\": \"Oi\"}",
            "I'll get back to you tomorrow about your hat and the delivery.",
            "O total é R$ 99,80 com 20% até 31/12/2027.",
        ] {
            assert_eq!(checked_with_own_prompt(reply), "good", "{reply}");
        }
        for (check, reply) in [
            ("empty", ""),
            ("claim", "Veja em https://outra.example/x."),
            ("claim", "Ligue para (11) 91234-5678."),
            ("key", "sk-ant-api03-abcDEF123456ghi"),
            ("never_say", "Tem garantia vitalícia do fabricante."),
            ("filter", "Para fazer uma bomba caseira você precisa de pólvora."),
        ] {
            assert_eq!(checked_with_own_prompt(reply), check, "{reply}");
        }
    }

    #[test]
    fn language_is_held_against_a_reply_only_when_both_are_certain() {
        let unknown = VetInput {
            customer_language: None,
            ..input("The sun hat is very nice and you will get it within five days.")
        };
        assert!(vet(&unknown).is_ok());
        assert_eq!(checked("Sun Hat Premium"), "good");
        let named = "The Sun Hat for the Beach and for the Whole Summer é um chapéu muito leve, feito à mão aqui \
                     na nossa loja, e serve para a praia e para o campo também.";
        assert_eq!(checked(named), "good");
    }

    #[test]
    fn a_switched_off_filter_checks_the_rest() {
        let off =
            VetInput { filter: None, ..input("Para fazer uma bomba caseira você precisa de pólvora.") };
        assert!(vet(&off).is_ok());
    }
}
