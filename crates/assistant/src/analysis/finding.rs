//! What an analyzer looks at and what it gives back.

use std::cell::OnceCell;

use pytake_understanding::filter::{Category, ContentFilter, FilterLevel, FilterVerdict};
use serde_json::{Value, json};

use super::fields::{Fields, Objection, score};
use crate::tenant::TenantProfile;

/// The result of one type of analysis.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// In the shape that the type has on the wire.
    pub value: Value,
    /// 0 to 1; `None` where nothing honest can be said.
    pub confidence: Option<f32>,
}

/// A message on the device.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) message: &'a str,
    /// Phrases that are normal in this business, so that no pattern counts there.
    allowed: &'a [String],
    verdict: OnceCell<FilterVerdict>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(message: &'a str, tenant: &'a TenantProfile) -> Self {
        Self { message, allowed: &tenant.filter_allow, verdict: OnceCell::new() }
    }

    /// Which of these categories the filter's patterns find, as `{flagged, score, categories}`.
    ///
    /// At the strict level, whatever the tenant's filter is set to: strong abuse is answered at the normal
    /// level, and it is toxic all the same. The score is null, since a pattern has no probability.
    pub(crate) fn flags(&self, wanted: &[Category]) -> Finding {
        let verdict = self.verdict.get_or_init(|| {
            ContentFilter::new(FilterLevel::Strict).with_lists(self.allowed, &[]).check_inbound(self.message)
        });
        let found: Vec<&str> =
            verdict.categories().into_iter().filter(|c| wanted.contains(c)).map(Category::as_str).collect();
        let value = json!({ "flagged": !found.is_empty(), "score": null, "categories": found });
        Finding { value, confidence: None }
    }
}

/// The same shape from a model's entry, where there is only one category.
pub(super) fn said_flags(entry: &Fields<'_>, category: Category) -> Result<Value, Objection> {
    let flagged = entry.flag("flagged")?;
    let categories: &[&str] = if flagged { &[category.as_str()] } else { &[] };
    Ok(json!({ "flagged": flagged, "score": score(entry.share("score")?), "categories": categories }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strong_abuse_is_found_although_it_would_be_answered() {
        let tenant = TenantProfile::default();
        let subject = Subject::new("vai tomar no cu, seus idiotas", &tenant);
        let finding = subject.flags(&[Category::Harassment, Category::Hate]);
        assert_eq!(finding.value, json!({"flagged": true, "score": null, "categories": ["harassment"]}));
        assert_eq!(finding.confidence, None);
        assert_eq!(subject.flags(&[Category::Spam]).value["flagged"], json!(false));
    }

    #[test]
    fn what_is_normal_in_a_business_is_not_flagged() {
        let tenant =
            TenantProfile { filter_allow: vec!["seus idiotas".to_owned()], ..TenantProfile::default() };
        let subject = Subject::new("comprei o livro seus idiotas", &tenant);
        assert_eq!(subject.flags(&[Category::Harassment]).value["flagged"], json!(false));
    }
}
