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
            let is_ours = run.is_in_brackets && self.by_mark.contains_key(run.text);
            if !is_ours && marks::is_mark(run.text) {
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
            mask.hidden.push(Hidden { text: found.text, mark: given.mark, is_word: found.is_word });
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
            let hidden = &self.hidden[found.pattern().as_usize()];
            if hidden.is_word && !finding::is_word(text, found.start(), found.end()) {
                from = text.ceil_char_boundary(found.start() + 1);
                continue;
            }
            masked.push_str(&text[copied..found.start()]);
            masked.extend(["[", &hidden.mark, "]"]);
            from = found.end();
            copied = found.end();
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        masked.push_str(&text[copied..]);
        Cow::Owned(masked)
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
                _ if marks::is_mark(run.text) && !self.foreign.contains(run.text) => {
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
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;

    fn mask(texts: &[&str]) -> Mask {
        let texts = Texts { customer: texts.to_vec(), own: vec![OWN], ..Texts::default() };
        Mask::of(&TenantView::of_nothing(), &texts)
    }

    const OWN: &str = "Loja Sol. Fale com vendas@loja.example ou (11) 98765-4321.";

    #[test]
    fn the_same_value_has_the_same_mark_in_every_text() {
        let texts =
            ["Sou joao@exemplo.com, CPF 529.982.247-25", "mande para joao@exemplo.com ou ana@exemplo.com"];
        let mask = mask(&texts);
        assert_eq!(mask.hide(texts[0]), "Sou [EMAIL_1], CPF [CPF_1]");
        assert_eq!(mask.hide(texts[1]), "mande para [EMAIL_1] ou [EMAIL_2]");
        assert_eq!(mask.counted(), "hidden: cpf 1, email 2");
        assert!(!format!("{mask:?}").contains("joao"));
    }

    #[test]
    fn another_spelling_of_a_value_has_a_mark_that_shows_it() {
        let text = "CPF 529.982.247-25, ou seja 52998224725";
        let mask = mask(&[text]);
        assert_eq!(mask.hide(text), "CPF [CPF_1], ou seja [CPF_1_2]");
        assert_eq!(mask.counted(), "hidden: cpf 1");
        assert_eq!(mask.reveal(&mask.hide(text)).text, text);
    }

    #[test]
    fn what_the_business_says_itself_stays() {
        let text =
            "É esse mesmo, (11) 98765-4321? ou 11987654321 ou vendas@loja.example? O meu é (21) 99876-1234";
        let masked = mask(&[text]).hide(text).into_owned();
        assert_eq!(
            masked,
            "É esse mesmo, (11) 98765-4321? ou 11987654321 ou vendas@loja.example? O meu é [PHONE_1]"
        );
    }

    #[test]
    fn the_customers_name_is_hidden_word_by_word() {
        let Value::Object(context) = json!({"customer_name": "Ana dos Santos", "phone": 5_521_998_761_234_u64, "city": "Recife", "vip": true})
        else {
            unreachable!("an object is written above")
        };
        let texts = Texts {
            customer: vec!["aqui é Ana, dos altos. Banana"],
            context: Some(&context),
            ..Texts::default()
        };
        let mask = Mask::of(&TenantView::of_nothing(), &texts);
        assert_eq!(mask.hide(texts.customer[0]), "aqui é [NAME_1], dos altos. Banana");
        let hidden = Value::Object(mask.hide_context(&context));
        assert_eq!(
            hidden,
            json!({"customer_name": "[NAME_1] dos [NAME_2]", "phone": "[PHONE_1]", "city": "Recife", "vip": true})
        );
        assert_eq!(mask.checked("Oi, [NAME_1]!"), Ok("Oi, Ana!".to_owned()));
    }

    #[test]
    fn numbers_of_somebody_are_hidden_and_prices_and_days_are_not() {
        let text = "RG 48213377, pago R$ 15000,00 dia 12/05/2027, quero 2 caixas de 500 g";
        assert_eq!(
            mask(&[text]).hide(text),
            "RG [NUMBER_1], pago R$ 15000,00 dia 12/05/2027, quero 2 caixas de 500 g"
        );
    }

    #[test]
    fn a_mark_that_stands_in_a_text_already_is_not_used() {
        let text = "[EMAIL_1] ou EMAIL_2 é joao@exemplo.com?";
        let mask = mask(&[text]);
        assert_eq!(mask.hide(text), "[EMAIL_1] ou EMAIL_2 é [EMAIL_3]?");
        assert_eq!(mask.checked("[EMAIL_1] [EMAIL_3]"), Ok("[EMAIL_1] joao@exemplo.com".to_owned()));
    }

    #[test]
    fn a_mark_that_was_made_up_or_lost_its_brackets_is_an_objection() {
        let mask = mask(&["joao@exemplo.com"]);
        for answer in
            ["escrevo para [EMAIL_2]", "escrevo para EMAIL_1", "ligue [PHONE_1]", "[EMAIL_1_2]", "[email_1]"]
        {
            assert!(mask.checked(answer).is_err(), "{answer}");
        }
        for answer in ["[1] E-mail 1, EMAIL, [OK_1]", "snake_1"] {
            assert_eq!(mask.checked(answer), Ok(answer.to_owned()));
        }
    }

    #[test]
    fn what_a_model_is_told_about_marks_is_short() {
        let tokens = pytake_tokenizer::count(INSTRUCTION);
        assert_eq!(tokens, 60, "docs/privacy.md says how many");
    }

    #[test]
    fn what_goes_into_json_is_escaped() {
        let name = "O\"Neil";
        let Value::Object(context) = json!({ "name": name }) else {
            unreachable!("an object is written above")
        };
        let mask =
            Mask::of(&TenantView::of_nothing(), &Texts { context: Some(&context), ..Texts::default() });
        let answer = mask.checked_json(r#"{"who":"[NAME_1]"}"#).expect("known");
        assert_eq!(serde_json::from_str::<Value>(&answer).expect("JSON"), json!({ "who": name }));
    }

    /// Bits of messages that are hidden, look like marks, or cut both.
    const BITS: [&str; 18] = [
        "joao@exemplo.com",
        "JOAO@exemplo.com",
        "529.982.247-25",
        "52998224725",
        "(21) 99876-1234",
        "[EMAIL_1]",
        "EMAIL_",
        "[",
        "]",
        "CPF",
        "meu nome é Maria Silva",
        "pedido #12345",
        " ",
        "1",
        "_",
        "4111 1111 1111 1111",
        "é",
        "Rua das Flores, 100",
    ];

    /// Prints what hiding takes on this machine; the figures are in `docs/privacy.md`.
    #[test]
    #[ignore = "measures, and asserts nothing"]
    fn how_long_it_takes() {
        let words = "oi, sou a Mariana Costa, meu email é mari@correio.example e o fone (21) 99876-1234";
        let long: String = words.chars().cycle().take(4_096).collect();
        let tenant = TenantView::of_nothing();
        for (name, text) in [("14 words", words), ("4,096 characters", long.as_str())] {
            let texts = Texts { own: vec![OWN], customer: vec![text], ..Texts::default() };
            let clock = crate::clock::SystemClock::new();
            let mut times = Vec::new();
            for _ in 0..200 {
                let started = clock.elapsed();
                let mask = Mask::of(&tenant, &texts);
                let revealed = mask.reveal(&mask.hide(text));
                times.push(clock.elapsed().saturating_sub(started));
                assert_eq!(revealed.text, text);
            }
            times.sort();
            println!("{name}: hiding and revealing, median of 200: {:?}", times[100]);
        }
    }

    proptest! {
        #[test]
        fn what_is_hidden_comes_back_as_it_was(
            bits in prop::collection::vec(prop::sample::select(BITS.to_vec()), 0..14),
            loose in any::<String>(),
        ) {
            let text = bits.concat() + &loose;
            let mask = mask(&[&text]);
            let hidden = mask.hide(&text);
            prop_assert_eq!(mask.reveal(&hidden).text, text.clone());
            prop_assert_eq!(mask.reveal(&hidden).stray, None);
        }

        #[test]
        fn nothing_that_is_found_remains(
            bits in prop::collection::vec(prop::sample::select(BITS.to_vec()), 1..10),
        ) {
            let text = bits.join(" ");
            let mask = mask(&[&text]);
            let hidden = mask.hide(&text);
            for value in finding::personal(&text, &TenantView::of_nothing()) {
                prop_assert!(!hidden.contains(&value), "{value} in {hidden}");
            }
        }

        #[test]
        fn any_cutting_of_an_answer_gives_the_whole(
            bits in prop::collection::vec(prop::sample::select(vec!["[EMAIL_1]", "[CPF_1]", "[", "EMAIL_1", "]", "Olá ", "[EMAIL_9]", "_1", "é"]), 0..10),
            cuts in prop::collection::vec(0_usize..80, 0..12),
        ) {
            let answer = bits.concat();
            let mask = mask(&["joao@exemplo.com 529.982.247-25"]);
            let whole = mask.checked(&answer);
            let mut unveiler = Unveiler::default();
            let mut given = Ok(String::new());
            let mut piece = String::new();
            for (index, c) in answer.chars().enumerate() {
                if cuts.contains(&index) {
                    let more = unveiler.push(&mask, &std::mem::take(&mut piece));
                    given = given.and_then(|given: String| more.map(|more| given + &more));
                }
                piece.push(c);
            }
            let more = unveiler.push(&mask, &piece);
            given = given.and_then(|given| more.map(|more| given + &more));
            let more = unveiler.finish(&mask);
            given = given.and_then(|given| more.map(|more| given + &more));
            prop_assert_eq!(given, whole);
        }
    }
}
