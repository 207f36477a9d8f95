//! What the assistant reads of each kind of content: the customer's own words, or what there is in words.
//!
//! Pure. Labels are in the usual language of the customer's country, so that a text in them does not look like
//! another language to those who read it next.

mod facts;

pub(crate) use facts::{calling_code_of, clean_name, facts, one_line};

use pytake_assistant::channel::{ContactCard, InboundContent, MediaKind, OrderItem};
use pytake_understanding::language::{Language, Prior, detect_with_prior};

/// Characters of what others made up (names, addresses, answers of a form) that are shown.
const MAX_DETAIL_CHARS: usize = 200;
/// The longest form or order that is shown, in characters.
const MAX_LIST_CHARS: usize = 2_000;
/// Cards and lines of an order that are shown.
const MAX_ENTRIES: usize = 20;

/// What a content says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    /// What the assistant reads; never empty.
    pub(crate) text: String,
    /// Whether it says anything that can be answered; a bare "[voice note]" does not.
    pub(crate) can_be_answered: bool,
}

impl Words {
    fn answerable(text: String) -> Self {
        Self { text, can_be_answered: true }
    }
}

/// The usual language of a country, Portuguese where it is not known.
pub(crate) fn usual_language(calling_code: Option<u16>) -> Language {
    let prior = Prior { earlier: &[], calling_code };
    detect_with_prior("", &prior).language.unwrap_or(Language::Portuguese)
}

/// Puts a content into words. `heard` is what a voice note says, where it was transcribed; `is_seen`, whether the model
/// gets the picture itself.
pub(crate) fn words(
    content: &InboundContent,
    heard: Option<&str>,
    is_seen: bool,
    language: Language,
) -> Words {
    let label = |labels: [&'static str; 3]| match language {
        Language::Portuguese => labels[0],
        Language::Spanish => labels[1],
        Language::English => labels[2],
    };
    match content {
        InboundContent::Text { text } => said(text, || format!("[{}]", label(["vazio", "vacío", "empty"]))),
        InboundContent::Choice { title, id } => said(title, || one_line(id, MAX_DETAIL_CHARS)),
        InboundContent::Media { kind, media, caption } => {
            let name = media_name(*kind, language);
            let file =
                media.file_name.as_deref().map(|file| one_line(file, 60)).filter(|file| !file.is_empty());
            let mark = match (file, kind) {
                (Some(file), MediaKind::Document) => format!("[{name}: {file}]"),
                _ => format!("[{name}]"),
            };
            let spoken = heard.or(caption.as_deref()).map(str::trim).filter(|text| !text.is_empty());
            match (spoken, kind) {
                // What was said is what was written, whatever it came in.
                (Some(text), MediaKind::Voice | MediaKind::Audio) => Words::answerable(text.to_owned()),
                (Some(text), _) => Words::answerable(format!("{mark} {text}")),
                (None, _) => Words { text: mark, can_be_answered: is_seen },
            }
        }
        InboundContent::Location { latitude, longitude, name, address } => {
            let mut parts = vec![format!("{latitude:.5}, {longitude:.5}")];
            parts.extend([name, address].into_iter().flatten().map(|part| one_line(part, MAX_DETAIL_CHARS)));
            let label = label(["Localização", "Ubicación", "Location"]);
            Words::answerable(format!("{label}: {}", parts.join(", ")))
        }
        InboundContent::Contacts { cards } => {
            let shown: Vec<String> = cards.iter().take(MAX_ENTRIES).map(card).collect();
            Words::answerable(format!("{}: {}", label(["Contato", "Contacto", "Contact"]), shown.join("; ")))
        }
        InboundContent::Form { name, answers } => {
            let label = label(["Formulário", "Formulario", "Form"]);
            let name = name.as_deref().map(|name| one_line(name, 60)).unwrap_or_default();
            let answers = one_line(answers, MAX_LIST_CHARS);
            Words::answerable(format!("{label} {name}: {answers}").replace(" :", ":"))
        }
        InboundContent::Order { text, items } => {
            let label = label(["Pedido do catálogo", "Pedido del catálogo", "Order from the catalogue"]);
            let lines: Vec<String> = items.iter().take(MAX_ENTRIES).map(order_line).collect();
            let list = format!("{label}: {}", lines.join("; "));
            Words::answerable(match text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
                Some(text) => format!("{text}\n{list}"),
                None => list,
            })
        }
        InboundContent::Edit { content, .. } => words(content, heard, is_seen, language),
        InboundContent::Unsupported { .. }
        | InboundContent::Reaction { .. }
        | InboundContent::Revoke { .. }
        | InboundContent::Other { .. } => {
            let mark = label([
                "mensagem que não pode ser lida",
                "mensaje que no se puede leer",
                "unreadable message",
            ]);
            Words { text: format!("[{mark}]"), can_be_answered: false }
        }
    }
}

fn said(text: &str, otherwise: impl FnOnce() -> String) -> Words {
    if text.trim().is_empty() {
        let otherwise = otherwise();
        let text = if otherwise.trim().is_empty() { "[?]".to_owned() } else { otherwise };
        return Words { text, can_be_answered: false };
    }
    Words::answerable(text.trim().to_owned())
}

