//! E-mail addresses, web addresses and IP addresses.
//!
//! Values: an e-mail address in lower case; a web address without its scheme's and host's capitals,
//! as `https://…` only where it was written so; an IP address as the standard library prints it.

use std::net::{Ipv4Addr, Ipv6Addr};

use linkify::{LinkFinder, LinkKind};

use crate::confidence::Rule;
use crate::reading::{Evidence, Findings, Reading};

/// Last parts of a host that make "loja.com.br" an address without a scheme. "Chegou.Me avisa" and
/// "1.234" look like hosts as well.
const ENDINGS: &[&str] = &[
    "com", "br", "net", "org", "info", "biz", "io", "app", "dev", "shop", "store", "online", "site", "me",
    "co", "ai", "es", "pt", "mx", "ar", "cl", "pe", "uy", "py", "bo", "ec", "ve", "cr", "do", "us", "uk",
    "ca", "eu", "fr", "de", "it", "cn", "au", "gov", "edu", "ly", "gl", "gg", "page", "link", "links", "tv",
    "blog", "loja", "live", "help", "academy", "ms", "si", "aws", "club", "digital", "art", "moda", "eco",
    "cc", "to",
];

/// Endings that are words of the three languages: they count only in lower case without a space
/// after the dot, and with a path or a known second part.
const WORD_ENDINGS: &[&str] = &["me", "do", "es", "to", "ai", "si", "ms", "de", "art"];

pub(crate) fn find(reading: &Reading<'_, '_>, found: &mut Findings) {
    let bytes = reading.text.as_bytes();
    if memchr::memchr3(b'.', b'@', b':', bytes).is_none() {
        return;
    }
    links(reading, found);
    addresses(reading, found);
}

fn links(reading: &Reading<'_, '_>, found: &mut Findings) {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url, LinkKind::Email]).url_must_have_scheme(false);
    for link in finder.links(reading.text) {
        let place = (link.start(), link.end());
        match link.kind() {
            LinkKind::Email => email(reading, place, found),
            _ => web_address(reading, place, found),
        }
    }
}

fn email(reading: &Reading<'_, '_>, (start, end): (usize, usize), found: &mut Findings) {
    let written = reading.slice(start, end);
    // People write no letters outside ASCII in an address; "endereço:ana@…" is glued to a word.
    let start = start
        + written.rfind(|c: char| !c.is_ascii()).map_or(0, |at| {
            at + written.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
        });
    // The finder takes "user.name" of "user.name+tag@…" for a host of its own.
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+');
    let before = reading.text.as_bytes().get(..start).unwrap_or_default();
    let start = if reading.byte(start) == b'+' {
        start - before.iter().rev().take(64).take_while(|byte| is_part(**byte)).count()
    } else {
        start
    };
    let written = reading.slice(start, end);
    let Some((name, host)) = written.split_once('@') else { return };
    let has_ending = host.rsplit('.').next().is_some_and(|last| last.len() >= 2);
    let is_broken = name.contains("..") || reading.slice(0, start).ends_with('.');
    if !name.is_empty() && has_ending && host.contains('.') && !is_broken {
        found.add(Rule::Email, Evidence::Checked, (start, end), written.to_lowercase());
    }
}

fn web_address(reading: &Reading<'_, '_>, (start, end): (usize, usize), found: &mut Findings) {
    // A text that was cut off ends in an ellipsis, an address does not.
    let written = reading.slice(start, end).trim_end_matches('…');
    let end = start + written.len();
    let (scheme, rest) = match written.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, written),
    };
    let host_end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(host_end).unwrap_or((rest, ""));
    if !host.chars().any(char::is_alphanumeric) {
        return;
    }
    let host = host.to_lowercase();
    match scheme.as_deref() {
        Some(scheme @ ("http" | "https" | "ftp" | "wa")) => {
            found.add(Rule::Url, Evidence::Checked, (start, end), format!("{scheme}://{host}{path}"));
        }
        None if host.starts_with("www.") || path.len() > 1 && is_host(reading, start, &host) => {
            found.add(Rule::Url, Evidence::Checked, (start, end), format!("{host}{path}"));
        }
        None if is_host(reading, start, &host) && !is_sentence_joint(written, &host) => {
            found.add(Rule::BareDomain, Evidence::Checked, (start, end), format!("{host}{path}"));
        }
        Some(_) | None => {}
    }
}

