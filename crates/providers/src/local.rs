//! The provider of last resort: the business's own approved answers, on this machine.
//!
//! A pure function over what the engine found out about the turn. It answers in the business's words or
//! asks back or says that it does not know; it never makes anything up, costs nothing and cannot fail.

use async_trait::async_trait;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::answers::FoundAnswer;
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{
    Completion, CompletionRequest, Evidence, FinishReason, ProviderFailure, ProviderPlace,
};
use pytake_understanding::fold;
use pytake_understanding::language::Language;

/// The one model of [`LocalProvider`].
pub const LOCAL_MODEL: &str = "approved-answers";

/// Half of what was asked: with less in common, naming an entry is guessing and not asking back.
const ASK_BACK_COVERAGE: f32 = 0.5;

/// How many entries a greeting names.
const TOPICS: usize = 3;

/// Answers from approved entries.
///
/// Plain text is returned also where a schema asks for the reply contract (`reply`): the engine takes prose
/// as the reply.
#[derive(Debug, Clone, Copy, Default)]
pub struct LocalProvider;

impl LocalProvider {
    /// A provider without any state.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl AIProviderTrait for LocalProvider {
    fn name(&self) -> &'static str {
        "local"
    }

    fn default_model(&self) -> &'static str {
        LOCAL_MODEL
    }

    fn place(&self) -> ProviderPlace {
        ProviderPlace::Local
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        let (text, confidence) = reply(&request.evidence);
        Ok(Completion {
            text,
            model: LOCAL_MODEL.to_owned(),
            finish: FinishReason::Stop,
            usage: Some(TokenUsage::default()),
            provider_request_id: None,
            confidence: confidence.map(|coverage| (coverage, "lexical_coverage")),
        })
    }
}

/// The reply, and how much of the question an approved answer covers where it is one.
fn reply(evidence: &Evidence) -> (String, Option<f32>) {
    let language = language(evidence);
    if evidence.is_confident
        && let Some((found, text)) = first_text(evidence)
    {
        return (text.to_owned(), Some(found.coverage.clamp(0.0, 1.0)));
    }
    if is_greeting(&evidence.message) {
        return (greeting(evidence, language), None);
    }
    if let [first, second, ..] = evidence.answers.as_slice()
        && first.coverage >= ASK_BACK_COVERAGE
        && let (Some(first), Some(second)) = (title(first), title(second))
        && first != second
    {
        return (ask_back(first, second, language), None);
    }
    (unknown(&evidence.business_name, language), None)
}

/// The customer's language, else the one the business writes in, else the first of the product's.
fn language(evidence: &Evidence) -> Language {
    let of_business = || Some(evidence.answers.first()?.answer.text_in(None)?.language);
    evidence.language.or_else(of_business).unwrap_or(Language::Portuguese)
}

/// The best entry's text in the customer's language, else in one that exists.
fn first_text(evidence: &Evidence) -> Option<(&FoundAnswer, &str)> {
    let found = evidence.answers.first()?;
    let text = found.answer.text_in(evidence.language)?.text.trim();
    (!text.is_empty()).then_some((found, text))
}

fn title(found: &FoundAnswer) -> Option<&str> {
    found.answer.questions.first().map(|question| question.trim()).filter(|question| !question.is_empty())
}

/// True where a message is a greeting and nothing else, in any of the three languages.
fn is_greeting(message: &str) -> bool {
    // Words of greetings, folded. Alone or together they ask for nothing.
    const WORDS: &str = "oi ola opa eai ei bom boa dia tarde noite tudo bem e ai com voce voces hola buenas buenos \
         buen dias tardes noches que tal como estas estan hi hello hey good morning afternoon evening there how \
         are you greetings";
    // At least one of these makes a greeting of them.
    const OPENERS: &str =
        "oi ola opa eai ei ai tudo bom boa hola buenas buenos buen hi hello hey good greetings";
    // Longer messages than "olá, bom dia, tudo bem com vocês?" say something else.
    const MAX_WORDS: usize = 8;
    let is_one_of = |list: &str, text: &str| list.split_whitespace().any(|word| word == text);
    let words = fold::words(message);
    (1..=MAX_WORDS).contains(&words.len())
        && words.iter().all(|word| is_one_of(WORDS, word.text))
        && words.iter().any(|word| is_one_of(OPENERS, word.text))
}

