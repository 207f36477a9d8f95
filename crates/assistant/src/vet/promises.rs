//! Promises: a model can do nothing outside its reply, so a reply may not say that it did or will.
//!
//! Looked for in the folded text (lower case, no accents), with patterns for the first person only: what the
//! shop, the carrier or the customer does is a fact, not a promise. A promise that a fact makes in the same
//! words ("te avisamos quando chegar") may be repeated.

use std::sync::LazyLock;

use pytake_understanding::fold::fold;
use regex::Regex;

use super::VetObjection;
use super::grounding::Facts;

/// One alternative a line. `~` stands for white space between words, `'` for either apostrophe.
const PATTERNS: &[&str] = &[
    // Portuguese: looking something up.
    "(vou|irei)~(ja~|agora~|so~)?(te~|lhe~)?(verificar|checar|consultar|averiguar|investigar|apurar|conferir)",
    "(verificarei|checarei|consultarei|averiguarei|conferirei|investigarei)",
    "(estou|estamos)~(ja~)?(verificando|checando|consultando|averiguando|conferindo|transferindo|encaminhando)",
    "enquanto~(eu~)?(verifico|checo|consulto|confiro|averiguo)",
    "(deixa~eu|deixe-me|me~deixa|me~deixe)~(verificar|checar|consultar|conferir|averiguar)",
    // Portuguese: coming back, writing, calling.
    "(vou|irei|iremos|vamos)~(ja~)?(te~|lhe~)?(retornar|avisar|notificar|contatar|ligar~para~voce|te~ligar)",
    "(vou|irei)~(ja~)?(te~|lhe~)(enviar|mandar|ligar)",
    "(vou|irei|iremos|vamos)~(entrar~em~contato|dar~um~retorno|te~dar~um~retorno)",
    "(entrarei|entraremos)~em~contato",
    "nossa~equipe~(entrara|vai~entrar|ira~entrar)~em~contato",
    "(retornarei|retornaremos|avisarei|avisaremos|ligarei|ligaremos|notificarei|contatarei)",
    "(te|lhe)~(retorno|aviso|ligo|respondo|retornamos|avisamos)~(em|assim|logo|depois|mais|amanha|quando|ja|daqui|ate)",
    "(ja~)?(volto|retorno)~(em~breve|ja|logo|com~(a|uma|o|um))",
    "(enviarei|mandarei|providenciarei|encaminharei|transferirei|agendarei|cancelarei)",
    // Portuguese: handing over in words only.
    "(vou|irei)~(te~|lhe~)?(transferir|encaminhar)",
    "(vou|irei)~(te~|lhe~)?passar~(voce~)?para~(um|uma|o|a|nosso|nossa)",
    // Portuguese: done already.
    "(cancelei|agendei|reservei|registrei|encaminhei|transferi|solicitei|abri|processei)~(o|a|os|as|seu|sua|um|uma|voce)",
    // Spanish.
    "voy~a~(verificar|revisar|consultar|averiguar|comprobar|investigar|chequear)",
    "voy~a~(avisarte|enviarte|llamarte|contactarte|transferirte|derivarte|comunicarte|mandarte|pasarte~con)",
    "(te|le|les)~(voy|vamos)~a~(avisar|enviar|mandar|llamar|contactar|transferir|derivar|comunicar|pasar~con)",
    "(te|le|les)~(avisare|enviare|mandare|llamare|contactare|respondere|informare|confirmare|escribire)",
    "(te|le|les)~(transferire|derivare|comunicare|pasare~con|avisaremos|llamaremos|contactaremos|responderemos)",
    "(te|le|les)~(aviso|llamo|escribo|respondo|confirmo)~(en|cuando|luego|mas|manana|pronto|apenas|despues)",
    "(verificare|averiguare|comprobare|investigare)",
    "(me~pondre|nos~pondremos|nuestro~equipo~se~pondra)~en~contacto",
    "mientras~(lo~)?(verifico|reviso|consulto|compruebo|averiguo)",
    "(estoy|estamos)~(verificando|revisando|consultando|averiguando|comprobando|transfiriendo)",
    "(dejame|dejeme|permiteme|permitame)~(verificar|revisar|consultar|averiguar|comprobar)",
    "(ya~)?he~(cancelado|agendado|reservado|registrado|enviado|transferido|solicitado|derivado)~(tu|su|el|la|un|una)",
    // English.
    "(i'll|i~will|i'm~going~to|i~am~going~to)~(now~|just~|quickly~)?(check|verify|investigate|find~out|look~into|look~that~up|look~it~up)",
    "(i'll|i~will|we'll|we~will)~(get~back~to~you|be~back|be~in~touch|follow~up|let~you~know|keep~you|reach~out|contact~you|call~you)",
    "(i'll|i~will)~(send|email|e-mail|notify|transfer|connect|forward|escalate|book|cancel|schedule)",
    "our~team~will~(contact|call|get~back|reach~out|follow~up|be~in~touch)",
    "let~me~(just~|quickly~)?(check|verify|find~out|look~into|look~that~up|look~it~up|investigate)",
    "while~i~(check|verify|look|investigate)",
    "(i've|i~have)~(just~|already~|now~)?(cancelled|canceled|booked|scheduled|forwarded|transferred|escalated|refunded|sent|opened|requested)~(the|your|a|an|you|it|this)",
];

