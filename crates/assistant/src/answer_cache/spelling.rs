//! One form for questions that differ in case, spacing and signs only. Whatever may change a meaning stays: digits, the
//! order of words, a comma, a question mark, an accent.
//!
//! Accents distinguish words (`secretária`, `secretaria`), so they stay too, but for [`SPELLINGS`]: forms without accent that
//! are no other word, as people type them in a chat.

/// Typed forms and the word they stand for: only such as are no other word in Portuguese, Spanish or English.
const SPELLINGS: [(&str, &str); 54] = [
    ("nao", "não"),
    ("voce", "você"),
    ("voces", "vocês"),
    ("vc", "você"),
    ("vcs", "vocês"),
    ("ola", "olá"),
    ("tambem", "também"),
    ("tbm", "também"),
    ("ate", "até"),
    ("entao", "então"),
    ("estao", "estão"),
    ("sao", "são"),
    ("ninguem", "ninguém"),
    ("alguem", "alguém"),
    ("preco", "preço"),
    ("precos", "preços"),
    ("cartao", "cartão"),
    ("cartoes", "cartões"),
    ("credito", "crédito"),
    ("debito", "débito"),
    ("horario", "horário"),
    ("horarios", "horários"),
    ("endereco", "endereço"),
    ("enderecos", "endereços"),
    ("codigo", "código"),
    ("numero", "número"),
    ("possivel", "possível"),
    ("disponivel", "disponível"),
    ("disponiveis", "disponíveis"),
    ("proximo", "próximo"),
    ("proxima", "próxima"),
    ("informacao", "informação"),
    ("informacoes", "informações"),
    ("devolucao", "devolução"),
    ("devolucion", "devolución"),
    ("localizacao", "localização"),
    ("promocao", "promoção"),
    ("promocoes", "promoções"),
    ("servico", "serviço"),
    ("servicos", "serviços"),
    ("condicoes", "condições"),
    ("orcamento", "orçamento"),
    ("cardapio", "cardápio"),
    ("sabado", "sábado"),
    ("terca", "terça"),
    ("amanha", "amanhã"),
    ("direccion", "dirección"),
    ("ubicacion", "ubicación"),
    ("promocion", "promoción"),
    ("informacion", "información"),
    ("telefono", "teléfono"),
    ("envío", "envio"),
    ("días", "dias"),
    ("día", "dia"),
];

/// The form of a question by which equal ones are found.
pub(super) fn normalised(text: &str) -> String {
    let mut signs: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut rest = text.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        if is_of_word(&word, c, next) {
            word.extend(c.to_lowercase());
            continue;
        }
        finish(&mut word, &mut signs);
        let sign = match c {
            '!' | '…' | '\n' => '.',
            '¿' | '¡' => continue,
            c if c.is_whitespace() => continue,
            c => c,
        };
        add(&mut signs, sign);
    }
    finish(&mut word, &mut signs);
    let is_stop = |sign: &String| sign == ".";
    let from = signs.iter().position(|sign| !is_stop(sign)).unwrap_or(signs.len());
    let to = signs.iter().rposition(|sign| !is_stop(sign)).map_or(from, |last| last + 1);
    signs[from..to].join(" ")
}

/// Letters, digits, and what stands inside of a number or a word: `1.234,50`, `9:30`, `e-mail`, `don't`.
fn is_of_word(word: &str, c: char, next: Option<char>) -> bool {
    if c.is_alphanumeric() {
        return true;
    }
    let (Some(before), Some(after)) = (word.chars().next_back(), next) else { return false };
    match c {
        '.' | ',' | ':' | '/' => before.is_ascii_digit() && after.is_ascii_digit(),
        '-' | '\'' | '’' => before.is_alphanumeric() && after.is_alphanumeric(),
        _ => false,
    }
}

fn finish(word: &mut String, signs: &mut Vec<String>) {
    if word.is_empty() {
        return;
    }
    let word = std::mem::take(word).replace('’', "'");
    let known = SPELLINGS.iter().find(|(typed, _)| *typed == word);
    signs.push(known.map_or(word, |(_, meant)| (*meant).to_owned()));
}

/// Adds a sign once: `!!!` is one, and a question mark is stronger than the stop beside it.
fn add(signs: &mut Vec<String>, sign: char) {
    let last = signs.last().map_or("", String::as_str);
    let sign = sign.to_string();
    if last == sign || (last == "?" && sign == ".") {
        return;
    }
    if last == "." && sign == "?" {
        signs.pop();
    }
    signs.push(sign);
}

/// Zero-width signs, direction marks and variation selectors: what is not seen says nothing.
fn is_invisible(c: char) -> bool {
    (c.is_control() && !c.is_whitespace())
        || matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2064}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_spacing_and_signs_do_not_count() {
        for (left, right) in [
            ("Qual o horário?", "  qual  o HORARIO ??? "),
            ("Vocês não entregam!", "vcs nao entregam"),
            ("oi\nqual o frete?", "Oi! Qual o frete?!"),
            ("¿Cuánto cuesta?", "cuánto cuesta ?"),
            ("oi , tudo bem ?", "Oi, tudo bem?"),
            ("don’t you ship?", "Don't you ship?"),
        ] {
            assert_eq!(normalised(left), normalised(right));
        }
    }

    #[test]
    fn what_may_change_the_meaning_counts() {
        for (left, right) in [
            ("Não, quero trocar", "Não quero trocar"),
            ("O frete é grátis", "O frete é grátis?"),
            ("onde fica a secretaria?", "onde fica a secretária?"),
            ("custa 1.000?", "custa 1000?"),
            ("custa 1,5?", "custa 15?"),
            ("às 9:30?", "às 930?"),
            ("2 camisetas", "3 camisetas"),
            ("a b", "b a"),
            ("👍", "👎"),
            ("tem coco?", "tem cocô?"),
        ] {
            assert_ne!(normalised(left), normalised(right));
        }
    }

    proptest! {
        #[test]
        fn digits_and_their_order_always_stay(text in "[a-zA-Z0-9 .,!?\\-áçõ\n]{0,60}") {
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            let form = normalised(&text);
            prop_assert_eq!(digits(&form), digits(&text));
            prop_assert_eq!(normalised(&form), form, "a form is its own form");
        }

        #[test]
        fn no_text_breaks_it(text in any::<String>()) {
            normalised(&text);
        }
    }
}
