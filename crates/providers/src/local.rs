//! The provider of last resort: the business's own approved answers, on this machine.
//!
//! A pure function over what the engine found out about the turn. It answers in the business's words or
//! asks back or says that it does not know; it never makes anything up, costs nothing and cannot fail.

use async_trait::async_trait;
use pytake_assistant::AIProviderTrait;
use pytake_assistant::answers::{Fit, FoundAnswer};
use pytake_assistant::money::TokenUsage;
use pytake_assistant::phrases;
use pytake_assistant::provider::{
    Completion, CompletionRequest, Evidence, FinishReason, ProviderFailure, ProviderPlace,
};
use pytake_assistant::reply::Action;
use pytake_understanding::fold;
use pytake_understanding::language::Language;
use serde_json::json;

/// The one model of [`LocalProvider`].
pub const LOCAL_MODEL: &str = "approved-answers";

/// How many entries a greeting names.
const TOPICS: usize = 3;

/// Answers from approved entries: in the output contract where one is asked for, else in plain text.
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
        let said = reply(&request.evidence);
        let text = if request.schema.is_some() { said.contract() } else { said.text };
        Ok(Completion {
            text,
            model: LOCAL_MODEL.to_owned(),
            finish: FinishReason::Stop,
            usage: Some(TokenUsage::default()),
            provider_request_id: None,
            confidence: said.confidence.map(|fit| (fit, "approved_answer_fit")),
        })
    }
}

/// What the local tier says.
#[derive(Debug, PartialEq)]
struct Said {
    text: String,
    action: Action,
    /// Why, for the trail.
    reason: String,
    /// The label of the approved answer it is.
    used_fact: Option<&'static str>,
    /// How probable it is that the approved answer fits.
    confidence: Option<f32>,
    /// What the customer may choose from.
    choices: Vec<String>,
}

impl Said {
    fn plain(text: String, action: Action, reason: &str) -> Self {
        Self {
            text,
            action,
            reason: reason.to_owned(),
            used_fact: None,
            confidence: None,
            choices: Vec::new(),
        }
    }

    fn with_choices(self, choices: Vec<String>) -> Self {
        Self { choices, ..self }
    }

    /// As the output contract wants it, see `pytake_assistant::reply`.
    fn contract(&self) -> String {
        let used: Vec<&str> = self.used_fact.into_iter().collect();
        json!({
            "reply": self.text,
            "action": self.action,
            "reason": self.reason,
            "language": null,
            "used_facts": used,
            "choices": self.choices,
            "confidence": null,
        })
        .to_string()
    }
}

/// The reply.
fn reply(evidence: &Evidence) -> Said {
    let language = language(evidence);
    if let Fit::First(fit) = evidence.fit
        && let Some((found, text)) = first_text(evidence)
    {
        return Said {
            text: text.to_owned(),
            action: Action::Continue,
            reason: format!("approved answer {}", found.answer.id),
            // Facts are labelled in the order in which they were found.
            used_fact: Some("f1"),
            confidence: Some(fit.clamp(0.0, 1.0)),
            choices: Vec::new(),
        };
    }
    if is_greeting(&evidence.message) {
        return Said::plain(greeting(evidence, language), Action::Ask, "a greeting");
    }
    if is_thanks(&evidence.message) {
        return Said::plain(youre_welcome(language).to_owned(), Action::Continue, "thanks");
    }
    if let (Fit::OneOfTwo, [first, second, ..]) = (evidence.fit, evidence.answers.as_slice())
        && let (Some(first_title), Some(second_title)) = (title(first), title(second))
        && first_title != second_title
    {
        let reason = format!("approved answers {} and {} are close", first.answer.id, second.answer.id);
        return Said::plain(ask_back(first_title, second_title, language), Action::Ask, &reason)
            .with_choices(as_buttons(&[first_title, second_title]));
    }
    if evidence.has_offered_person && is_no(&evidence.message) {
        return Said::plain(as_you_wish(language).to_owned(), Action::Continue, "no person is wanted");
    }
    if evidence.has_offered_person {
        // Twice in a row is enough: the server says that a person takes over.
        return Said::plain(String::new(), Action::HandOver, "no approved answer fits, for the second time");
    }
    Said::plain(phrases::unknown(language, &evidence.business_name), Action::Ask, "no approved answer fits")
        .with_choices(phrases::yes_or_no(Some(language)).map(str::to_owned).to_vec())
}

