//! Masks: what is hidden, what comes back, and what is no mark.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::clock::Clock;

fn mask(texts: &[&str]) -> Mask {
    let texts = Texts { customer: texts.to_vec(), own: vec![OWN], ..Texts::default() };
    Mask::of(&TenantView::of_nothing(), &texts)
}

const OWN: &str = "Loja Sol. Fale com vendas@loja.example ou (11) 98765-4321.";

#[test]
fn the_same_value_has_the_same_mark_in_every_text() {
    let texts =
        ["Sou joao@exemplo.com, CPF 529.982.247-25", "mande para joao@exemplo.com ou ana@exemplo.com"];
    let mask = mask(&texts);
    assert_eq!(mask.hide(texts[0]), "Sou [EMAIL_1], CPF [CPF_1]");
    assert_eq!(mask.hide(texts[1]), "mande para [EMAIL_1] ou [EMAIL_2]");
    assert_eq!(mask.counted(), "hidden: cpf 1, email 2");
    assert!(!format!("{mask:?}").contains("joao"));
}

#[test]
fn another_spelling_of_a_value_has_a_mark_that_shows_it() {
    let text = "CPF 529.982.247-25, ou seja 52998224725";
    let mask = mask(&[text]);
    assert_eq!(mask.hide(text), "CPF [CPF_1], ou seja [CPF_1_2]");
    assert_eq!(mask.counted(), "hidden: cpf 1");
    assert_eq!(mask.reveal(&mask.hide(text)).text, text);
}

#[test]
fn what_the_business_says_itself_stays() {
    let text =
        "É esse mesmo, (11) 98765-4321? ou 11987654321 ou vendas@loja.example? O meu é (21) 99876-1234";
    let masked = mask(&[text]).hide(text).into_owned();
    assert_eq!(
        masked,
        "É esse mesmo, (11) 98765-4321? ou 11987654321 ou vendas@loja.example? O meu é [PHONE_1]"
    );
}

#[test]
fn the_customers_name_is_hidden_word_by_word() {
    let Value::Object(context) = json!({"customer_name": "Ana dos Santos", "phone": 5_521_998_761_234_u64, "city": "Recife", "vip": true})
    else {
        unreachable!("an object is written above")
    };
    let texts = Texts {
        customer: vec!["aqui é Ana, dos altos. Banana"],
        context: Some(&context),
        ..Texts::default()
    };
    let mask = Mask::of(&TenantView::of_nothing(), &texts);
    assert_eq!(mask.hide(texts.customer[0]), "aqui é [NAME_1], dos altos. Banana");
    let hidden = Value::Object(mask.hide_context(&context));
    assert_eq!(
        hidden,
        json!({"customer_name": "[NAME_1] dos [NAME_2]", "phone": "[PHONE_1]", "city": "Recife", "vip": true})
    );
    assert_eq!(mask.checked("Oi, [NAME_1]!"), Ok("Oi, Ana!".to_owned()));
}

#[test]
fn numbers_of_somebody_are_hidden_and_prices_and_days_are_not() {
    let text = "RG 48213377, pago R$ 15000,00 dia 12/05/2027, quero 2 caixas de 500 g";
    assert_eq!(
        mask(&[text]).hide(text),
        "RG [NUMBER_1], pago R$ 15000,00 dia 12/05/2027, quero 2 caixas de 500 g"
    );
}

#[test]
fn a_mark_that_stands_in_a_text_already_is_not_used() {
    let text = "[EMAIL_1] ou EMAIL_2 é joao@exemplo.com?";
    let mask = mask(&[text]);
    assert_eq!(mask.hide(text), "[EMAIL_1] ou EMAIL_2 é [EMAIL_3]?");
    assert_eq!(mask.checked("[EMAIL_1] [EMAIL_3]"), Ok("[EMAIL_1] joao@exemplo.com".to_owned()));
}

#[test]
fn a_mark_that_was_made_up_or_lost_its_brackets_is_an_objection() {
    let mask = mask(&["joao@exemplo.com"]);
    for answer in [
        "escrevo para [EMAIL_2]",
        "escrevo para EMAIL_1",
        "ligue [PHONE_1]",
        "[EMAIL_1_2]",
        "[email_1]",
        "[NOME_1]",
    ] {
        assert!(mask.checked(answer).is_err(), "{answer}");
    }
    for answer in ["[1] E-mail 1, EMAIL, NOME_1, [ok_1], [OK]", "snake_1"] {
        assert_eq!(mask.checked(answer), Ok(answer.to_owned()));
    }
}

#[test]
fn what_looks_like_a_mark_in_the_texts_may_be_repeated() {
    let mask = mask(&["meu vale é [VALE_1], e-mail joao@exemplo.com"]);
    assert_eq!(mask.checked("[VALE_1] para [EMAIL_1]"), Ok("[VALE_1] para joao@exemplo.com".to_owned()));
    assert!(mask.checked("[VALE_2]").is_err());
}

#[test]
fn what_is_shorter_is_hidden_where_what_is_longer_is_part_of_a_word() {
    let found = |text: &str| finding::Found {
        kind: EntityKind::Name.as_str(),
        value: text.to_owned(),
        text: text.to_owned(),
        is_word: true,
    };
    let mask = Mask::hiding(vec![found("Ana"), found("Ana Sol")], FxHashSet::default());
    assert_eq!(mask.hide("Ana Solar, Ana Sol, Anabela"), "[NAME_1] Solar, [NAME_2], Anabela");
}

