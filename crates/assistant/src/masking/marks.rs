//! The marks: how they look, which ones are free, where they stand. Pure.

use rustc_hash::{FxHashMap, FxHashSet};

use pytake_understanding::entities::EntityKind;

/// What stands for a number that is somebody's although no check digit or plan says whose.
pub(super) const NUMBER: &str = "number";

/// Longest mark that is repeated to a model: `TRACKING_CODE`, two numbers of six digits and their signs.
pub(super) const LONGEST: usize = 32;

/// A run of letters, digits and underscores: what can be a mark.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) text: &'a str,
    pub(super) is_in_brackets: bool,
}

/// Whether a mark can have it inside of its brackets.
pub(super) fn is_inner(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Every run of a text, in order.
pub(super) fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() && !is_inner(bytes[at]) {
            at += 1;
        }
        if at == bytes.len() {
            return None;
        }
        let start = at;
        while at < bytes.len() && is_inner(bytes[at]) {
            at += 1;
        }
        let is_in_brackets = start > 0 && bytes[start - 1] == b'[' && bytes.get(at) == Some(&b']');
        Some(Run { start, end: at, text: &text[start..at], is_in_brackets })
    })
}

/// Whether it looks like a mark, in capitals or not: the name of a kind and one or two numbers.
pub(super) fn is_mark(run: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let Some((rest, last)) = run.rsplit_once('_') else { return false };
    if !is_number(last) {
        return false;
    }
    let label = match rest.rsplit_once('_') {
        Some((label, number)) if is_number(number) => label,
        Some(_) | None => rest,
    };
    label.eq_ignore_ascii_case(NUMBER)
        || EntityKind::ALL.iter().any(|kind| label.eq_ignore_ascii_case(kind.as_str()))
}

/// Whether it has the form of a mark, whatever kind it names: models translate `[NAME_1]` to `[NOME_1]`.
pub(super) fn has_form(run: &str) -> bool {
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_named = |(label, number): (&str, &str)| {
        label.len() > 1
            && label.starts_with(|c: char| c.is_ascii_uppercase())
            && label.bytes().all(is_capital)
            && !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    is_mark(run) || run.rsplit_once('_').is_some_and(is_named)
}

impl Run<'_> {
    /// Whether a model means a mark by it: the name of one, or anything of that form in brackets.
    pub(super) fn may_be_mark(&self) -> bool {
        is_mark(self.text) || (self.is_in_brackets && has_form(self.text))
    }
}

/// Adds everything that looks like a mark.
pub(super) fn collect(text: &str, found: &mut FxHashSet<String>) {
    for run in runs(text) {
        if has_form(run.text) {
            found.insert(run.text.to_owned());
        }
    }
}

/// Gives marks out.
#[derive(Debug)]
pub(super) struct Namer<'a> {
    taken: &'a FxHashSet<String>,
    /// The number given out last, by kind.
    last: FxHashMap<&'static str, usize>,
    /// The mark of each value, and how many spellings it has.
    values: FxHashMap<(&'static str, String), (String, usize)>,
}

/// A mark.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) mark: String,
    /// False for another spelling of a value that has one.
    pub(super) is_new: bool,
}

impl<'a> Namer<'a> {
    /// Gives out none of those that stand in the texts.
    pub(super) fn new(taken: &'a FxHashSet<String>) -> Self {
        Self { taken, last: FxHashMap::default(), values: FxHashMap::default() }
    }

    /// A mark for one more spelling of a value.
    pub(super) fn name(&mut self, kind: &'static str, value: &str) -> Named {
        let taken = self.taken;
        if let Some((mark, spellings)) = self.values.get_mut(&(kind, value.to_owned())) {
            loop {
                *spellings += 1;
                let other = format!("{mark}_{spellings}");
                if !taken.contains(&other) {
                    return Named { mark: other, is_new: false };
                }
            }
        }
        let last = self.last.entry(kind).or_default();
        let label = kind.to_ascii_uppercase();
        loop {
            *last += 1;
            let mark = format!("{label}_{last}");
            if !taken.contains(&mark) {
                self.values.insert((kind, value.to_owned()), (mark.clone(), 1));
                return Named { mark, is_new: true };
            }
        }
    }
}
