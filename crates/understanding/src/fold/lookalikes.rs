//! Letters of other alphabets, and variants of Latin ones, that look like a plain Latin letter.
//!
//! Full-width, mathematical, circled and superscript letters are not here: their compatibility
//! decomposition already says which letter they are.

/// The Latin letter or letters that a lower-case `c` is drawn like; `None` where it looks like none.
/// Cyrillic, Greek, Armenian, and Latin letters that do not decompose.
pub(super) fn latin_for(c: char) -> Option<&'static str> {
    Some(match c {
        'а' | 'α' | 'ɑ' | 'ᴀ' | 'ɐ' => "a",
        'æ' => "ae",
        'в' | 'ь' | 'ъ' | 'β' | 'ʙ' | 'ƀ' => "b",
        'с' | 'ϲ' | 'ς' | 'ᴄ' => "c",
        'ԁ' | 'δ' | 'đ' | 'ð' | 'ɗ' | 'ᴅ' => "d",
        'е' | 'є' | 'э' | 'ҽ' | 'ε' | 'ξ' | 'ᴇ' | 'ə' | 'ɛ' => "e",
        'ғ' | 'ꜰ' | 'ƒ' => "f",
        'ԍ' | 'ց' | 'ɡ' | 'ɢ' => "g",
        'н' | 'һ' | 'ћ' | 'հ' | 'ħ' | 'ʜ' => "h",
        'і' | 'ї' | 'ӏ' | 'ι' | 'ı' | 'ɩ' | 'ɪ' => "i",
        'ј' | 'ᴊ' => "j",
        'к' | 'қ' | 'κ' | 'ᴋ' | 'ƙ' => "k",
        'ł' | 'ʟ' => "l",
        'м' | 'ᴍ' => "m",
        'п' | 'ո' | 'η' | 'ɴ' => "n",
        'о' | 'ө' | 'ο' | 'σ' | 'θ' | 'օ' | 'ø' | 'ɵ' | 'ᴏ' => "o",
        'œ' => "oe",
        'р' | 'ρ' | 'ᴘ' => "p",
        'ԛ' | 'զ' => "q",
        'г' | 'я' | 'ʀ' => "r",
        'ѕ' | 'ꜱ' => "s",
        'ß' => "ss",
        'т' | 'τ' | 'ŧ' | 'ᴛ' => "t",
        'þ' => "th",
        'ц' | 'и' | 'μ' | 'υ' | 'ս' | 'ᴜ' => "u",
        'ѵ' | 'ν' | 'ᴠ' => "v",
        'ԝ' | 'ш' | 'щ' | 'ω' | 'ᴡ' => "w",
        'х' | 'ж' | 'χ' => "x",
        'у' | 'ү' | 'ў' | 'γ' | 'ʏ' => "y",
        'з' | 'ζ' | 'ᴢ' | 'ƶ' => "z",
        _ => return enclosed(c),
    })
}

/// White letters on a dark disc or square (U+1F150 and U+1F170), which Unicode does not decompose.
fn enclosed(c: char) -> Option<&'static str> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";
    let index = match u32::from(c) {
        code @ 0x1F150..=0x1F169 => code - 0x1F150,
        code @ 0x1F170..=0x1F189 => code - 0x1F170,
        _ => return None,
    } as usize;
    LETTERS.get(index..=index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enclosed_letters_are_read_as_the_letter_inside() {
        assert_eq!(latin_for('🅐'), Some("a"));
        assert_eq!(latin_for('🆉'), Some("z"));
        assert_eq!(latin_for('漢'), None);
    }
}
