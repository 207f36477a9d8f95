//! Personal data is replaced by marks such as `[EMAIL_1]` before a text goes to a provider, and put back in what
//! comes from there. Pure.
//!
//! A [`Mask`] belongs to one prompt. It is made from every text of the customer's that goes into it, and knows then
//! which values to hide; the same value has the same mark in all of them. What the business says itself (its
//! telephone, its address) is no personal data of the customer and stays. What the extractors do not find is not
//! hidden: see `docs/privacy.md`.

mod facts;
mod finding;
mod marks;
mod stream;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use aho_corasick::{AhoCorasick, Input, MatchKind};
use pytake_understanding::entities::EntityKind;
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Map, Value};

use crate::tenant_view::TenantView;
use facts::{is_name, scalars};
use finding::{Find, Own};
pub(crate) use stream::Unveiler;

/// What a model is told about the marks.
pub(crate) const INSTRUCTION: &str = "
# Marks
Marks such as [EMAIL_1] or [NAME_2] stand for data that you are not shown. They are put back before anybody reads your answer: use one wherever you mean what it stands for, copy it exactly with its brackets, and never make one up.
";

/// What a prompt is made of, as far as it matters to a mask.
#[derive(Debug, Default)]
pub(crate) struct Texts<'a> {
    /// What the business says: nothing in it is hidden anywhere.
    pub(crate) own: Vec<&'a str>,
    /// What is the customer's, or tells of them.
    pub(crate) customer: Vec<&'a str>,
    /// Facts about the customer.
    pub(crate) context: Option<&'a Map<String, Value>>,
}

/// A single message as it goes to a vendor who gives no text back, by the tenant's settings.
pub(crate) fn hidden_message<'t>(tenant: &TenantView, message: &'t str) -> Cow<'t, str> {
    if !tenant.masks_personal_data() {
        return Cow::Borrowed(message);
    }
    let texts = Texts { own: vec![&tenant.system], customer: vec![message], ..Texts::default() };
    Mask::of(tenant, &texts).hide(message)
}

/// What is hidden in a prompt, and by which marks.
pub(crate) struct Mask {
    /// The hidden texts, in the order of `hidden`; `None`: there is nothing to hide.
    finder: Option<AhoCorasick>,
    hidden: Vec<Hidden>,
    /// The hidden text of each mark, without its brackets.
    by_mark: FxHashMap<String, usize>,
    /// What looks like a mark and stands in the texts themselves.
    foreign: FxHashSet<String>,
    /// How many values of which kind.
    counts: BTreeMap<&'static str, usize>,
}

struct Hidden {
    text: String,
    mark: String,
    /// Whether it is hidden only where it is a word of its own.
    is_word: bool,
    is_name: bool,
}

impl Hidden {
    /// Whether it is hidden where it stands there.
    fn fits(&self, text: &str, start: usize) -> bool {
        !self.is_word || finding::is_word(text, start, start + self.text.len())
    }
}

/// An answer with its marks replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Revealed {
    pub(crate) text: String,
    /// What looks like a mark and stands for nothing.
    pub(crate) stray: Option<String>,
}

impl Mask {
    /// Finds what to hide in these texts of one of the tenant's customers.
    pub(crate) fn of(tenant: &TenantView, texts: &Texts<'_>) -> Self {
        let rendered = texts.context.map(scalars).unwrap_or_default();
        let mut foreign = FxHashSet::default();
        let customers =
            || texts.customer.iter().copied().chain(rendered.iter().map(|(_, text)| text.as_str()));
        for text in customers().chain(texts.own.iter().copied()) {
            marks::collect(text, &mut foreign);
        }
        let mut find = Find::new(tenant, Own::new(&texts.own));
        for text in &texts.customer {
            find.in_text(text);
        }
        for (name, text) in &rendered {
            if is_name(name) {
                find.name(text);
            } else {
                find.in_text(text);
            }
        }
        let mut mask = Self::hiding(find.found(), foreign);
        for text in customers() {
            mask.spare_what_is_left_of(text);
        }
        mask
    }

