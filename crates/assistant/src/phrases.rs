//! The server's own sentences: what the customer reads when no model's words may be used.
//!
//! Short, honest, in the customer's language; Portuguese where the language is not known, the language of
//! most tenants. They promise nothing that code does not do.

use pytake_understanding::language::Language;

/// Says that a person takes over, with the tenant's hours where it stated them.
///
/// Sent by the server, never by a model, at most once for a hand-over.
pub fn hand_over(language: Option<Language>, hours: &str) -> String {
    let (sentence, label) = match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => ("Vou chamar uma pessoa da equipe para continuar com você.", "Atendimento"),
        Language::Spanish => {
            ("Voy a llamar a una persona del equipo para seguir con tu consulta.", "Horario de atención")
        }
        Language::English => {
            ("I'm bringing in a person from the team to continue with you.", "Opening hours")
        }
    };
    match hours.trim() {
        "" => sentence.to_owned(),
        hours => format!("{sentence} {label}: {hours}"),
    }
}

/// Says that the assistant does not know and offers a person: what replaces a reply that may not be sent.
pub fn safe_reply(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => "Não tenho essa informação agora. Quer que eu chame uma pessoa da equipe?",
        Language::Spanish => "No tengo esa información ahora. ¿Quieres que llame a una persona del equipo?",
        Language::English => {
            "I don't have that information right now. Would you like me to bring in a person from the team?"
        }
    }
}

/// Says that the business has not said, and offers a person: what the local provider answers where no approved answer
/// fits. A yes to it hands over, see [`offers_person`].
pub fn unknown(language: Language, business_name: &str) -> String {
    let (sentence, offer) = match language {
        Language::Portuguese => {
            ("Não tenho essa informação e não quero inventar.", "Quer que eu passe para uma pessoa da equipe")
        }
        Language::Spanish => (
            "No tengo esa información y no quiero inventarla.",
            "¿Quieres que te pase con una persona del equipo",
        ),
        Language::English => (
            "I do not have that information and will not make it up.",
            "Would you like me to pass you on to a person",
        ),
    };
    let of = match (language, business_name.trim()) {
        (_, "") => String::new(),
        (Language::Portuguese | Language::Spanish, name) => format!(" de {name}"),
        (Language::English, name) => format!(" at {name}"),
    };
    format!("{sentence} {offer}{of}?")
}

/// True for a reply of the server's own that offered a person; it may stand behind a [`disclosure`].
pub fn offers_person(reply: &str, business_name: &str) -> bool {
    Language::ALL.into_iter().any(|language| {
        reply.ends_with(safe_reply(Some(language))) || reply.ends_with(&unknown(language, business_name))
    })
}

/// The answers to a question of yes or no, to choose from.
pub fn yes_or_no(language: Option<Language>) -> [&'static str; 2] {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => ["Sim", "Não"],
        Language::Spanish => ["Sí", "No"],
        Language::English => ["Yes", "No"],
    }
}

/// Confirms that no automatic messages follow any more. Names the word that brings them back.
pub fn opted_out(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => {
            "Tudo bem, você não vai mais receber nossas mensagens automáticas. Se mudar de ideia, escreva VOLTAR."
        }
        Language::Spanish => {
            "De acuerdo, ya no recibirás nuestros mensajes automáticos. Si cambias de idea, escribe ALTA."
        }
        Language::English => {
            "All right, you won't get our automatic messages any more. If you change your mind, write START."
        }
    }
}

/// Confirms that the customer gets messages again.
pub fn opted_in(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => "Que bom ter você de volta! Nossas mensagens estão ativas de novo.",
        Language::Spanish => "¡Qué bueno tenerte de vuelta! Nuestros mensajes están activos de nuevo.",
        Language::English => "Good to have you back! Our messages are on again.",
    }
}

/// Says that only text is read, where a voice note or a file came that nobody here can read.
pub fn reads_only_text(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => {
            "Obrigado pelo envio! Aqui só consigo ler texto. Pode me escrever, por favor?"
        }
        Language::Spanish => {
            "¡Gracias por el envío! Aquí solo puedo leer texto. ¿Puedes escribirme, por favor?"
        }
        Language::English => {
            "Thanks for sending it! I can only read text here. Could you write to me, please?"
        }
    }
}

/// Asks for a message again that the channel could not pass on.
pub fn please_repeat(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => "Sua mensagem não chegou até mim. Pode enviar de novo, por favor?",
        Language::Spanish => "Tu mensaje no me llegó. ¿Puedes enviarlo de nuevo, por favor?",
        Language::English => "Your message did not reach me. Could you send it again, please?",
    }
}

/// Says at first contact that this is a machine (EU AI Act, article 50, since 2 August 2026).
pub fn disclosure(language: Option<Language>, business_name: &str) -> String {
    let name = business_name.trim();
    match (language.unwrap_or(Language::Portuguese), name.is_empty()) {
        (Language::Portuguese, true) => "Você está falando com um assistente virtual.".to_owned(),
        (Language::Portuguese, false) => format!("Você está falando com o assistente virtual de {name}."),
        (Language::Spanish, true) => "Estás hablando con un asistente virtual.".to_owned(),
        (Language::Spanish, false) => format!("Estás hablando con el asistente virtual de {name}."),
        (Language::English, true) => "You are talking to a virtual assistant.".to_owned(),
        (Language::English, false) => format!("You are talking to the virtual assistant of {name}."),
    }
}