static PROMISE: LazyLock<Regex> = LazyLock::new(|| {
    let any = PATTERNS.join("|").replace('~', r"\s+").replace('\'', "(?:'|’)");
    // `(?-u)` keeps the automaton small; folded words are ASCII.
    Regex::new(&format!(r"(?-u)\b(?:{any})\b")).expect("the patterns above are valid, a test compiles them")
});

/// Finds a promise of the assistant that no fact makes.
pub(super) fn check(text: &str, facts: &Facts<'_>) -> Result<(), VetObjection> {
    let folded = fold(text);
    let made = PROMISE.find_iter(&folded).find(|promise| !facts.say(promise.as_str()));
    let Some(promise) = made else { return Ok(()) };
    let objection = format!(
        "Your reply says \"{}\", but you can do nothing outside this chat, neither now nor later. Answer with what \
         the facts say, or say that you do not know and offer a person.",
        promise.as_str()
    );
    Err(VetObjection::new("promise", objection))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_promise(text: &str) -> bool {
        check(text, &Facts::new(&[])).is_err()
    }

    #[test]
    fn promises_are_found_in_three_languages() {
        for text in [
            "Vou verificar e te retorno.",
            "Um momento, vou verificar o seu pedido.",
            "Só um instante enquanto verifico.",
            "Deixa eu conferir aqui.",
            "Te aviso assim que chegar!",
            "Entraremos em contato em até 24 horas.",
            "Vou te enviar o boleto por e-mail.",
            "Vou transferir você para um atendente.",
            "Vou te passar para um atendente.",
            "Já cancelei o seu pedido.",
            "Nossa equipe entrará em contato.",
            "Enviarei o comprovante amanhã.",
            "Voy a revisar tu pedido.",
            "Te enviaré la información mañana.",
            "Le aviso cuando llegue.",
            "Nos pondremos en contacto contigo.",
            "Déjame verificar, un momento.",
            "Ya he cancelado tu pedido.",
            "I'll get back to you tomorrow.",
            "I’ll check that for you.",
            "Let me look into it.",
            "We will be in touch soon.",
            "I've cancelled your order.",
            "I will transfer you to an agent.",
        ] {
            assert!(is_promise(text), "{text}");
        }
    }

    #[test]
    fn facts_offers_and_advice_are_no_promises() {
        for text in [
            "Quer que eu chame uma pessoa da equipe?",
            "O pedido chega em 5 dias úteis.",
            "O entregador liga antes de chegar.",
            "Você vai receber o código por e-mail.",
            "Você pode verificar o pedido no site.",
            "Vou explicar: primeiro abra o aplicativo.",
            "Vamos por partes: qual é o número do pedido?",
            "Enviamos para todo o Brasil.",
            "Puedes revisar tu pedido en la web.",
            "¿Quieres que llame a una persona?",
            "Enviamos a todo el país en 3 días.",
            "You can check your order on our site.",
            "Would you like me to bring in a person?",
            "We ship within two days.",
            "You will get an e-mail with the code.",
            "I don't know that. A person can help you.",
            "Let me know if you need anything else.",
        ] {
            assert!(!is_promise(text), "{text}");
        }
    }

    #[test]
    fn a_promise_that_a_fact_makes_may_be_repeated() {
        let facts = ["Assim que o pedido sair, TE AVISAMOS  quando chegar.".replace("  ", " ")];
        assert!(check("Te avisamos quando chegar.", &Facts::new(&facts)).is_ok());
        assert!(check("Te aviso quando chegar.", &Facts::new(&facts)).is_err());
    }
}