#[test]
fn short_names_are_names_and_particles_are_not() {
    let Value::Object(context) = json!({"name": "Jô de Sá e Li"}) else {
        unreachable!("an object is written above")
    };
    let mask = Mask::of(&TenantView::of_nothing(), &Texts { context: Some(&context), ..Texts::default() });
    let hidden = Value::Object(mask.hide_context(&context));
    assert_eq!(hidden, json!({"name": "[NAME_1] de [NAME_2] e [NAME_3]"}));
}

#[test]
fn a_mark_that_is_lost_is_named() {
    let text = "sou João Silva, João; joao@exemplo.com ou joao@exemplo.com, fone (21) 99876-1234";
    let mask = mask(&[text]);
    let sent = mask.hide(text);
    assert!(mask.lost(&sent, &sent).is_empty());
    let came = sent.replacen("[EMAIL_1]", "", 1).replacen("[NAME_1]", "", 1).replace("[PHONE_1]", "PHONE_1");
    assert_eq!(mask.lost(&sent, &came), ["[EMAIL_1]", "[PHONE_1]"], "a name may come once: {sent}");
    let left = mask.without_marks("2 [EMAIL_1] [EMAIL_9] 3");
    assert_eq!(left, "2   [EMAIL_9] 3");
}

#[test]
fn what_a_model_is_told_about_marks_is_short() {
    let tokens = pytake_tokenizer::count(INSTRUCTION);
    assert_eq!(tokens, 60, "docs/privacy.md says how many");
}

#[test]
fn what_goes_into_json_is_escaped() {
    let name = "O\"Neil";
    let Value::Object(context) = json!({ "name": name }) else { unreachable!("an object is written above") };
    let mask = Mask::of(&TenantView::of_nothing(), &Texts { context: Some(&context), ..Texts::default() });
    let answer = mask.checked_json(r#"{"who":"[NAME_1]"}"#).expect("known");
    assert_eq!(serde_json::from_str::<Value>(&answer).expect("JSON"), json!({ "who": name }));
}

/// Bits of messages that are hidden, look like marks, or cut both.
const BITS: [&str; 18] = [
    "joao@exemplo.com",
    "JOAO@exemplo.com",
    "529.982.247-25",
    "52998224725",
    "(21) 99876-1234",
    "[EMAIL_1]",
    "EMAIL_",
    "[",
    "]",
    "CPF",
    "meu nome é Maria Silva",
    "pedido #12345",
    " ",
    "1",
    "_",
    "4111 1111 1111 1111",
    "é",
    "Rua das Flores, 100",
];

/// Prints what hiding takes on this machine; the figures are in `docs/privacy.md`.
#[test]
#[ignore = "measures, and asserts nothing"]
fn how_long_it_takes() {
    let words = "oi, sou a Mariana Costa, meu email é mari@correio.example e o fone (21) 99876-1234";
    let long: String = words.chars().cycle().take(4_096).collect();
    let tenant = TenantView::of_nothing();
    for (name, text) in [("14 words", words), ("4,096 characters", long.as_str())] {
        let texts = Texts { own: vec![OWN], customer: vec![text], ..Texts::default() };
        let clock = crate::clock::SystemClock::new();
        let mut times = Vec::new();
        for _ in 0..200 {
            let started = clock.elapsed();
            let mask = Mask::of(&tenant, &texts);
            let revealed = mask.reveal(&mask.hide(text));
            times.push(clock.elapsed().saturating_sub(started));
            assert_eq!(revealed.text, text);
        }
        times.sort();
        println!("{name}: hiding and revealing, median of 200: {:?}", times[100]);
    }
}

proptest! {
    #[test]
    fn what_is_hidden_comes_back_as_it_was(
        bits in prop::collection::vec(prop::sample::select(BITS.to_vec()), 0..14),
        loose in any::<String>(),
    ) {
        let text = bits.concat() + &loose;
        let mask = mask(&[&text]);
        let hidden = mask.hide(&text);
        prop_assert_eq!(mask.reveal(&hidden).text, text.clone());
        prop_assert_eq!(mask.reveal(&hidden).stray, None);
    }

    #[test]
    fn nothing_that_is_found_remains(
        bits in prop::collection::vec(prop::sample::select(BITS.to_vec()), 1..10),
    ) {
        let text = bits.join(" ");
        let mask = mask(&[&text]);
        let hidden = mask.hide(&text);
        for value in finding::personal(&text, &TenantView::of_nothing()) {
            prop_assert!(!hidden.contains(&value), "{value} in {hidden}");
        }
    }

    #[test]
    fn any_cutting_of_an_answer_gives_the_whole(
        bits in prop::collection::vec(prop::sample::select(vec!["[EMAIL_1]", "[CPF_1]", "[", "EMAIL_1", "]", "Olá ", "[EMAIL_9]", "[NOME_1]", "_1", "é"]), 0..10),
        cuts in prop::collection::vec(0_usize..80, 0..12),
    ) {
        let answer = bits.concat();
        let mask = mask(&["joao@exemplo.com 529.982.247-25"]);
        let whole = mask.checked(&answer);
        let mut unveiler = Unveiler::default();
        let mut given = Ok(String::new());
        let mut piece = String::new();
        for (index, c) in answer.chars().enumerate() {
            if cuts.contains(&index) {
                let more = unveiler.push(&mask, &std::mem::take(&mut piece));
                given = given.and_then(|given: String| more.map(|more| given + &more));
            }
            piece.push(c);
        }
        let more = unveiler.push(&mask, &piece);
        given = given.and_then(|given| more.map(|more| given + &more));
        let more = unveiler.finish(&mask);
        given = given.and_then(|given| more.map(|more| given + &more));
        prop_assert_eq!(given, whole);
    }
}