fn greeting(evidence: &Evidence, language: Language) -> String {
    let business = evidence.business_name.trim();
    let mut text = match (language, business) {
        (Language::Portuguese, "") => "Olá! Sou o assistente virtual.".to_owned(),
        (Language::Portuguese, name) => format!("Olá! Sou o assistente virtual de {name}."),
        (Language::Spanish, "") => "¡Hola! Soy el asistente virtual.".to_owned(),
        (Language::Spanish, name) => format!("¡Hola! Soy el asistente virtual de {name}."),
        (Language::English, "") => "Hello! I am the virtual assistant.".to_owned(),
        (Language::English, name) => format!("Hello! I am the virtual assistant of {name}."),
    };
    let topics: Vec<&str> = evidence.answers.iter().filter_map(title).take(TOPICS).collect();
    text.push_str(match (language, topics.is_empty()) {
        (Language::Portuguese, false) => " Posso responder, por exemplo:",
        (Language::Spanish, false) => " Puedo responder, por ejemplo:",
        (Language::English, false) => " I can answer, for example:",
        (Language::Portuguese, true) => " Qual é a sua dúvida? Se preferir, posso passar para uma pessoa.",
        (Language::Spanish, true) => " ¿Cuál es tu consulta? Si prefieres, puedo pasarte con una persona.",
        (Language::English, true) => " What is your question? If you prefer, I can pass you on to a person.",
    });
    for topic in topics {
        text.push_str("\n- ");
        text.push_str(topic);
    }
    text
}

fn ask_back(first: &str, second: &str, language: Language) -> String {
    match language {
        Language::Portuguese => format!("Sua pergunta é sobre qual destas?\n1. {first}\n2. {second}"),
        Language::Spanish => format!("¿Sobre cuál de estas es tu pregunta?\n1. {first}\n2. {second}"),
        Language::English => format!("Which of these is your question about?\n1. {first}\n2. {second}"),
    }
}

