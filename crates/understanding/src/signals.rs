//! What a message signals to the turn besides its topic: a wish for a person, anger, legal threats, and what makes
//! it pressing.
//!
//! Written as word patterns in `data/signals.rules`, in three languages. All are conservative: a hand-over that
//! nobody asked for costs a person's time, and a missed one is caught by the model.

use std::sync::LazyLock;

use crate::fold::{self, Words};
use crate::phrases::RuleBook;

static BOOK: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::parse(&[include_str!("../data/signals.rules")]));

/// The signals of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// The customer asks for a human being to answer.
    pub asks_for_person: bool,
    /// The customer threatens with court, a lawyer, or a consumer authority.
    pub threatens_legal_action: bool,
    /// The customer is beyond displeased: a legal threat, or two signs among abuse, words of outrage, shouting in
    /// capitals and rows of exclamation marks.
    pub is_angry: bool,
    /// Somebody may be hurt: fire, gas, an allergic reaction, an accident.
    pub is_danger: bool,
    /// Money may be lost right now: a charge nobody made, a stolen account, a scam.
    pub is_fraud: bool,
    /// It is due today or tomorrow, or is called urgent.
    pub has_deadline: bool,
    /// The customer cannot work, pay or get in.
    pub is_blocked: bool,
    /// The customer has written before, or waits for days.
    pub is_waiting: bool,
    /// The customer speaks of leaving for good.
    pub may_leave: bool,
}

impl Signals {
    /// Reads a message.
    pub fn read(text: &str) -> Self {
        Self::of(text, &fold::unmask(text))
    }

    /// Reads a message whose words are known: those of [`fold::unmask`].
    pub fn of(text: &str, words: &Words) -> Self {
        let found = BOOK.find(&BOOK.read(words), |_| true);
        let has = |name: &str| {
            let section = BOOK.section(name);
            found.iter().any(|found| Some(found.section) == section)
        };
        let insult = BOOK.section("insult");
        let mut outrage: Vec<&str> =
            found.iter().filter(|found| Some(found.section) == insult).map(|found| found.rule).collect();
        outrage.sort_unstable();
        outrage.dedup();
        let signs = outrage.len() + usize::from(is_shouted(text)) + usize::from(text.contains("!!!"));
        let threatens_legal_action = has("legal");
        Self {
            asks_for_person: is_bare_request(text) || has("person"),
            threatens_legal_action,
            is_angry: threatens_legal_action || signs >= 2,
            is_danger: has("danger"),
            is_fraud: has("fraud"),
            has_deadline: has("deadline"),
            is_blocked: has("blocked"),
            is_waiting: has("waiting"),
            may_leave: has("leaving"),
        }
    }
}

/// True when the customer asks for a human being to answer.
///
/// ```
/// use pytake_understanding::signals::asks_for_person;
/// assert!(asks_for_person("quero falar com um atendente"));
/// assert!(!asks_for_person("vou falar com meu marido"));
/// ```
pub fn asks_for_person(text: &str) -> bool {
    Signals::read(text).asks_for_person
}

/// True when the customer threatens with court, a lawyer, or a consumer authority.
pub fn mentions_legal_threat(text: &str) -> bool {
    Signals::read(text).threatens_legal_action
}

/// True when the customer is beyond displeased, see [`Signals::is_angry`].
pub fn is_angry(text: &str) -> bool {
    Signals::read(text).is_angry
}

/// A message that is nothing but the word: "atendente", "agente!", "human".
fn is_bare_request(text: &str) -> bool {
    const REQUESTS: [&str; 16] = [
        "atendente",
        "humano",
        "humana",
        "atendimento",
        "pessoa",
        "agente",
        "asesor",
        "operador",
        "persona",
        "agent",
        "human",
        "representative",
        "operator",
        "person",
        "supervisor",
        "gerente",
    ];
    // Longer than any of these words with a greeting's worth of signs around it.
    if text.len() > 40 {
        return false;
    }
    let words = crate::fold::words(text);
    words.len() == 1 && words.iter().any(|word| REQUESTS.contains(&word.text))
}

