//! Claims: the hard facts in an answer that must come from somewhere.
//!
//! Links, addresses, prices, percentages, dates, phone numbers and codes are found in Portuguese,
//! Spanish and English text and brought to a form in which two spellings of one fact are equal.
//! `vet` asks [`is_supported`] for each claim of an answer against the claims of what the turn knew.
//! Numbers written as words ("dez por cento") are not found.

mod amounts;
mod dates;
mod numbers;

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};

/// What kind of fact a claim states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClaimKind {
    /// A web address.
    Url,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// An amount of money.
    Money,
    /// A percentage.
    Percentage,
    /// A calendar date.
    Date,
    /// An order, tracking or coupon code, a long number.
    Code,
}

/// One fact and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its kind.
    pub kind: ClaimKind,
    /// As written.
    pub text: String,
    /// For comparing: a URL without scheme, `www.` and trailing slash, its host in lower case; an
    /// e-mail address in lower case; a phone number's digits; money as `1234.56`, followed by its
    /// ISO currency code if that is stated (`1234.56 BRL`); a percentage as `10` or `12.5`; a date
    /// as `25-12` or `25-12-2026`; a code in upper case without `#`, hyphens and spaces.
    pub value: String,
    /// First byte in the text.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// Finds the claims of a text, in its order; none overlaps another.
///
/// ```
/// use pytake_understanding::claims::{claims, ClaimKind};
/// let found = claims("O frete custa R$ 1.234,50 até 25/12.");
/// assert_eq!((found[0].kind, found[0].value.as_str()), (ClaimKind::Money, "1234.50 BRL"));
/// assert_eq!((found[1].kind, found[1].value.as_str()), (ClaimKind::Date, "25-12"));
/// ```
pub fn claims(text: &str) -> Vec<Claim> {
    let may_hold_claims = text.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'@' | b'.' | b'%'));
    if !may_hold_claims {
        return Vec::new();
    }
    let mut found = Finder { text, claims: Vec::new(), taken: vec![false; text.len()] };
    found.links();
    // What is more specific goes first: "25/12" is a date before it is a number.
    amounts::find(text, &mut found);
    dates::find(text, &mut found);
    numbers::find(text, &mut found);
    found.claims.sort_by_key(|claim| claim.start);
    found.claims
}

/// True when some fact states what the claim states.
///
/// Money is equal when amounts are and no two different currencies are stated. A date without a
/// year is supported by one with, not the other way round; `3/4` may be read day or month first.
/// A phone number may lack its country or area code on one side. A page of a known site is not
/// supported by the site: paths are invented as easily as hosts.
pub fn is_supported(claim: &Claim, facts: &[Claim]) -> bool {
    facts.iter().any(|fact| states(fact, claim))
}

fn states(fact: &Claim, claim: &Claim) -> bool {
    let (known, claimed) = (fact.value.as_str(), claim.value.as_str());
    match claim.kind {
        ClaimKind::Phone | ClaimKind::Code if fact.kind != claim.kind => {
            let are_numbers = matches!(fact.kind, ClaimKind::Phone | ClaimKind::Code);
            are_numbers && numbers::are_one_phone(known, claimed)
        }
        _ if fact.kind != claim.kind => false,
        ClaimKind::Phone => numbers::are_one_phone(known, claimed),
        ClaimKind::Money => amounts::are_one_amount(known, claimed),
        ClaimKind::Date => dates::states(known, claimed, claim.text.contains(['/', '-', '.'])),
        ClaimKind::Url | ClaimKind::Email | ClaimKind::Percentage | ClaimKind::Code => known == claimed,
    }
}

/// Collects claims that do not overlap.
struct Finder<'t> {
    text: &'t str,
    claims: Vec<Claim>,
    /// For every byte whether a claim covers it.
    taken: Vec<bool>,
}

impl Finder<'_> {
    fn add(&mut self, kind: ClaimKind, place: Range<usize>, value: String) {
        let Some(text) = self.text.get(place.clone()) else { return };
        let covered = &mut self.taken[place.clone()];
        if value.is_empty() || covered.contains(&true) {
            return;
        }
        covered.fill(true);
        self.claims.push(Claim { kind, text: text.to_owned(), value, start: place.start, end: place.end });
    }

    fn links(&mut self) {
        let mut finder = LinkFinder::new();
        finder.kinds(&[LinkKind::Url, LinkKind::Email]);
        // "loja.com.br/trocas" without a scheme is a link on the phone.
        finder.url_must_have_scheme(false);
        for link in finder.links(self.text) {
            let place = link.start()..link.end();
            match link.kind() {
                LinkKind::Email => self.add(ClaimKind::Email, place, link.as_str().to_lowercase()),
                _ if is_web_address(link.as_str()) => {
                    self.add(ClaimKind::Url, place, normalised_url(link.as_str()));
                }
                _ => {}
            }
        }
    }
}

/// Without a scheme "amanhã.Se" and "1.234" look like hosts; a host ends in a known kind of name.
fn is_web_address(link: &str) -> bool {
    const ENDINGS: [&str; 40] = [
        "com", "br", "net", "org", "info", "biz", "io", "app", "dev", "shop", "store", "online", "site",
        "me", "co", "ai", "es", "pt", "mx", "ar", "cl", "pe", "uy", "ec", "ve", "us", "uk", "ca", "eu",
        "gov", "edu", "ly", "gl", "page", "link", "tv", "blog", "loja", "live", "help",
    ];
    if link.contains("://") || link.starts_with("www.") {
        return true;
    }
    let host = link.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let ending = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    // "fim.Es", "ok.Me": a sentence without its space begins with a capital.
    let begins_sentence = host.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase))
        && host.starts_with(|c: char| c.is_lowercase());
    ENDINGS.contains(&ending.as_str()) && !begins_sentence
}

