//! Laws that hold for every text.

use proptest::prelude::*;
use pytake_entities::{Catalogue, Context, Country, Entity, EntityKind, Language, find};

/// Pieces that extractors look for, in every order and glued in every way.
const PIECES: &[&str] = &[
    "R$",
    "$",
    "1.234,56",
    "50",
    "reais",
    "mil",
    "2k",
    "cpf",
    "529.982.247-25",
    "52998224725",
    "pedido",
    "#",
    "10230",
    "nº",
    "(11)",
    "98765-4321",
    "+55",
    "0800",
    "cep",
    "01310-100",
    "rua",
    "das Flores",
    ",",
    ".",
    "-",
    "/",
    "@",
    "ana",
    "gmail.com",
    "www.",
    "http://",
    "me chamo",
    "João",
    "Silva",
    "São Paulo",
    "SP",
    "4111 1111 1111 1111",
    "AA123456785BR",
    "1Z999AA10123456784",
    "12.ABC.345/01DE-35",
    "2 kg",
    "tamanho",
    "42",
    "cupom",
    "PROMO20",
    "3f1c2b7a-9d4e-4c11-8a77-0b5d2e6f9a10",
    "::1",
    "10.0.0.1",
    "Ltda",
    "S.A.",
    "amanhã",
    "às 15h",
    "ñ",
    "º",
    "🙂",
    "\u{301}",
    "\n",
    "e",
    "de",
    "camiseta",
    "ramal 12",
    "…",
    "€",
];

fn pieces() -> impl Strategy<Value = String> {
    let piece = (prop::sample::select(PIECES), prop::sample::select(vec![" ", "", "  "]));
    prop::collection::vec(piece, 0..14)
        .prop_map(|pieces| pieces.into_iter().flat_map(|(piece, space)| [piece, space]).collect())
}

fn check(text: &str, found: &[Entity<'_>]) -> Result<(), TestCaseError> {
    let mut end = 0;
    for entity in found {
        prop_assert_eq!(text.get(entity.start..entity.end), Some(entity.text));
        prop_assert!(entity.start >= end, "overlap in {:?}", text);
        prop_assert!(!entity.text.is_empty() && !entity.value.is_empty());
        prop_assert!((0.0..=1.0).contains(&entity.confidence), "{:?}", entity);
        end = entity.end;
    }
    Ok(())
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    are_digits(whole) && are_digits(fraction)
}

/// Whether a value has the form that its kind's documentation promises.
fn is_normal(entity: &Entity<'_>) -> bool {
    let value = entity.value.as_ref();
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match entity.kind {
        EntityKind::Cpf => value.len() == 11 && are_digits(value),
        EntityKind::Cnpj => {
            value.len() == 14 && value.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        }
        EntityKind::Card => value.starts_with("**** **** **** ") && value.len() == 19,
        EntityKind::Phone => {
            let number = value.split(";ext=").next().unwrap_or_default();
            let digits = number.strip_prefix('+').unwrap_or(number);
            are_digits(digits) && digits.len() <= 18
        }
        EntityKind::Money => {
            value.split_once(' ').is_some_and(|(amount, code)| is_decimal(amount) && code.len() == 3)
        }
        EntityKind::Quantity => value.split_once(' ').is_some_and(|(_, unit)| !unit.is_empty()),
        EntityKind::IpAddress => value.parse::<std::net::IpAddr>().is_ok(),
        EntityKind::Email => value.contains('@') && value == value.to_lowercase(),
        _ => true,
    }
}

proptest! {
    #[test]
    fn spans_are_the_texts_own_words_whatever_the_text(text in "\\PC{0,80}") {
        check(&text, &find(&text, &Context::default()))?;
    }

    #[test]
    fn spans_are_the_texts_own_words_among_what_extractors_look_for(text in pieces()) {
        let catalogue = Catalogue::new(["camiseta", "João"]);
        let context = Context { catalogue: Some(&catalogue), ..Context::default() };
        check(&text, &find(&text, &context))?;
    }

    #[test]
    fn values_have_the_form_of_their_kind(text in pieces()) {
        for country in [Country::Brazil, Country::UnitedStates, Country::Chile] {
            for entity in find(&text, &Context { country, ..Context::default() }) {
                prop_assert!(is_normal(&entity), "{:?} in {:?}", entity, text);
            }
        }
    }

    #[test]
    fn the_same_text_gives_the_same_entities(text in pieces()) {
        prop_assert_eq!(find(&text, &Context::default()), find(&text, &Context::default()));
    }

    /// White space around a message is no part of it.
    #[test]
    fn padding_moves_entities_and_nothing_else(text in pieces(), padding in "[ \n]{0,4}") {
        let padded = format!("{padding}{text}{padding}");
        let context = Context::default();
        let moved: Vec<(EntityKind, usize, String)> = find(&padded, &context)
            .into_iter()
            .map(|entity| (entity.kind, entity.start - padding.len(), entity.value.into_owned()))
            .collect();
        let plain: Vec<(EntityKind, usize, String)> = find(&text, &context)
            .into_iter()
            .map(|entity| (entity.kind, entity.start, entity.value.into_owned()))
            .collect();
        prop_assert_eq!(moved, plain);
    }
}

#[test]
fn case_and_accents_do_not_matter_where_they_say_nothing() {
    for (plain, other) in [
        ("meu cpf é 529.982.247-25", "MEU CPF E 529.982.247-25"),
        ("meu telefone é 11 98765-4321", "Meu Telefone É 11 98765-4321"),
        ("custa cinquenta reais", "CUSTA CINQUENTA REAIS"),
        ("número do pedido 10230", "NUMERO DO PEDIDO 10230"),
        ("rastreio aa123456785br", "RASTREIO AA123456785BR"),
        ("código de rastreio 888001234567", "codigo de rastreio 888001234567"),
        ("meia dúzia de caixas", "MEIA DUZIA DE CAIXAS"),
        ("cep 01310100", "CEP 01310100"),
    ] {
        let values = |text| -> Vec<(EntityKind, String)> {
            let found = find(text, &Context::default());
            found.into_iter().map(|entity| (entity.kind, entity.value.into_owned())).collect()
        };
        assert_eq!(values(plain), values(other), "{plain}");
        assert!(!values(plain).is_empty(), "{plain}");
    }
}

/// WhatsApp's longest text is 4,096 characters; what repeats is what costs most. What it costs is a line of `cargo bench
/// -p pytake-entities`.
#[test]
fn a_flood_is_read_to_its_end() {
    let more =
        ["1 ", "1.", "a b ", "rua ", "Rua A ", "nome: ", "João Silva ", "(", "+", "1-1-", "cem mil ", ":"];
    let context = Context { language: Some(Language::Portuguese), ..Context::default() };
    for piece in PIECES.iter().copied().chain(more) {
        let text: String = format!("{piece} ").repeat(4096).chars().take(4096).collect();
        let found = find(&text, &context);
        assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start), "{piece:?}");
    }
}
