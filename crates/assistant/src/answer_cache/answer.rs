//! Whether an answer is for everybody: nothing in it belongs to the customer who got it first. Pure.

use pytake_understanding::entities::{self, Context};
use pytake_understanding::fold;
use pytake_understanding::language::Language;

use super::question::{is_day, is_personal, long_numbers};
use crate::tenant_view::TenantView;

/// Words that address a woman or a man, folded. Where the model knew a name it may have chosen them by it.
const ADDRESSED: [&str; 28] = [
    "senhor",
    "senhora",
    "sr",
    "sra",
    "srta",
    "dona",
    "seu",
    "moco",
    "moca",
    "prezado",
    "prezada",
    "caro",
    "cara",
    "querido",
    "querida",
    "vindo",
    "vinda",
    "bienvenido",
    "bienvenida",
    "senor",
    "senorita",
    "don",
    "estimado",
    "estimada",
    "mr",
    "mrs",
    "sir",
    "madam",
];

/// What stands between names, folded. Every other word of a name is one, however short: "Zé", "Lu".
const BETWEEN_NAMES: [&str; 10] = ["da", "das", "de", "del", "di", "do", "dos", "e", "la", "y"];

/// Whether an answer may be given to others.
///
/// Persons, numbers, addresses and days may stand in it only where `own`, the business's own texts, say them too: its
/// telephone, its address. With a `name` the model knew, the answer must not use it, nor address anybody as a woman or a man.
pub(crate) fn is_for_everybody(
    answer: &str,
    own: &[&str],
    name: Option<&str>,
    language: Option<Language>,
    tenant: &TenantView,
) -> bool {
    let own: Vec<String> = own.iter().map(|text| fold::fold(text)).collect();
    let is_own = |text: &str| {
        let text = fold::fold(text);
        own.iter().any(|own| own.contains(&text))
    };
    let context = Context {
        language: language.map(entities::Language::from),
        country: tenant.country,
        now: None,
        catalogue: Some(&tenant.catalogue),
        order_patterns: &tenant.order_patterns,
    };
    for entity in entities::find(answer, &context) {
        if (is_personal(&entity) || is_day(entity.kind)) && !is_own(entity.text) {
            return false;
        }
    }
    if !long_numbers(answer).all(is_own) {
        return false;
    }
    name.is_none_or(|name| !addresses(answer, name))
}

fn addresses(answer: &str, name: &str) -> bool {
    let names = fold::words(name);
    fold::words(answer).iter().any(|word| {
        ADDRESSED.contains(&word.text)
            || names.iter().any(|name| name.text == word.text && !BETWEEN_NAMES.contains(&name.text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "Loja Sol, Rua das Flores, 100, São Paulo. Fale com vendas@loja.example ou (11) 98765-4321. \
        Seg a sex das 9h às 18h, sábado até 13h.";

    fn is_shared(answer: &str, name: Option<&str>) -> bool {
        is_for_everybody(answer, &[OWN], name, Some(Language::Portuguese), &TenantView::of_nothing())
    }

    #[test]
    fn what_the_business_says_itself_is_for_everybody() {
        for answer in [
            "Abrimos das 9h às 18h, sábado até 13h.",
            "O frete custa R$ 12,00 e a entrega leva 5 dias.",
            "Fale com vendas@loja.example ou (11) 98765-4321.",
            "Entregamos em Recife, sim!",
        ] {
            assert!(is_shared(answer, None), "{answer}");
        }
    }

    #[test]
    fn what_belongs_to_a_customer_is_not() {
        for answer in [
            "Seu pedido 48213377 já saiu.",
            "Enviamos para joao@exemplo.com.",
            "Ligaremos para (21) 99876-1234.",
            "Seu CPF 529.982.247-25 está certo.",
            "Entregamos amanhã.",
            "Seu pacote AA123456785BR chegou.",
        ] {
            assert!(!is_shared(answer, None), "{answer}");
        }
    }

    #[test]
    fn a_known_name_must_not_show() {
        assert!(is_shared("O frete custa R$ 12,00.", Some("Ana de Souza")));
        assert!(!is_shared("Oi, Ana! O frete custa R$ 12,00.", Some("Ana de Souza")));
        assert!(!is_shared("O frete custa R$ 12,00, sra.", Some("Ana de Souza")));
    }

    #[test]
    fn a_name_of_two_letters_is_one() {
        for (answer, name) in [
            ("Oi, Zé! O frete custa R$ 12,00.", "Zé"),
            ("Oi, Lu! O frete custa R$ 12,00.", "lu 🌻"),
            ("Claro, JÔ.", "Jô da Silva"),
        ] {
            assert!(!is_shared(answer, Some(name)), "{answer}");
        }
        assert!(is_shared("O prazo de entrega e o frete da loja.", Some("Ana de Souza e Lima da Luz")));
    }
}
