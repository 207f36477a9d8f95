//! As much of a vCard (RFC 6350) as an answer needs: the name and the telephones.

/// What a card says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Card {
    /// `FN`.
    pub(super) name: Option<String>,
    /// `TEL`, as written.
    pub(super) phones: Vec<String>,
}

/// Reads the properties it knows, in any group and with any parameters; lines that are folded are not joined.
pub(super) fn read(text: &str) -> Card {
    let mut card = Card::default();
    for line in text.lines() {
        let Some((property, value)) = line.split_once(':') else {
            continue;
        };
        let name = property.split(';').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        let value = value.trim().trim_start_matches("tel:");
        if value.is_empty() {
            continue;
        }
        if name.eq_ignore_ascii_case("FN") {
            card.name = Some(value.to_owned());
        } else if name.eq_ignore_ascii_case("TEL") {
            card.phones.push(value.to_owned());
        }
    }
    card
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_telephones_are_read() {
        let text = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana Lima\r\nitem1.TEL;TYPE=CELL:+55 11 98765-4321\r\n\
                    tel;value=uri:tel:+551140028922\r\nTEL:\r\nNOTE\r\nEND:VCARD";
        let card = read(text);
        assert_eq!(card.name.as_deref(), Some("Ana Lima"));
        assert_eq!(card.phones, ["+55 11 98765-4321", "+551140028922"]);
        assert_eq!(read(""), Card::default());
    }
}
