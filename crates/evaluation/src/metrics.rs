//! The arithmetic of scoring. Pure.

use std::collections::{BTreeMap, BTreeSet};

use pytake_understanding::linear::calibration::expected_calibration_error;

/// Hits, false alarms and misses of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) hits: u64,
    pub(crate) false_alarms: u64,
    pub(crate) misses: u64,
}

impl Counts {
    /// Share of what was said that is right; 0 where nothing was said.
    pub(crate) fn precision(self) -> f64 {
        ratio(self.hits, self.hits + self.false_alarms)
    }

    /// Share of what is right that was said; 0 where nothing is.
    pub(crate) fn recall(self) -> f64 {
        ratio(self.hits, self.hits + self.misses)
    }

    /// The harmonic mean of both.
    pub(crate) fn f1(self) -> f64 {
        ratio(2 * self.hits, 2 * self.hits + self.false_alarms + self.misses)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.hits += other.hits;
        self.false_alarms += other.false_alarms;
        self.misses += other.misses;
    }
}

pub(crate) fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Counts per class of single labels, for every class that is right somewhere.
pub(crate) fn per_class<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> BTreeMap<&'a str, Counts> {
    let mut classes: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut gold_classes = BTreeSet::new();
    for (gold, said) in pairs {
        gold_classes.insert(gold);
        if gold == said {
            classes.entry(gold).or_default().hits += 1;
        } else {
            classes.entry(gold).or_default().misses += 1;
            classes.entry(said).or_default().false_alarms += 1;
        }
    }
    classes.retain(|class, _| gold_classes.contains(class));
    classes
}

/// The mean over classes.
pub(crate) fn macro_mean<K>(classes: &BTreeMap<K, Counts>, of: impl Fn(Counts) -> f64) -> f64 {
    if classes.is_empty() {
        return 0.0;
    }
    classes.values().map(|counts| of(*counts)).sum::<f64>() / classes.len() as f64
}

/// Area under the receiver operating characteristic: how probable it is that a positive scores above a negative,
/// ties counting half. `None` where there is only one of the two.
pub(crate) fn auroc(scored: &[(bool, f32)]) -> Option<f64> {
    let mut sorted: Vec<(bool, f32)> = scored.to_vec();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let positives = sorted.iter().filter(|(is_positive, _)| *is_positive).count() as f64;
    let negatives = sorted.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let mut rank_sum = 0.0;
    let mut start = 0;
    while start < sorted.len() {
        let score = sorted[start].1;
        let ties = sorted[start..].iter().take_while(|(_, other)| other.total_cmp(&score).is_eq()).count();
        let group = &sorted[start..start + ties];
        let mean_rank = (start + 1 + start + ties) as f64 / 2.0;
        rank_sum += mean_rank * group.iter().filter(|(is_positive, _)| *is_positive).count() as f64;
        start += ties;
    }
    Some((rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives))
}

/// The value below which a share of the sorted values lies; 0 for none.
pub(crate) fn percentile(sorted: &[f64], share: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let at = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len()) - 1;
    sorted[at]
}

/// Expected calibration error over ten bins: how far stated confidence is from the share that is right.
pub(crate) fn calibration_error(stated: &[(f32, bool)]) -> Option<f64> {
    (!stated.is_empty()).then(|| f64::from(expected_calibration_error(stated, 10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn precision_recall_and_f1_are_those_of_the_textbook() {
        let counts = Counts { hits: 6, false_alarms: 2, misses: 4 };
        assert!(
            close(counts.precision(), 0.75) && close(counts.recall(), 0.6) && close(counts.f1(), 2.0 / 3.0)
        );
        assert!(close(Counts::default().f1(), 0.0));
    }

    #[test]
    fn only_classes_that_occur_count_in_the_mean() {
        let classes = per_class([("a", "a"), ("a", "c"), ("b", "b")].into_iter());
        assert_eq!(classes.keys().collect::<Vec<_>>(), [&"a", &"b"]);
        assert!(close(macro_mean(&classes, Counts::recall), 0.75));
    }

    #[test]
    fn the_area_is_a_half_for_chance_and_one_for_order() {
        assert!(close(auroc(&[(false, 0.1), (true, 0.9)]).unwrap(), 1.0));
        assert!(close(auroc(&[(false, 0.5), (true, 0.5)]).unwrap(), 0.5));
        assert!(close(auroc(&[(true, 0.1), (false, 0.2), (true, 0.3), (false, 0.4)]).unwrap(), 0.25));
        assert_eq!(auroc(&[(true, 0.1)]), None);
    }

    #[test]
    fn percentiles_are_values_that_occur() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!(close(percentile(&sorted, 0.5), 50.0) && close(percentile(&sorted, 0.99), 99.0));
        assert!(close(percentile(&[], 0.5), 0.0));
    }

    #[test]
    fn whoever_is_right_as_often_as_stated_has_no_error() {
        let honest: Vec<(f32, bool)> = (0..10).map(|n| (0.75, n % 4 != 0)).take(4).collect();
        assert!(calibration_error(&honest).unwrap() < 1e-6);
        assert!(close(calibration_error(&[(1.0, false)]).unwrap(), 1.0));
    }
}