/// The titles as what buttons show, where all of them fit: 20 characters (WhatsApp Cloud API, reply buttons). A title
/// that is cut is no question any more.
fn as_buttons(titles: &[&str]) -> Vec<String> {
    const BUTTON_CHARS: usize = 20;
    let bare: Vec<String> =
        titles.iter().map(|title| title.trim_matches(['?', '¿', ' ']).to_owned()).collect();
    if bare.iter().all(|title| (1..=BUTTON_CHARS).contains(&title.chars().count())) {
        bare
    } else {
        Vec::new()
    }
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
    says_only(message, WORDS, OPENERS, MAX_WORDS)
}

/// True where a message thanks and nothing else, in any of the three languages.
fn is_thanks(message: &str) -> bool {
    // Words that thanks are made of, folded.
    const WORDS: &str = "obrigado obrigada obrigadao obrigadinha obg obgd brigado brigada brigadao agradeco agradecida \
         agradecido valeu vlw muito mt muita mesmo pela por atencao ajuda tudo ok ta bom gracias muchas mil por todo la \
         ayuda te lo agradezco thanks thank you thx tks so very much a lot for your help";
    // At least one of these makes thanks of them.
    const OPENERS: &str = "obrigado obrigada obrigadao obrigadinha obg obgd brigado brigada brigadao agradeco valeu vlw \
         gracias agradezco thanks thank thx tks";
    // Longer messages than "muito obrigada mesmo pela ajuda e atenção" say something else.
    const MAX_WORDS: usize = 7;
    says_only(message, WORDS, OPENERS, MAX_WORDS)
}

/// True where a message says no and nothing else, in any of the three languages.
fn is_no(message: &str) -> bool {
    // Words that a no is made of, folded.
    const WORDS: &str = "nao n no nop nope nah obrigado obrigada obg valeu precisa quero por favor agora gracias hace falta \
         quiero ahora thanks thank you need not now please";
    // At least one of these makes a no of them.
    const OPENERS: &str = "nao n no nop nope nah not";
    // Longer messages than "não, não precisa, muito obrigada" say something else.
    const MAX_WORDS: usize = 6;
    says_only(message, WORDS, OPENERS, MAX_WORDS)
}

/// True where a message has at most so many words, all of them of one list and one at least of the other.
fn says_only(message: &str, words: &str, openers: &str, most: usize) -> bool {
    let is_one_of = |list: &str, text: &str| list.split_whitespace().any(|word| word == text);
    let said = fold::words(message);
    (1..=most).contains(&said.len())
        && said.iter().all(|word| is_one_of(words, word.text))
        && said.iter().any(|word| is_one_of(openers, word.text))
}

fn youre_welcome(language: Language) -> &'static str {
    match language {
        Language::Portuguese => "De nada! Se precisar de mais alguma coisa, é só escrever.",
        Language::Spanish => "¡De nada! Si necesitas algo más, escríbenos.",
        Language::English => "You're welcome! If you need anything else, just write.",
    }
}