/// Mostly capitals, in at least three words: an order code or a single "OK" is no shouting.
fn is_shouted(text: &str) -> bool {
    let (mut upper, mut lower) = (0_u32, 0_u32);
    for c in text.chars() {
        upper += u32::from(c.is_uppercase());
        lower += u32::from(c.is_lowercase());
    }
    let words = text
        .split_whitespace()
        .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 2)
        .count();
    // Twelve letters: three short words.
    upper >= 12 && upper >= 4 * lower && words >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_a_person_is_heard_in_three_languages() {
        for text in [
            "quero falar com um atendente",
            "Quero falar com uma pessoa",
            "me passa para um humano",
            "atendente",
            "Preciso de um atendente humano",
            "tem alguém aí?",
            "falar com humano",
            "atendente por favor",
            "quero ser atendido por uma pessoa de verdade",
            "não quero falar com robô",
            "me transfere pra um atendente",
            "posso falar com alguém?",
            "chama o gerente",
            "quero atendimento humano",
            "falar com a atendente pfv",
            "quiero hablar con una persona",
            "agente por favor",
            "me comunicas con un asesor?",
            "hablar con alguien",
            "necesito un agente",
            "pásame con un humano",
            "no quiero hablar con un robot",
            "¿hay alguien ahí?",
            "quiero hablar con un asesor",
            "comuníqueme con un supervisor",
            "con una persona real por favor",
            "talk to a human",
            "representative please",
            "I want to speak to a real person",
            "agent",
            "HUMAN!!",
            "can I talk to someone?",
            "connect me to an agent",
            "let me speak to a manager",
            "I need a human",
            "get me a representative",
            "I don't want to talk to a bot",
            "is there a real person there",
            "please transfer me to customer service agent",
        ] {
            assert!(asks_for_person(text), "{text}");
        }
    }

    #[test]
    fn talking_about_people_is_no_wish_for_one() {
        for text in [
            "vou falar com meu marido",
            "quantas pessoas cabem",
            "human hair wig",
            "mesa para 4 pessoas",
            "a pessoa que recebeu foi o porteiro",
            "vou conversar com minha esposa e volto",
            "peruca de cabelo humano",
            "uma pessoa me disse que vocês têm desconto",
            "meu gerente de banco aprovou",
            "hablo con mi esposo y te digo",
            "¿para cuántas personas es?",
            "una persona recibió el paquete",
            "agente de viajes",
            "soy agente inmobiliario",
            "I talked to my wife about it",
            "how many people fit",
            "table for two people",
            "a nice person helped me",
            "real estate agent",
            "cleaning agent for floors",
            "human resources email",
            "talk to you later",
            "vou falar com ela amanhã",
            "nobody received it",
            "alguém recebeu por mim",
            "someone else paid for it",
        ] {
            assert!(!asks_for_person(text), "{text}");
        }
    }

    #[test]
    fn legal_threats_are_noticed() {
        for text in [
            "vou processar vocês",
            "vou no Procon",
            "já abri reclamação no Reclame Aqui",
            "meu advogado vai entrar em contato",
            "vou entrar na justiça",
            "quero danos morais",
            "vou acionar o procon",
            "los voy a demandar",
            "hablaré con mi abogado",
            "voy a denunciar a la empresa en Profeco",
            "tomaré acciones legales",
            "I will sue you",
            "my lawyer will contact you",
            "I'm taking you to court",
            "legal action",
            "I'll report you to the BBB",
        ] {
            assert!(mentions_legal_threat(text), "{text}");
        }
    }

    #[test]
    fn ordinary_words_of_law_and_trade_are_no_threat() {
        for text in [
            "quando vocês vão processar meu pedido?",
            "o pagamento está em processamento",
            "processar o reembolso",
            "hay mucha demanda de este producto",
            "presente para advogado",
            "I want to pursue a refund",
            "is it legal to import this?",
            "tennis court shoes",
            "can you process my order",
            "Sue recommended you",
        ] {
            assert!(!mentions_legal_threat(text), "{text}");
        }
    }

    #[test]
    fn what_makes_a_message_pressing_is_noticed() {
        type Sign = fn(Signals) -> bool;
        let table: [(&str, Sign, &[&str]); 6] = [
            (
                "danger",
                |s| s.is_danger,
                &[
                    "o carregador pegou fogo na minha mesa",
                    "tá saindo fumaça do aparelho",
                    "cheiro de gás na cozinha depois que vcs instalaram",
                    "meu filho teve uma reação alérgica ao creme",
                    "el calefón tiene una fuga de gas",
                    "me dio una descarga eléctrica",
                    "the heater caught fire",
                    "I got an electric shock from it",
                ],
            ),
            (
                "fraud",
                |s| s.is_fraud,
                &[
                    "tem uma compra que não fiz no meu cartão",
                    "clonaram meu cartão",
                    "acho que caí num golpe",
                    "hackearam minha conta",
                    "no reconozco este cargo",
                    "me estafaron",
                    "there is an unauthorized charge on my card",
                    "my account was hacked",
                ],
            ),
            (
                "deadline",
                |s| s.has_deadline,
                &[
                    "preciso disso pra hoje",
                    "é urgente",
                    "meu casamento é amanhã e o vestido não chegou",
                    "o boleto vence hoje",
                    "lo necesito para mañana",
                    "viajo hoy a la noche",
                    "I need it today",
                    "please answer asap",
                ],
            ),
            (
                "blocked",
                |s| s.is_blocked,
                &[
                    "não consigo acessar minha conta",
                    "minha loja está parada",
                    "no puedo entrar al sistema",
                    "I can't log in",
                    "my account is blocked, account locked since monday",
                ],
            ),
            (
                "waiting",
                |s| s.is_waiting,
                &[
                    "é a terceira vez que escrevo",
                    "ninguém me responde",
                    "estou esperando há 5 dias",
                    "nadie contesta",
                    "llevo dos semanas esperando",
                    "I have been waiting for two weeks",
                    "nobody answers",
                ],
            ),
            (
                "leaving",
                |s| s.may_leave,
                &[
                    "nunca mais compro com vocês",
                    "vou pra concorrente",
                    "perderam um cliente",
                    "nunca más compro acá",
                    "you just lost a customer",
                ],
            ),
        ];
        for (name, sign, texts) in table {
            for text in texts {
                assert!(sign(Signals::read(text)), "{name}: {text}");
            }
        }
    }

    #[test]
    fn an_ordinary_message_presses_nobody() {
        for text in [
            "oi, bom dia! tudo bem?",
            "vocês abrem hoje?",
            "qual o horário de amanhã?",
            "quanto custa o vestido azul?",
            "amei o produto, chegou hoje, muito obrigada",
            "quero comprar um extintor de incendio? não, um perfume",
            "vendem cartão de memória?",
            "vocês aceitam cartão ou pix?",
            "vocês aceitam pix? no sábado também",
            "hola, ¿tienen talla M?",
            "¿hacen envíos a Rosario?",
            "gracias, llegó todo perfecto",
            "hi, do you ship to Canada?",
            "thanks, it works great",
            "what are your opening hours tomorrow?",
            "essa promoção tá pegando fogo, fogo no preco",
        ] {
            let Signals { is_danger, is_fraud, has_deadline, is_blocked, is_waiting, may_leave, .. } =
                Signals::read(text);
            let found = [is_danger, is_fraud, has_deadline, is_blocked, is_waiting, may_leave];
            assert_eq!(found, [false; 6], "{text}");
        }
    }

    #[test]
    fn anger_needs_more_than_one_sign() {
        for text in [
            "VOCÊS SÃO UNS LADRÕES!!!",
            "isso é um absurdo, bando de incompetentes",
            "que merda de empresa, um lixo",
            "ISSO É UM ABSURDO, CADÊ MEU DINHEIRO",
            "son unos ladrones, qué vergüenza",
            "ESTOY HARTA DE ESPERAR",
            "you are thieves, this is unacceptable",
            "THIS IS RIDICULOUS I WANT MY MONEY",
            "vou processar vocês",
            "worst company ever, bunch of scammers",
        ] {
            assert!(is_angry(text), "{text}");
        }
        for text in [
            "que merda de entrega",
            "não gostei do produto",
            "meu pedido está atrasado de novo",
            "QUERO COMPRAR",
            "MEU PEDIDO É ABC1234",
            "I never received my order",
            "nunca chegou",
            "esto es horrible",
            "OI TUDO BEM COM VOCES",
            "amei!!! muito obrigada",
            "lixeira de 10 litros",
            "no estoy contenta con el servicio",
            "CADÊ MEU PEDIDO",
        ] {
            assert!(!is_angry(text), "{text}");
        }
    }
}