fn normalised_url(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(cut);
    let host = host.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    format!("{host}{}", path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(ClaimKind, String)> {
        claims(text).into_iter().map(|claim| (claim.kind, claim.value)).collect()
    }

    fn one(text: &str) -> (ClaimKind, String) {
        let mut all = found(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        all.remove(0)
    }

    #[test]
    fn links_and_addresses_are_normalised() {
        assert_eq!(
            one("veja https://WWW.Loja.com.br/Trocas/"),
            (ClaimKind::Url, "loja.com.br/Trocas".into())
        );
        assert_eq!(one("veja loja.com.br."), (ClaimKind::Url, "loja.com.br".into()));
        assert_eq!(one("Escribe a Ajuda@Loja.com"), (ClaimKind::Email, "ajuda@loja.com".into()));
        assert!(found("Tudo certo.Se precisar, chame. Fim").is_empty());
    }

    #[test]
    fn money_is_read_in_every_notation() {
        for (text, value) in [
            ("R$ 1.234,56", "1234.56 BRL"),
            ("R$1234,5", "1234.50 BRL"),
            ("US$ 5", "5.00 USD"),
            ("50 reais", "50.00 BRL"),
            ("$1,234.56", "1234.56"),
            ("€ 10", "10.00 EUR"),
            ("10,50 €", "10.50 EUR"),
            ("1.500 pesos", "1500.00"),
            ("20 dollars", "20.00 USD"),
            ("2 mil reais", "2000.00 BRL"),
            ("£9.99", "9.99 GBP"),
            ("USD 300", "300.00 USD"),
        ] {
            assert_eq!(one(text), (ClaimKind::Money, value.to_owned()), "{text}");
        }
    }

    #[test]
    fn percentages_and_dates_are_read() {
        assert_eq!(one("10% de desconto"), (ClaimKind::Percentage, "10".into()));
        assert_eq!(one("12,5 por cento"), (ClaimKind::Percentage, "12.5".into()));
        for (text, value) in [
            ("25/12/2026", "25-12-2026"),
            ("até 05/3", "5-3"),
            ("2026-12-25", "25-12-2026"),
            ("12/25/2026", "25-12-2026"),
            ("25 de dezembro", "25-12"),
            ("1º de março de 2027", "1-3-2027"),
            ("25 de diciembre de 2026", "25-12-2026"),
            ("December 25th, 2026", "25-12-2026"),
            ("25 December 2026", "25-12-2026"),
            ("Dec 25", "25-12"),
        ] {
            assert_eq!(one(text), (ClaimKind::Date, value.to_owned()), "{text}");
        }
        assert!(found("aberto 24/7, das 9h às 18h, 1/2 kg").is_empty());
    }

    #[test]
    fn phones_and_codes_are_read() {
        assert_eq!(one("ligue (11) 98765-4321"), (ClaimKind::Phone, "11987654321".into()));
        assert_eq!(one("+55 11 98765-4321."), (ClaimKind::Phone, "5511987654321".into()));
        assert_eq!(one("0800 123 4567"), (ClaimKind::Phone, "08001234567".into()));
        for (text, value) in [
            ("rastreio AA123456785BR", "AA123456785BR"),
            ("pedido #12345", "12345"),
            ("pedido ABC-1234", "ABC1234"),
            ("cupom BEMVINDO10", "BEMVINDO10"),
            ("protocolo 2026001234567", "2026001234567"),
        ] {
            let (kind, found) = one(text);
            assert!(matches!(kind, ClaimKind::Code | ClaimKind::Phone), "{text}");
            assert_eq!(found, value, "{text}");
        }
        assert!(found("tenho 3 itens, 250 g e 12 parcelas. Covid-19").len() <= 1);
    }

    #[test]
    fn texts_without_facts_are_passed_at_once() {
        assert!(found("Olá! Como posso ajudar hoje").is_empty());
        assert!(found("Prazo de 5 dias.").is_empty());
    }

    #[test]
    fn a_claim_is_supported_by_the_same_fact_in_another_spelling() {
        let facts = claims(
            "Frete: R$ 15,00. Site https://loja.com.br/trocas. Fone +55 11 98765-4321. Até 25/12/2026. 10 %. #A-1234",
        );
        for text in [
            "15 reais",
            "$15",
            "loja.com.br/trocas/",
            "(11) 98765-4321",
            "25 de dezembro",
            "December 25, 2026",
            "10%",
        ] {
            let claim = claims(text);
            assert!(is_supported(&claim[0], &facts), "{text}: {claim:?} {facts:?}");
        }
        for text in ["US$ 15", "R$ 15,01", "loja.com.br/promo", "loja.com", "(11) 98765-4322", "24/12", "11%"]
        {
            let claim = claims(text);
            assert!(!is_supported(&claim[0], &facts), "{text}: {claim:?}");
        }
        assert!(is_supported(&claims("3/4/2026")[0], &claims("April 3, 2026")));
    }
}
