//! The sentence a customer gets instead of an answer.

use super::Category;
use crate::language::Language;

/// What to send when a text was stopped; Portuguese where the language is not known.
///
/// Self-harm gets care and a helpline. Numbers: CVV (cvv.org.br) 188; Spain's Línea 024; Mexico's
/// Línea de la Vida 800 911 2000; Argentina 135; 988 Suicide & Crisis Lifeline; Samaritans 116 123.
pub const fn safe_reply(category: Category, language: Option<Language>) -> &'static str {
    let language = match language {
        Some(language) => language,
        None => Language::Portuguese,
    };
    match category {
        Category::SelfHarm => care(language),
        Category::Hate | Category::Harassment => respect(language),
        Category::PromptInjection | Category::Spam | Category::Custom => own_matters(language),
        Category::Violence
        | Category::Weapons
        | Category::Drugs
        | Category::Sexual
        | Category::Minors
        | Category::Fraud
        | Category::Malware => refusal(language),
    }
}

const fn care(language: Language) -> &'static str {
    match language {
        Language::Portuguese => {
            "Sinto muito que você esteja passando por isso. Você não está só: o CVV escuta de graça e em \
             sigilo, 24 horas por dia, no telefone 188 ou em cvv.org.br. Se houver perigo agora, ligue 192 ou \
             procure alguém de confiança. Se quiser, chamo uma pessoa da nossa equipe."
        }
        Language::Spanish => {
            "Siento mucho que estés pasando por esto. No tienes que llevarlo a solas: si hay peligro ahora, \
             llama al número de emergencias de tu país. También te escuchan gratis en el 024 (España), la \
             Línea de la Vida 800 911 2000 (México) y el 135 (Argentina). Si quieres, te comunico con una \
             persona de nuestro equipo."
        }
        Language::English => {
            "I am so sorry you are going through this. You do not have to face it alone: call or text 988 \
             (US and Canada), or call Samaritans on 116 123 (UK and Ireland), free at any hour. If you are in \
             danger now, call your local emergency number. If you like, I can bring in a person from our team."
        }
    }
}

const fn respect(language: Language) -> &'static str {
    match language {
        Language::Portuguese => {
            "Quero ajudar, mas preciso que a conversa seja respeitosa. Me conte o que aconteceu com o seu \
             atendimento, ou peça para falar com uma pessoa da equipe."
        }
        Language::Spanish => {
            "Quiero ayudarte, pero necesito que la conversación sea respetuosa. Cuéntame qué pasó, o pide \
             hablar con una persona del equipo."
        }
        Language::English => {
            "I want to help, but I need us to keep this respectful. Tell me what went wrong, or ask to speak \
             with a person from the team."
        }
    }
}

const fn own_matters(language: Language) -> &'static str {
    match language {
        Language::Portuguese => {
            "Com isso não consigo ajudar. Posso responder sobre nossos produtos, pedidos e serviços; o que \
             você precisa?"
        }
        Language::Spanish => {
            "Con eso no puedo ayudarte. Puedo responder sobre nuestros productos, pedidos y servicios; ¿qué \
             necesitas?"
        }
        Language::English => {
            "I can't help with that. I can answer questions about our products, orders and services; what do \
             you need?"
        }
    }
}

const fn refusal(language: Language) -> &'static str {
    match language {
        Language::Portuguese => {
            "Não posso ajudar com esse assunto. Se precisar de algo sobre nossos produtos ou o seu pedido, \
             estou aqui."
        }
        Language::Spanish => {
            "No puedo ayudar con ese tema. Si necesitas algo sobre nuestros productos o tu pedido, aquí estoy."
        }
        Language::English => {
            "I can't help with that topic. If you need anything about our products or your order, I'm here."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{ContentFilter, FilterLevel};

    #[test]
    fn our_own_replies_pass_the_filter() {
        let filter = ContentFilter::new(FilterLevel::Strict);
        for category in Category::ALL {
            for language in
                [None, Some(Language::Portuguese), Some(Language::Spanish), Some(Language::English)]
            {
                let reply = safe_reply(category, language);
                assert!(!filter.check_outbound(reply).is_blocked(), "{reply}");
            }
        }
    }

    #[test]
    fn self_harm_is_answered_with_a_helpline() {
        assert!(safe_reply(Category::SelfHarm, None).contains("188"));
        assert!(safe_reply(Category::SelfHarm, Some(Language::Spanish)).contains("024"));
        assert!(safe_reply(Category::SelfHarm, Some(Language::English)).contains("988"));
    }
}