    /// What looks like a mark only when its neighbour is hidden, as in `52998224725EMAIL_1`, is not the model's.
    fn spare_what_is_left_of(&mut self, text: &str) {
        if !text.contains('_') {
            return;
        }
        let hidden = self.hide(text);
        let mut left = FxHashSet::default();
        for run in marks::runs(&hidden) {
            if !self.is_ours(&run) && marks::has_form(run.text) {
                left.insert(run.text.to_owned());
            }
        }
        self.foreign.extend(left);
    }

    fn hiding(found: Vec<finding::Found>, foreign: FxHashSet<String>) -> Self {
        let mut namer = marks::Namer::new(&foreign);
        let mut mask = Self {
            finder: None,
            hidden: Vec::with_capacity(found.len()),
            by_mark: FxHashMap::default(),
            foreign: FxHashSet::default(),
            counts: BTreeMap::new(),
        };
        for found in found {
            let given = namer.name(found.kind, &found.value);
            if given.is_new {
                *mask.counts.entry(found.kind).or_default() += 1;
            }
            mask.by_mark.insert(given.mark.clone(), mask.hidden.len());
            let is_name = found.kind == EntityKind::Name.as_str();
            mask.hidden.push(Hidden { text: found.text, mark: given.mark, is_word: found.is_word, is_name });
        }
        mask.foreign = foreign;
        if !mask.hidden.is_empty() {
            let texts = mask.hidden.iter().map(|hidden| hidden.text.as_str());
            let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(texts);
            match finder {
                Ok(finder) => mask.finder = Some(finder),
                // More than a machine can count states for: the texts of a prompt are bounded far below that.
                Err(error) => tracing::error!(%error, "personal data could not be hidden"),
            }
        }
        mask
    }

    /// The text with marks in place of what is hidden.
    pub(crate) fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(finder) = &self.finder else { return Cow::Borrowed(text) };
        let mut masked = String::new();
        let (mut from, mut copied) = (0, 0);
        while let Some(found) = finder.find(Input::new(text).range(from..)) {
            let longest = &self.hidden[found.pattern().as_usize()];
            let Some(hidden) = self.longest_that_fits(longest, text, found.start()) else {
                from = text.ceil_char_boundary(found.start() + 1);
                continue;
            };
            masked.push_str(&text[copied..found.start()]);
            masked.extend(["[", &hidden.mark, "]"]);
            from = found.start() + hidden.text.len();
            copied = from;
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        masked.push_str(&text[copied..]);
        Cow::Owned(masked)
    }

    /// What is hidden at a place where `longest` stands: a part of a longer word is not, but what begins there and is
    /// shorter may be.
    fn longest_that_fits<'m>(&'m self, longest: &'m Hidden, text: &str, start: usize) -> Option<&'m Hidden> {
        if longest.fits(text, start) {
            return Some(longest);
        }
        let shorter = self.hidden.iter().filter(|hidden| text[start..].starts_with(&hidden.text));
        shorter.filter(|hidden| hidden.fits(text, start)).max_by_key(|hidden| hidden.text.len())
    }

    /// The context with marks in place of what is hidden.
    pub(crate) fn hide_context(&self, context: &Map<String, Value>) -> Map<String, Value> {
        context.iter().map(|(name, value)| (name.clone(), self.hide_value(value))).collect()
    }