fn unknown(business: &str, language: Language) -> String {
    match (language, business.trim()) {
        (Language::Portuguese, "") => {
            "Não tenho essa informação e não quero inventar. Quer que eu passe para uma pessoa da equipe?".into()
        }
        (Language::Portuguese, name) => format!(
            "Não tenho essa informação e não quero inventar. Quer que eu passe para uma pessoa da equipe de {name}?"
        ),
        (Language::Spanish, "") => {
            "No tengo esa información y no quiero inventarla. ¿Quieres que te pase con una persona del equipo?".into()
        }
        (Language::Spanish, name) => format!(
            "No tengo esa información y no quiero inventarla. ¿Quieres que te pase con una persona del equipo de {name}?"
        ),
        (Language::English, "") => {
            "I do not have that information and will not make it up. Would you like me to pass you on to a person?"
                .into()
        }
        (Language::English, name) => format!(
            "I do not have that information and will not make it up. Would you like me to pass you on to a person at {name}?"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use pytake_assistant::answers::{AnswerText, ApprovedAnswer};

    fn entry(question: &str, texts: &[(Language, &str)], coverage: f32) -> FoundAnswer {
        let answers =
            texts.iter().map(|(language, text)| AnswerText { language: *language, text: (*text).into() });
        let answer = ApprovedAnswer {
            id: serde_json::from_str("\"0198a2b4-0000-7000-8000-000000000001\"").unwrap(),
            questions: vec![question.to_owned()],
            answers: answers.collect(),
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        };
        FoundAnswer { answer: Arc::new(answer), score: 1.0, coverage, tokens: 0 }
    }

    fn shipping(coverage: f32) -> FoundAnswer {
        let texts =
            [(Language::Portuguese, "O frete custa R$ 15."), (Language::English, "Shipping is R$ 15.")];
        entry("Quanto custa o frete?", &texts, coverage)
    }

    fn hours(coverage: f32) -> FoundAnswer {
        entry("Que horas abre?", &[(Language::Portuguese, "Das 9h às 18h.")], coverage)
    }

    fn evidence(
        message: &str,
        language: Language,
        answers: Vec<FoundAnswer>,
        is_confident: bool,
    ) -> Evidence {
        Evidence {
            message: message.into(),
            language: Some(language),
            answers,
            is_confident,
            business_name: "Loja Aurora".into(),
        }
    }

    #[test]
    fn an_approved_answer_is_given_word_for_word_in_the_customers_language() {
        let found = || vec![shipping(0.8), hours(0.1)];
        let english = evidence("how much is shipping?", Language::English, found(), true);
        assert_eq!(reply(&english), ("Shipping is R$ 15.".to_owned(), Some(0.8)));
        let portuguese = evidence("oi, quanto é o frete?", Language::Portuguese, found(), true);
        assert_eq!(reply(&portuguese).0, "O frete custa R$ 15.");
    }

    #[test]
    fn an_answer_that_lacks_the_language_is_given_in_the_one_it_has() {
        let spanish = evidence("¿a qué hora abre?", Language::Spanish, vec![hours(0.9)], true);
        assert_eq!(reply(&spanish).0, "Das 9h às 18h.");
    }

    #[test]
    fn a_greeting_is_answered_with_what_it_can_help_with() {
        let found = vec![shipping(0.0), hours(0.0)];
        let (text, confidence) = reply(&evidence("Olá, bom dia!", Language::Portuguese, found, false));
        insta::assert_snapshot!(text, @"
        Olá! Sou o assistente virtual de Loja Aurora. Posso responder, por exemplo:
        - Quanto custa o frete?
        - Que horas abre?
        ");
        assert_eq!(confidence, None);
        let (text, _) = reply(&evidence("hola", Language::Spanish, vec![], false));
        insta::assert_snapshot!(text, @"¡Hola! Soy el asistente virtual de Loja Aurora. ¿Cuál es tu consulta? Si prefieres, puedo pasarte con una persona.");
    }

    #[test]
    fn greetings_are_greetings_and_questions_are_not() {
        for greeting in [
            "oi",
            "Oi!",
            "oiii",
            "Olá",
            "bom dia",
            "Boa tarde, tudo bem?",
            "e aí",
            "hola",
            "¡Buenos días!",
            "buenas, qué tal?",
            "hi",
            "Hello there",
            "good morning",
            "hey, how are you?",
        ] {
            assert!(is_greeting(greeting), "{greeting}");
        }
        for other in ["", "👍", "oi, quanto custa?", "que dia?", "como?", "que", "are you there", "tarde"] {
            assert!(!is_greeting(other), "{other}");
        }
    }

    #[test]
    fn two_close_answers_are_asked_back_by_name() {
        let close = evidence("frete ou horário", Language::Spanish, vec![shipping(0.6), hours(0.55)], false);
        insta::assert_snapshot!(reply(&close).0, @"
        ¿Sobre cuál de estas es tu pregunta?
        1. Quanto custa o frete?
        2. Que horas abre?
        ");
    }

    #[test]
    fn what_it_does_not_know_it_says_and_offers_a_person() {
        let far = || vec![shipping(0.3), hours(0.2)];
        for (language, sentence) in [
            (Language::Portuguese, "não quero inventar"),
            (Language::Spanish, "no quiero inventarla"),
            (Language::English, "will not make it up"),
        ] {
            let (text, confidence) = reply(&evidence("vocês vendem foguetes?", language, far(), false));
            assert!(text.contains(sentence) && text.contains("Loja Aurora"), "{text}");
            assert_eq!(confidence, None);
        }
    }

    #[test]
    fn without_a_language_the_business_decides() {
        let answers = vec![entry("Hours?", &[(Language::English, "9 to 6.")], 0.1)];
        let unknown =
            Evidence { language: None, answers, ..evidence("??", Language::English, vec![], false) };
        assert!(reply(&unknown).0.starts_with("I do not have"));
        assert!(reply(&Evidence::default()).0.starts_with("Não tenho"));
    }

    #[test]
    fn a_confident_entry_without_text_is_no_answer() {
        let empty = vec![entry("Frete?", &[(Language::Portuguese, "  ")], 0.9)];
        let (text, confidence) = reply(&evidence("frete", Language::Portuguese, empty, true));
        assert!(text.starts_with("Não tenho"));
        assert_eq!(confidence, None);
    }
}
