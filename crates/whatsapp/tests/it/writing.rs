//! Replies as customers see them.

use proptest::prelude::*;
use pytake_assistant::channel::{Messenger, OutboundContent};
use pytake_understanding::language::Language;
use pytake_whatsapp::{WhatsApp, WhatsAppConfig};

fn whatsapp() -> WhatsApp {
    WhatsApp::new(WhatsAppConfig { base_url: "http://127.0.0.1:9".to_owned(), ..WhatsAppConfig::default() })
        .unwrap()
}

fn written(whatsapp: &WhatsApp, text: &str) -> String {
    let messages = whatsapp.write(text, &[], Some(Language::Portuguese));
    messages.iter().map(OutboundContent::text).collect::<Vec<_>>().join("\n⏎\n")
}

#[test]
fn a_models_reply_reads_well_on_a_telephone() {
    let reply = "## Seu pedido 📦\n\nOlá, **Ana**! Encontrei o pedido `pedido_123_abc`:\n\n\
        | Item | Preço |\n|:--|--:|\n| Camiseta | R$ 59,90 |\n| Frete | R$ 1.234,56 |\n\n---\n\n\
        * Rastreio: AA123456789BR\n* Pix: 123e4567-e89b-12d3-a456-426614174000\n* CPF: ***.456.789-**\n\n\
        Acompanhe [aqui](https://loja.example/p/1_2_3?x=*y*) ou em **[www.loja.example](https://www.loja.example/)**.\n\n\
        > ~~R$ 70,00~~ por __R$ 59,90__\n\n```text\nNF 000.123\n```";
    insta::assert_snapshot!(written(&whatsapp(), reply), @r"
    *Seu pedido 📦*

    Olá, *Ana*! Encontrei o pedido `pedido_123_abc`:

    Item: Camiseta · Preço: R$ 59,90
    Item: Frete · Preço: R$ 1.234,56

    - Rastreio: AA123456789BR
    - Pix: 123e4567-e89b-12d3-a456-426614174000
    - CPF: ***.456.789-**

    Acompanhe aqui: https://loja.example/p/1_2_3?x=*y* ou em https://www.loja.example/.

    > ~R$ 70,00~ por *R$ 59,90*

    ```
    NF 000.123
    ```
    ");
}

#[test]
fn a_reply_in_whatsapps_own_marks_is_left_alone() {
    let reply = "*Horário*\n\n- _Segunda a sexta_: 9h às 18h\n1. ~Sábado~\n> nota\n\n`código` ```bloco```\n\n```\na  b\n```";
    assert_eq!(written(&whatsapp(), reply), reply);
}

/// A word that must come out as it went in.
fn code() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{3,8}(_[a-z0-9]{2,5}){1,3}",
        "[0-9](\\*[0-9]){1,3}",
        "[A-Z]{2}[0-9]{9}BR",
        "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        "00020126[0-9A-Za-z.]{10,30}\\*\\*\\*6304[0-9A-F]{4}",
        "\\*{3}\\.[0-9]{3}\\.[0-9]{3}-\\*{2}",
        "https://[a-z]{3,8}\\.example/[a-z0-9]{1,5}(_[a-z0-9*~]{1,5}){0,2}[a-z]\\?q=[a-z0-9]{1,5}",
        "[a-z]{2,6}(__?[a-z]{2,4})?@[a-z]{3,6}\\.example",
        "R\\$ [0-9]\\.[0-9]{3},[0-9]{2}",
        "\\+55 [0-9]{2} 9[0-9]{4}-[0-9]{4}",
    ]
}

/// Text as models write it, without what is meant to change letters (tables, tags, titles of links); `stray_marks`
/// stand alone between the words.
fn markdown(stray_marks: &'static str) -> impl Strategy<Value = String> {
    let word = prop_oneof![4 => "[a-zçãé]{1,8}", 1 => code()];
    let marked =
        (word.clone(), prop_oneof!["\\*\\*", "__", "\\*\\*\\*", "~~", "\\*", "_", "`", "", "\\*\\*\\*\\*"]);
    let marked = marked.prop_map(|(word, mark)| format!("{mark}{word}{mark}"));
    let piece = prop_oneof![3 => word, 2 => marked, 1 => stray_marks, 1 => "[.,;:!?()\\[\\]]"];
    let line = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.join(" "));
    let lead = prop_oneof![3 => "", 1 => "(#{1,3}|-|\\*|>|[0-9]{1,2}\\.) "];
    let line = (lead, line).prop_map(|(lead, line)| format!("{lead}{line}"));
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

fn kept(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[test]
fn no_letter_and_no_digit_is_lost_or_moved() {
    let whatsapp = whatsapp();
    proptest!(|(text in markdown("[*_~`]{1,4}"))| {
        prop_assert_eq!(kept(&written(&whatsapp, &text)), kept(&text));
    });
}

#[test]
fn what_is_written_once_is_not_changed_by_writing_it_again() {
    let whatsapp = whatsapp();
    proptest!(|(text in markdown("[-–•]"))| {
        let once = written(&whatsapp, &text);
        prop_assert_eq!(written(&whatsapp, &once), once);
    });
}

#[test]
fn a_code_between_words_is_copied() {
    let whatsapp = whatsapp();
    proptest!(|(code in code(), mark in prop_oneof![Just("**negrito** "), Just(""), Just("*x* ")])| {
        let written = written(&whatsapp, &format!("{mark}código {code} e {code}."));
        prop_assert!(written.ends_with(&format!("código {code} e {code}.")), "{}", written);
    });
}

#[test]
fn no_text_makes_it_panic_or_leaves_metas_limits() {
    let whatsapp = whatsapp();
    proptest!(|(text in "(\\PC|[\n*_~`<>\\[\\]()|#.-]){0,300}", choices in prop::collection::vec("\\PC{0,30}", 0..13))| {
        let messages = whatsapp.write(&text, &choices, None);
        prop_assert!(messages.len() <= 3);
        prop_assert_eq!(messages.is_empty(), text.trim().is_empty());
        for message in messages {
            prop_assert!(message.text().encode_utf16().count() <= 4_096);
            prop_assert!(!message.text().trim().is_empty());
        }
    });
}