fn media_name(kind: MediaKind, language: Language) -> &'static str {
    let [portuguese, spanish, english] = match kind {
        MediaKind::Image => ["imagem", "imagen", "picture"],
        MediaKind::Video => ["vídeo", "video", "video"],
        MediaKind::Audio => ["áudio", "audio", "audio"],
        MediaKind::Voice => ["mensagem de voz", "mensaje de voz", "voice note"],
        MediaKind::Document => ["documento", "documento", "document"],
        MediaKind::Sticker => ["figurinha", "sticker", "sticker"],
    };
    match language {
        Language::Portuguese => portuguese,
        Language::Spanish => spanish,
        Language::English => english,
    }
}

fn card(card: &ContactCard) -> String {
    let phones: Vec<String> = card.phones.iter().take(3).map(|phone| one_line(phone, 30)).collect();
    let name = card.name.as_deref().map(|name| one_line(name, 80)).unwrap_or_default();
    format!("{name} {}", phones.join(", ")).trim().to_owned()
}

fn order_line(item: &OrderItem) -> String {
    let product = one_line(&item.product, 80);
    let price = match (&item.price, &item.currency) {
        (Some(price), Some(currency)) => format!(" ({} {})", one_line(price, 20), one_line(currency, 5)),
        (Some(price), None) => format!(" ({})", one_line(price, 20)),
        (None, _) => String::new(),
    };
    format!("{} x {product}{price}", item.quantity)
}

#[cfg(test)]
mod tests {
    use pytake_assistant::channel::MediaRef;

    use super::*;

    fn media(kind: MediaKind, caption: Option<&str>, file_name: Option<&str>) -> InboundContent {
        let media = MediaRef {
            id: "m".to_owned(),
            mime_type: None,
            sha256: None,
            file_name: file_name.map(str::to_owned),
            url: None,
        };
        InboundContent::Media { kind, media, caption: caption.map(str::to_owned) }
    }

    #[test]
    fn every_kind_of_content_has_words_in_three_languages() {
        let contents = [
            InboundContent::Text { text: " oi ".to_owned() },
            InboundContent::Text { text: " \n".to_owned() },
            InboundContent::Choice { id: "c1".to_owned(), title: "Sim".to_owned() },
            media(MediaKind::Image, None, None),
            media(MediaKind::Image, Some("quanto custa?"), None),
            media(MediaKind::Document, None, Some("nota\nfiscal.pdf")),
            media(MediaKind::Voice, None, None),
            media(MediaKind::Sticker, None, None),
            InboundContent::Location {
                latitude: -23.550_52,
                longitude: -46.633_308,
                name: Some("Praça da Sé".to_owned()),
                address: None,
            },
            InboundContent::Contacts {
                cards: vec![ContactCard {
                    name: Some("Bia".to_owned()),
                    phones: vec!["+55 11 98888-7777".to_owned()],
                }],
            },
            InboundContent::Form { name: None, answers: "{\"data\":\"sexta\"}".to_owned() },
            InboundContent::Order {
                text: Some("para hoje".to_owned()),
                items: vec![OrderItem {
                    product: "PAO-1".to_owned(),
                    quantity: 2.0,
                    price: Some("3.50".to_owned()),
                    currency: Some("BRL".to_owned()),
                }],
            },
            InboundContent::Unsupported { kind: Some("poll_creation".to_owned()), code: Some(131_051) },
        ];
        let mut table = String::new();
        for content in &contents {
            let each = Language::ALL.map(|language| words(content, None, false, language));
            let mark = if each[0].can_be_answered { "answer" } else { "      " };
            let texts = each.map(|words| words.text.replace('\n', "⏎"));
            table = format!("{table}{mark} {}\n", texts.join(" | "));
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn what_a_voice_note_says_stands_for_it() {
        let voice = media(MediaKind::Voice, None, None);
        let heard = words(&voice, Some(" cadê meu pedido? "), false, Language::Portuguese);
        assert_eq!(heard, Words { text: "cadê meu pedido?".to_owned(), can_be_answered: true });
    }

    #[test]
    fn a_picture_that_the_model_sees_can_be_answered() {
        assert!(words(&media(MediaKind::Image, None, None), None, true, Language::English).can_be_answered);
    }

    #[test]
    fn the_usual_language_is_the_countrys() {
        assert_eq!(usual_language(Some(55)), Language::Portuguese);
        assert_eq!(usual_language(Some(54)), Language::Spanish);
        assert_eq!(usual_language(Some(1)), Language::English);
        assert_eq!(usual_language(None), Language::Portuguese);
    }

    #[test]
    fn what_strangers_fill_in_is_bounded() {
        let form = InboundContent::Form { name: Some("x".repeat(9_000)), answers: "y".repeat(3_000_000) };
        assert!(words(&form, None, false, Language::English).text.chars().count() < 2_200);
        let cards =
            vec![ContactCard { name: Some("x".repeat(9_000)), phones: vec!["1".repeat(99); 50] }; 257];
        let contacts = InboundContent::Contacts { cards };
        assert!(words(&contacts, None, false, Language::English).text.chars().count() < 5_000);
    }
}