fn as_you_wish(language: Language) -> &'static str {
    match language {
        Language::Portuguese => "Tudo bem! Se precisar de mais alguma coisa, é só escrever.",
        Language::Spanish => "¡De acuerdo! Si necesitas algo más, escríbenos.",
        Language::English => "All right! If you need anything else, just write.",
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use pytake_assistant::answers::{AnswerText, ApprovedAnswer};

    fn entry(question: &str, texts: &[(Language, &str)]) -> FoundAnswer {
        let answers =
            texts.iter().map(|(language, text)| AnswerText { language: *language, text: (*text).into() });
        let answer = ApprovedAnswer {
            id: serde_json::from_str("\"0198a2b4-0000-7000-8000-000000000001\"").unwrap(),
            questions: vec![question.to_owned()],
            answers: answers.collect(),
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        };
        FoundAnswer { answer: Arc::new(answer), score: 1.0, tokens: 0 }
    }

    fn shipping() -> FoundAnswer {
        let texts =
            [(Language::Portuguese, "O frete custa R$ 15."), (Language::English, "Shipping is R$ 15.")];
        entry("Quanto custa o frete?", &texts)
    }

    fn hours() -> FoundAnswer {
        entry("Que horas abre?", &[(Language::Portuguese, "Das 9h às 18h.")])
    }

    fn evidence(message: &str, language: Language, answers: Vec<FoundAnswer>, fit: Fit) -> Evidence {
        Evidence {
            message: message.into(),
            language: Some(language),
            answers,
            fit,
            has_offered_person: false,
            business_name: "Loja Aurora".into(),
        }
    }

    #[test]
    fn an_approved_answer_is_given_word_for_word_in_the_customers_language() {
        let found = || vec![shipping(), hours()];
        let english = evidence("how much is shipping?", Language::English, found(), Fit::First(0.8));
        let said = reply(&english);
        assert_eq!((said.text.as_str(), said.confidence), ("Shipping is R$ 15.", Some(0.8)));
        assert_eq!((said.used_fact, said.action), (Some("f1"), Action::Continue));
        let portuguese = evidence("oi, quanto é o frete?", Language::Portuguese, found(), Fit::First(0.8));
        assert_eq!(reply(&portuguese).text, "O frete custa R$ 15.");
    }

    #[test]
    fn an_answer_that_lacks_the_language_is_given_in_the_one_it_has() {
        let spanish = evidence("¿a qué hora abre?", Language::Spanish, vec![hours()], Fit::First(0.9));
        assert_eq!(reply(&spanish).text, "Das 9h às 18h.");
    }

    #[test]
    fn a_greeting_is_answered_with_what_it_can_help_with() {
        let found = vec![shipping(), hours()];
        let Said { text, confidence, .. } =
            reply(&evidence("Olá, bom dia!", Language::Portuguese, found, Fit::Nothing));
        insta::assert_snapshot!(text, @"
        Olá! Sou o assistente virtual de Loja Aurora. Posso responder, por exemplo:
        - Quanto custa o frete?
        - Que horas abre?
        ");
        assert_eq!(confidence, None);
        let Said { text, .. } = reply(&evidence("hola", Language::Spanish, vec![], Fit::Nothing));
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
    fn thanks_are_answered_kindly_and_a_request_that_thanks_is_a_request() {
        for thanks in
            ["obrigada!", "Muito obrigado mesmo", "vlw", "¡muchas gracias!", "thank you so much", "ok obg"]
        {
            let said = reply(&evidence(thanks, Language::Portuguese, vec![], Fit::Nothing));
            assert!(said.text.starts_with("De nada!"), "{thanks}: {}", said.text);
        }
        for other in ["obrigada, mas e o frete?", "não, obrigada", "ok", "tudo bom"] {
            assert!(!is_thanks(other), "{other}");
        }
    }

    #[test]
    fn a_no_to_the_offer_of_a_person_hands_nothing_over() {
        for no in ["Não", "não, obrigada", "No", "no gracias", "no thanks", "não precisa"] {
            let declined = Evidence {
                has_offered_person: true,
                ..evidence(no, Language::Portuguese, vec![shipping()], Fit::Nothing)
            };
            let said = reply(&declined);
            assert_eq!((said.action, said.text.starts_with("Tudo bem!")), (Action::Continue, true), "{no}");
        }
        for other in ["não entendi", "não chegou", "now", "quero"] {
            assert!(!is_no(other), "{other}");
        }
    }

    #[test]
    fn buttons_are_offered_where_the_whole_question_fits() {
        let frete = entry("Quanto custa o frete?", &[(Language::Portuguese, "R$ 15.")]);
        let close =
            evidence("frete ou horário", Language::Portuguese, vec![frete.clone(), hours()], Fit::OneOfTwo);
        assert_eq!(reply(&close).choices, ["Quanto custa o frete", "Que horas abre"]);
        let long = entry("Quanto custa o frete hoje?", &[(Language::Portuguese, "R$ 15.")]);
        let close = evidence("frete ou horário", Language::Portuguese, vec![long, hours()], Fit::OneOfTwo);
        assert!(reply(&close).choices.is_empty());
        let unknown = evidence("¿venden cohetes?", Language::Spanish, vec![frete], Fit::Nothing);
        assert_eq!(reply(&unknown).choices, ["Sí", "No"]);
    }

    #[test]
    fn two_close_answers_are_asked_back_by_name() {
        let close = evidence("frete ou horário", Language::Spanish, vec![shipping(), hours()], Fit::OneOfTwo);
        insta::assert_snapshot!(reply(&close).text, @"
        ¿Sobre cuál de estas es tu pregunta?
        1. Quanto custa o frete?
        2. Que horas abre?
        ");
    }

    #[test]
    fn what_it_does_not_know_it_says_and_offers_a_person() {
        let far = || vec![shipping(), hours()];
        for (language, sentence) in [
            (Language::Portuguese, "não quero inventar"),
            (Language::Spanish, "no quiero inventarla"),
            (Language::English, "will not make it up"),
        ] {
            let Said { text, confidence, .. } =
                reply(&evidence("vocês vendem foguetes?", language, far(), Fit::Nothing));
            assert!(text.contains(sentence) && text.contains("Loja Aurora"), "{text}");
            assert_eq!(confidence, None);
        }
    }

    #[test]
    fn what_it_does_not_know_twice_goes_to_a_person() {
        let again = Evidence {
            has_offered_person: true,
            ..evidence("e foguetes?", Language::Portuguese, vec![shipping()], Fit::Nothing)
        };
        let said = reply(&again);
        assert_eq!((said.text.as_str(), said.action), ("", Action::HandOver));
        let known = Evidence { fit: Fit::First(0.9), ..again };
        assert_eq!(reply(&known).action, Action::Continue);
    }

    #[tokio::test]
    async fn the_output_contract_is_kept_where_it_is_asked_for() {
        let evidence = evidence("quanto é o frete?", Language::Portuguese, vec![shipping()], Fit::First(0.9));
        let request = |schema| CompletionRequest {
            model: LOCAL_MODEL.into(),
            system: "".into(),
            messages: Arc::new([]),
            max_output_tokens: 100,
            temperature: None,
            schema,
            user_pseudonym: None,
            evidence: Arc::new(evidence.clone()),
            key: None,
        };
        let local = LocalProvider::new();
        let asked = local.chat_completion(request(Some(pytake_assistant::reply::reply_schema())));
        let reply = pytake_assistant::reply::parse(&asked.await.unwrap().text).unwrap();
        assert_eq!((reply.text.as_str(), reply.action), ("O frete custa R$ 15.", Action::Continue));
        assert!(reply.reason.starts_with("approved answer ") && reply.used_facts == ["f1"]);
        let plain = LocalProvider::new().chat_completion(request(None)).await.unwrap();
        assert_eq!(plain.text, "O frete custa R$ 15.");
    }

    #[test]
    fn without_a_language_the_business_decides() {
        let answers = vec![entry("Hours?", &[(Language::English, "9 to 6.")])];
        let unknown =
            Evidence { language: None, answers, ..evidence("??", Language::English, vec![], Fit::Nothing) };
        assert!(reply(&unknown).text.starts_with("I do not have"));
        assert!(reply(&Evidence::default()).text.starts_with("Não tenho"));
    }

    #[test]
    fn a_confident_entry_without_text_is_no_answer() {
        let empty = vec![entry("Frete?", &[(Language::Portuguese, "  ")])];
        let Said { text, confidence, .. } =
            reply(&evidence("frete", Language::Portuguese, empty, Fit::First(0.9)));
        assert!(text.starts_with("Não tenho"));
        assert_eq!(confidence, None);
    }
}