/// Says that the assistant cannot answer any more for now, because a limit of messages or money is reached.
/// Names the word that still works: `signals::asks_for_person` needs no model.
pub fn limit_reached(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => {
            "No momento não consigo responder a mais mensagens. Para falar com uma pessoa, escreva \"atendente\"."
        }
        Language::Spanish => {
            "En este momento no puedo responder más mensajes. Para hablar con una persona, escribe \"agente\"."
        }
        Language::English => {
            "I can't answer any more messages right now. To talk to a person, write \"agent\"."
        }
    }
}

#[cfg(test)]
mod tests {
    use pytake_understanding::signals::asks_for_person;

    use super::*;

    #[test]
    fn every_sentence_exists_in_three_languages() {
        let mut table = String::new();
        for language in Language::ALL.map(Some) {
            let sentences = [
                hand_over(language, ""),
                hand_over(language, " 9h–18h "),
                safe_reply(language).to_owned(),
                disclosure(language, ""),
                disclosure(language, "Loja Sol"),
                limit_reached(language).to_owned(),
                opted_out(language).to_owned(),
                opted_in(language).to_owned(),
                reads_only_text(language).to_owned(),
                please_repeat(language).to_owned(),
                yes_or_no(language).join(" / "),
            ];
            let lines = sentences.join("\n  ");
            table = format!("{table}{}:\n  {lines}\n", language.map_or("", Language::code));
        }
        insta::assert_snapshot!(table, @r#"
        pt:
          Vou chamar uma pessoa da equipe para continuar com você.
          Vou chamar uma pessoa da equipe para continuar com você. Atendimento: 9h–18h
          Não tenho essa informação agora. Quer que eu chame uma pessoa da equipe?
          Você está falando com um assistente virtual.
          Você está falando com o assistente virtual de Loja Sol.
          No momento não consigo responder a mais mensagens. Para falar com uma pessoa, escreva "atendente".
          Tudo bem, você não vai mais receber nossas mensagens automáticas. Se mudar de ideia, escreva VOLTAR.
          Que bom ter você de volta! Nossas mensagens estão ativas de novo.
          Obrigado pelo envio! Aqui só consigo ler texto. Pode me escrever, por favor?
          Sua mensagem não chegou até mim. Pode enviar de novo, por favor?
          Sim / Não
        es:
          Voy a llamar a una persona del equipo para seguir con tu consulta.
          Voy a llamar a una persona del equipo para seguir con tu consulta. Horario de atención: 9h–18h
          No tengo esa información ahora. ¿Quieres que llame a una persona del equipo?
          Estás hablando con un asistente virtual.
          Estás hablando con el asistente virtual de Loja Sol.
          En este momento no puedo responder más mensajes. Para hablar con una persona, escribe "agente".
          De acuerdo, ya no recibirás nuestros mensajes automáticos. Si cambias de idea, escribe ALTA.
          ¡Qué bueno tenerte de vuelta! Nuestros mensajes están activos de nuevo.
          ¡Gracias por el envío! Aquí solo puedo leer texto. ¿Puedes escribirme, por favor?
          Tu mensaje no me llegó. ¿Puedes enviarlo de nuevo, por favor?
          Sí / No
        en:
          I'm bringing in a person from the team to continue with you.
          I'm bringing in a person from the team to continue with you. Opening hours: 9h–18h
          I don't have that information right now. Would you like me to bring in a person from the team?
          You are talking to a virtual assistant.
          You are talking to the virtual assistant of Loja Sol.
          I can't answer any more messages right now. To talk to a person, write "agent".
          All right, you won't get our automatic messages any more. If you change your mind, write START.
          Good to have you back! Our messages are on again.
          Thanks for sending it! I can only read text here. Could you write to me, please?
          Your message did not reach me. Could you send it again, please?
          Yes / No
        "#);
    }

    #[test]
    fn portuguese_is_spoken_where_the_language_is_not_known() {
        assert_eq!(safe_reply(None), safe_reply(Some(Language::Portuguese)));
        assert_eq!(hand_over(None, ""), hand_over(Some(Language::Portuguese), ""));
    }

    #[test]
    fn an_offer_is_recognised_also_behind_the_disclosure() {
        for language in Language::ALL {
            let offer = unknown(language, "Loja Sol");
            let first = format!("{}\n\n{offer}", disclosure(Some(language), "Loja Sol"));
            assert!(offers_person(&offer, "Loja Sol") && offers_person(&first, "Loja Sol"));
            assert!(!offers_person(&disclosure(Some(language), "Loja Sol"), "Loja Sol"));
        }
    }

    #[test]
    fn the_words_the_limit_names_ask_for_a_person() {
        for language in Language::ALL.map(Some) {
            let word = limit_reached(language).split('"').nth(1).expect("the word is quoted");
            assert!(asks_for_person(word), "{word}");
        }
    }
}