    fn hide_value(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => match self.hide(&number.to_string()) {
                Cow::Borrowed(_) => value.clone(),
                Cow::Owned(masked) => Value::String(masked),
            },
            Value::String(text) => Value::String(self.hide(text).into_owned()),
            Value::Array(values) => values.iter().map(|value| self.hide_value(value)).collect(),
            Value::Object(object) => Value::Object(self.hide_context(object)),
        }
    }

    /// The text with its marks replaced by what they stand for.
    pub(crate) fn reveal(&self, text: &str) -> Revealed {
        self.reveal_as(text, as_it_is)
    }

    /// As [`Mask::reveal`], for JSON: what marks stand for is escaped, because they stand inside of strings.
    pub(crate) fn reveal_json(&self, json: &str) -> Revealed {
        self.reveal_as(json, escaped)
    }

    fn reveal_as(&self, text: &str, written: fn(&str) -> Cow<'_, str>) -> Revealed {
        let mut revealed = Revealed { text: String::with_capacity(text.len()), stray: None };
        let mut copied = 0;
        for run in marks::runs(text) {
            match self.by_mark.get(run.text) {
                Some(&hidden) if run.is_in_brackets => {
                    revealed.text.push_str(&text[copied..run.start - 1]);
                    revealed.text.push_str(&written(&self.hidden[hidden].text));
                    copied = run.end + 1;
                }
                _ if run.may_be_mark() && !self.foreign.contains(run.text) => {
                    revealed.stray.get_or_insert_with(|| run.text.to_owned());
                }
                _ => {}
            }
        }
        revealed.text.push_str(&text[copied..]);
        revealed
    }

    /// As [`Mask::reveal`], for an answer that is checked.
    ///
    /// # Errors
    /// What the model is told about a mark that stands for nothing.
    pub(crate) fn checked(&self, text: &str) -> Result<String, String> {
        let revealed = self.reveal(text);
        revealed.stray.map_or(Ok(revealed.text), |stray| Err(objection(&stray)))
    }

    /// As [`Mask::reveal_json`], for an answer that is checked.
    ///
    /// # Errors
    /// As [`Mask::checked`].
    pub(crate) fn checked_json(&self, json: &str) -> Result<String, String> {
        let revealed = self.reveal_json(json);
        revealed.stray.map_or(Ok(revealed.text), |stray| Err(objection(&stray)))
    }

    /// The marks of a text that are missing in another one, which is to have each as often; a name once at least, because
    /// languages repeat names differently.
    pub(crate) fn lost(&self, sent: &str, came: &str) -> Vec<String> {
        let count = |text: &str| {
            let mut count: BTreeMap<String, usize> = BTreeMap::new();
            for run in marks::runs(text).filter(|run| self.is_ours(run)) {
                *count.entry(run.text.to_owned()).or_default() += 1;
            }
            count
        };
        let came = count(came);
        let is_lost = |mark: &str, times: usize| {
            let hidden = self.by_mark.get(mark).map(|hidden| &self.hidden[*hidden]);
            let wanted = if hidden.is_some_and(|hidden| hidden.is_name) { 1 } else { times };
            came.get(mark).is_none_or(|found| *found < wanted)
        };
        let lost = count(sent).into_iter().filter(|(mark, times)| is_lost(mark, *times));
        lost.map(|(mark, _)| format!("[{mark}]")).collect()
    }

    /// The text with nothing in place of its marks: what a model sees besides them.
    pub(crate) fn without_marks(&self, text: &str) -> String {
        let mut rest = String::with_capacity(text.len());
        let mut copied = 0;
        for run in marks::runs(text).filter(|run| self.is_ours(run)) {
            rest.push_str(&text[copied..run.start - 1]);
            rest.push(' ');
            copied = run.end + 1;
        }
        rest.push_str(&text[copied..]);
        rest
    }

    fn is_ours(&self, run: &marks::Run<'_>) -> bool {
        run.is_in_brackets && self.by_mark.contains_key(run.text)
    }

    /// How many values of which kind are hidden, for the trail; no values.
    pub(crate) fn counted(&self) -> String {
        if self.counts.is_empty() {
            return "nothing personal was found".to_owned();
        }
        let kinds: Vec<String> = self.counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        format!("hidden: {}", kinds.join(", "))
    }
}

impl fmt::Debug for Mask {
    /// Never what is hidden.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mask").field("counts", &self.counts).finish_non_exhaustive()
    }
}

fn as_it_is(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn escaped(text: &str) -> Cow<'_, str> {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Cow::Owned(inner.unwrap_or_default().to_owned())
}

fn objection(stray: &str) -> String {
    let stray: String = stray.chars().take(marks::LONGEST).collect();
    format!(
        "Your answer used {stray} in a way that stands for nothing. Use only marks that were sent to you, copied exactly \
         with their brackets."
    )
}

#[cfg(test)]
mod tests;
