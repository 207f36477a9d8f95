//! Names of languages, as BCP 47 writes them.

use pytake_understanding::language::Language;

/// The longest tag: RFC 5646, section 4.4.1.
const MAX_TAG_CHARS: usize = 35;
/// The longest part between hyphens: RFC 5646, section 2.1.
const MAX_PART_CHARS: usize = 8;
/// "Undetermined" and "several": RFC 5646, section 4.1. No language to translate into or from.
const NO_LANGUAGES: [&str; 4] = ["und", "mul", "mis", "zxx"];

/// A BCP 47 tag by its shape; whether anybody speaks it is the model's matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LanguageTag(String);

impl LanguageTag {
    /// Reads a tag such as `pt-BR`.
    ///
    /// # Errors
    /// What it must be.
    pub(crate) fn new(tag: &str) -> Result<Self, &'static str> {
        let is_part = |part: &str| {
            (1..=MAX_PART_CHARS).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let primary = tag.split('-').next().unwrap_or_default();
        let is_tag = tag.len() <= MAX_TAG_CHARS
            && primary.len() >= 2
            && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
            && tag.split('-').all(is_part);
        if !is_tag {
            return Err(
                "must be a BCP 47 tag of 2 to 35 letters, digits and hyphens, such as pt-BR, es or en",
            );
        }
        if NO_LANGUAGES.iter().any(|none| primary.eq_ignore_ascii_case(none)) {
            return Err("must name one language");
        }
        Ok(Self(tag.to_owned()))
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The language, where it is one the device knows.
    pub(crate) fn language(&self) -> Option<Language> {
        Language::from_code(&self.0)
    }

    /// True where `other` is the same language or a kind of it, as `pt` includes `pt-BR` (RFC 4647, section 3.3.1).
    pub(crate) fn includes(&self, other: &Self) -> bool {
        let (range, tag) = (self.0.as_bytes(), other.0.as_bytes());
        match tag.split_at_checked(range.len()) {
            Some((start, rest)) => {
                start.eq_ignore_ascii_case(range) && matches!(rest.first(), None | Some(b'-'))
            }
            None => false,
        }
    }
}

impl From<Language> for LanguageTag {
    fn from(language: Language) -> Self {
        Self(language.code().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_has_the_shape_of_one() {
        for tag in ["pt", "pt-BR", "es-419", "EN", "zh-Hans-CN", "sr-Latn"] {
            assert!(LanguageTag::new(tag).is_ok(), "{tag}");
        }
        let long = format!("en-{}", "abcdefgh-".repeat(4));
        for none in
            ["", "p", "pt_BR", "pt-", "-pt", "p1", "português", "english please", "und", &long, "en\n"]
        {
            assert!(LanguageTag::new(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn a_language_includes_its_kinds_and_no_other_language() {
        let tag = |text| LanguageTag::new(text).unwrap();
        assert!(tag("PT").includes(&tag("pt-BR")) && tag("pt-br").includes(&tag("pt-BR")));
        assert!(!tag("pt-BR").includes(&tag("pt")) && !tag("pt-BR").includes(&tag("pt-PT")));
        assert!(!tag("es").includes(&tag("est")));
    }
}
