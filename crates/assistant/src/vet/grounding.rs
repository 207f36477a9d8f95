//! Every link, price, date and code of a reply must stand in the facts of its turn.

use std::sync::OnceLock;

use pytake_understanding::claims::{Claim, ClaimKind, claims, is_supported};
use pytake_understanding::fold::fold;

use super::VetObjection;

/// The facts of a turn; what is searched in them is prepared on first need, since most replies need nothing.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    texts: &'a [String],
    claims: OnceLock<Vec<Claim>>,
    folded: OnceLock<Vec<String>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(texts: &'a [String]) -> Self {
        Self { texts, claims: OnceLock::new(), folded: OnceLock::new() }
    }

    /// True when a folded phrase stands in a fact.
    pub(super) fn say(&self, folded_phrase: &str) -> bool {
        let folded = self.folded.get_or_init(|| self.texts.iter().map(|text| fold(text)).collect());
        folded.iter().any(|text| text.contains(folded_phrase))
    }

    pub(super) fn texts(&self) -> &'a [String] {
        self.texts
    }

    /// Most claims are copied letter by letter, and looking for those needs no reading of the facts.
    fn support(&self, claim: &Claim) -> bool {
        if self.texts.iter().any(|text| stands_in(text, &claim.text)) {
            return true;
        }
        let claims = self.claims.get_or_init(|| self.texts.iter().flat_map(|text| claims_of(text)).collect());
        is_supported(claim, claims)
    }
}

/// Finds the claims of a text; as [`claims`], but passes at once over text whose only full stops end sentences.
pub(super) fn claims_of(text: &str) -> Vec<Claim> {
    let bytes = text.as_bytes();
    let is_inner = |at: usize| bytes.get(at + 1).is_some_and(|next| !next.is_ascii_whitespace());
    let may_hold_claims = bytes.iter().enumerate().any(|(at, byte)| match byte {
        b'0'..=b'9' | b'@' | b'%' => true,
        b'.' | b':' => is_inner(at),
        _ => false,
    });
    if may_hold_claims { claims(text) } else { Vec::new() }
}

/// True where a text holds a claim's words as they are, not as a part of something larger: `5/12` does not
/// stand in `25/12`, nor `R$ 50` in `R$ 50,90` or `R$ 50 mil`.
fn stands_in(text: &str, claim: &str) -> bool {
    text.match_indices(claim).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let rest = &text[at + claim.len()..];
        let after = rest.trim_start_matches(['.', ',', ';', ':', '!', '?', ')', '"', '*']);
        let is_free = |c: Option<char>| c.is_none_or(char::is_whitespace);
        (is_free(before) || matches!(before, Some('(' | '"' | '*')))
            && is_free(after.chars().next())
            && !["mil", "thou"].iter().any(|more| after.trim_start().starts_with(more))
    })
}

/// Checks all claims of a text; how many there were.
pub(super) fn check(text: &str, has_own_prompt: bool, facts: &Facts<'_>) -> Result<usize, VetObjection> {
    let found = claims_of(text);
    for claim in &found {
        check_claim(claim, has_own_prompt, facts)?;
    }
    Ok(found.len())
}

/// Checks one claim. A caller's own prompt may calculate and date as it likes, but not invent addresses.
pub(super) fn check_claim(
    claim: &Claim,
    has_own_prompt: bool,
    facts: &Facts<'_>,
) -> Result<(), VetObjection> {
    let what = match claim.kind {
        ClaimKind::Url => "link",
        ClaimKind::Email => "e-mail address",
        ClaimKind::Phone => "telephone number",
        ClaimKind::Money if !has_own_prompt => "amount",
        ClaimKind::Percentage if !has_own_prompt => "percentage",
        ClaimKind::Date if !has_own_prompt => "date",
        ClaimKind::Code if !has_own_prompt => "code",
        ClaimKind::Money | ClaimKind::Percentage | ClaimKind::Date | ClaimKind::Code => return Ok(()),
    };
    if facts.support(claim) {
        return Ok(());
    }
    let objection = format!(
        "The {what} \"{}\" is not in the facts. Answer without it: use only what the facts say, or say that \
         you do not know and offer a person.",
        claim.text
    );
    Err(VetObjection::new("claim", objection))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_claim_stands_in_a_fact_only_as_a_whole() {
        for (fact, claim) in [
            ("Custa R$ 50.", "R$ 50"),
            ("até 25/12 (segunda)", "25/12"),
            ("site: https://a.example/x, aberto", "https://a.example/x"),
            ("*10%*", "10%"),
        ] {
            assert!(stands_in(fact, claim), "{fact}");
        }
        for (fact, claim) in [
            ("Custa R$ 50,90.", "R$ 50"),
            ("Custa R$ 50 mil", "R$ 50"),
            ("até 25/12", "5/12"),
            ("até 25/12/2026", "25/12"),
            ("https://a.example/x/y", "https://a.example/x"),
            ("110%", "10%"),
            ("-10%", "10%"),
            ("ana.vendas@a.example", "vendas@a.example"),
        ] {
            assert!(!stands_in(fact, claim), "{fact}");
        }
    }

    #[test]
    fn sentences_without_figures_are_passed_over_and_claims_are_not() {
        assert_eq!(claims_of("Olá. Tudo bem? Veja: é simples."), []);
        for text in ["veja loja.com.br", "a@b.example", "10%", "R$ 5", "https://localhost"] {
            assert_eq!(claims_of(text), claims(text), "{text}");
        }
        assert_eq!(claims_of("veja loja.com.br").len(), 1);
    }
}