fn is_host(reading: &Reading<'_, '_>, start: usize, host: &str) -> bool {
    let is_of_email = reading.slice(0, start).ends_with('@');
    let has_letters = host.rsplit('.').nth(1).is_some_and(|name| name.chars().any(char::is_alphabetic));
    !is_of_email && has_letters && host.rsplit('.').next().is_some_and(|ending| ENDINGS.contains(&ending))
}

/// "fim.Es" and "avisa.me" are two sentences, "nyti.ms" and "linktr.ee" are not.
fn is_sentence_joint(written: &str, host: &str) -> bool {
    let last = written.rsplit('.').next().unwrap_or_default();
    let begins_sentence = last.starts_with(char::is_uppercase) && !written.starts_with(char::is_uppercase);
    let is_word = host.matches('.').count() == 1
        && WORD_ENDINGS.contains(&last.to_lowercase().as_str())
        && host.split('.').next().is_some_and(is_everyday_word);
    begins_sentence || is_word
}

/// Words that often end a sentence in front of "me", "do" or "de".
fn is_everyday_word(name: &str) -> bool {
    crate::clues::Clue::of(name).is(crate::clues::Clue::FILLER)
        || matches!(
            name,
            "ok" | "sim"
                | "nao"
                | "não"
                | "obrigado"
                | "obrigada"
                | "bem"
                | "bom"
                | "dia"
                | "tarde"
                | "favor"
                | "gracias"
                | "fim"
                | "chegou"
                | "avisa"
                | "hoje"
                | "amanha"
        )
}

/// IP addresses are looked for by token: four numbers with dots, or hexadecimal groups with colons.
fn addresses(reading: &Reading<'_, '_>, found: &mut Findings) {
    let mut next = 0;
    for (_, start) in reading.runs_and_colons() {
        if start < next {
            continue;
        }
        let rest = reading.text.as_bytes().get(start..).unwrap_or_default();
        // An IPv6 address has at most 39 characters, with an IPv4 tail 45.
        let length =
            rest.iter().take(46).take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'.' | b':')).count();
        let mut end = start + length;
        while end > start + 2
            && (reading.byte(end - 1) == b'.'
                || reading.byte(end - 1) == b':' && reading.byte(end - 2) != b':')
        {
            end -= 1;
        }
        next = end.max(start + 1);
        let written = reading.slice(start, end);
        let follows = reading.text.get(end..).and_then(|rest| rest.chars().next());
        if !begins_address(reading, start) || follows.is_some_and(|c| c.is_alphanumeric() || c == ':') {
            continue;
        }
        if let Some(value) = ip_version_4(written).or_else(|| ip_version_6(written)) {
            found.add(Rule::IpAddress, Evidence::Checked, (start, end), value);
        }
    }
}

fn begins_address(reading: &Reading<'_, '_>, start: usize) -> bool {
    let before = reading.slice(0, start).chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | ':' | '/' | '-' | '_' | '@'))
}

fn ip_version_4(written: &str) -> Option<String> {
    let mut parts = [0u8; 4];
    let mut written_parts = written.split('.');
    for part in &mut parts {
        let text = written_parts.next().filter(|text| (1..=3).contains(&text.len()))?;
        *part = text.parse().ok()?;
    }
    written_parts.next().is_none().then(|| Ipv4Addr::from(parts).to_string())
}

/// Times ("10:00") and punctuation have colons as well: an address has eight groups or a `::`.
fn ip_version_6(written: &str) -> Option<String> {
    if written.len() < 3 || !written.contains(':') || !written.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    written.parse::<Ipv6Addr>().ok().map(|address| address.to_string())
}
