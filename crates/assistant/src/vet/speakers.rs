//! Who speaks: a reply is one turn of the assistant, not an echo and not a whole dialogue.

use pytake_understanding::fold;

use super::VetObjection;

/// How models label the customer's side.
const CUSTOMER_LABELS: [&str; 9] =
    ["cliente", "usuário", "usuario", "customer", "user", "human", "client", "consumidor", "comprador"];
/// How models label their own.
const ASSISTANT_LABELS: [&str; 9] =
    ["assistente", "asistente", "assistant", "atendente", "agente", "agent", "bot", "ai", "suporte"];
/// Labels that are wrong even alone at the beginning of a reply; the others may be part of an address.
const OWN_LABELS: [&str; 3] = ["assistente", "asistente", "assistant"];

/// Finds both sides of a dialogue, or a reply that begins with the assistant's own label.
///
/// One label alone is no dialogue: `Cliente: Ana` is part of an order's summary.
pub(super) fn check_dialogue(text: &str) -> Result<(), VetObjection> {
    let (mut customers, mut assistants) = (0, 0);
    for (colon, _) in text.match_indices(':') {
        let Some((label, start)) = label_before(&text[..colon]) else { continue };
        let is_one_of = |labels: &[&str]| labels.iter().any(|known| label.eq_ignore_ascii_case(known));
        if is_one_of(&CUSTOMER_LABELS) {
            customers += 1;
        } else if is_one_of(&ASSISTANT_LABELS) {
            assistants += 1;
            if start == 0 && is_one_of(&OWN_LABELS) {
                return Err(dialogue());
            }
        }
    }
    if customers > 0 && assistants > 0 { Err(dialogue()) } else { Ok(()) }
}

fn dialogue() -> VetObjection {
    let objection = "Your reply was a dialogue with speaker names. Write only your own next message, without a name \
                     in front.";
    VetObjection::new("dialogue", objection)
}

/// The word before a colon and where it starts, if it stands at the beginning of a line or with a capital.
fn label_before(text: &str) -> Option<(&str, usize)> {
    let text = text.trim_end_matches(['*', '_']);
    let start = text.rfind(|c: char| !c.is_alphabetic()).map_or(0, |at| text.ceil_char_boundary(at + 1));
    let label = &text[start..];
    let front = text[..start].trim_end_matches(['*', '_', '-', '>', ' ']);
    let begins_line = front.is_empty() || front.ends_with('\n');
    let is_capital = label.starts_with(char::is_uppercase);
    (!label.is_empty() && (begins_line || is_capital)).then_some((label, front.len()))
}

/// Fewer words are a greeting, and greetings are answered with themselves.
const MIN_ECHO_WORDS: usize = 5;
/// So many words may differ in number before the two are not the same message any more.
const MAX_EXTRA_WORDS: usize = 2;

/// Finds a reply that is the customer's own message, perhaps with a word around it.
pub(super) fn check_echo(reply: &str, message: &str) -> Result<(), VetObjection> {
    // Two words more are at most some forty bytes; accents and marks make up for less.
    if reply.len().abs_diff(message.len()) > 40 + message.len() / 4 {
        return Ok(());
    }
    let (said, asked) = (fold::words(reply), fold::words(message));
    let (shorter, longer) = if said.len() < asked.len() { (&said, &asked) } else { (&asked, &said) };
    if shorter.len() < MIN_ECHO_WORDS || longer.len() - shorter.len() > MAX_EXTRA_WORDS {
        return Ok(());
    }
    let is_same_from =
        |skipped: usize| shorter.iter().zip(longer.iter().skip(skipped)).all(|(a, b)| a.text == b.text);
    if (0..=longer.len() - shorter.len()).any(is_same_from) {
        let objection = "Your reply repeated the customer's message. Answer it instead.";
        return Err(VetObjection::new("echo", objection));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialogues_are_found() {
        for text in [
            "Olá!\nCliente: quero um chapéu\nAtendente: claro",
            "Claro. User: and the price? Assistant: 50",
            "**Cliente:** oi\n**Assistente:** olá",
            "- Human: hi\n- AI: hello",
            "Assistente: Olá, como posso ajudar?",
            "*Assistant*: Hello",
        ] {
            assert!(check_dialogue(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_label_alone_is_part_of_an_answer() {
        for text in [
            "Cliente: Ana Souza\nPedido: 123\nTotal: R$ 50",
            "Usuário: ana@example.com",
            "Horário do atendente: 9h às 18h. Para o cliente: nada muda.",
            "Suporte: 9h–18h",
            "Às 10:30 ou 11:00?",
            "::: :",
        ] {
            assert!(check_dialogue(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_echo_is_found_and_a_greeting_is_none() {
        let asked = "Quanto custa o frete para Recife?";
        for reply in [asked, "quanto custa o FRETE para recife", "Então: quanto custa o frete para Recife?"]
        {
            assert!(check_echo(reply, asked).is_err(), "{reply}");
        }
        for (reply, asked) in [
            ("Bom dia, tudo bem?", "bom dia tudo bem"),
            ("O frete para Recife custa R$ 20.", asked),
            ("Quanto custa o frete para Recife? Custa R$ 20,00 e chega em 5 dias.", asked),
            ("", asked),
            (asked, ""),
        ] {
            assert!(check_echo(reply, asked).is_ok(), "{reply}");
        }
    }
}
