//! Figures of held-out and measured texts.

/// Area under the receiver operating characteristic: how often a positive scores above a negative.
pub(super) fn auroc(answers: &[(f32, bool)]) -> f32 {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|left, right| left.0.total_cmp(&right.0));
    let (mut below, mut wins, mut positives) = (0.0_f64, 0.0_f64, 0.0_f64);
    for ties in sorted.chunk_by(|left, right| left.0.total_cmp(&right.0).is_eq()) {
        let right = ties.iter().filter(|(_, right)| *right).count() as f64;
        let wrong = ties.len() as f64 - right;
        wins += right * (below + 0.5 * wrong);
        below += wrong;
        positives += right;
    }
    #[expect(clippy::cast_possible_truncation, reason = "a share")]
    let share = (wins / (positives * below).max(1.0)) as f32;
    share
}

/// F1 of each class, their mean over the classes that occur, and accuracy.
pub(super) struct Table {
    pub(super) accuracy: f32,
    pub(super) macro_f1: f32,
}

/// Compares right classes with chosen ones.
pub(super) fn table(pairs: &[(usize, usize)], classes: usize) -> Table {
    let (mut hits, mut chosen, mut right) =
        (vec![0.0_f32; classes], vec![0.0_f32; classes], vec![0.0_f32; classes]);
    for (truth, choice) in pairs {
        right[*truth] += 1.0;
        chosen[*choice] += 1.0;
        if truth == choice {
            hits[*truth] += 1.0;
        }
    }
    let f1 = |class: usize| 2.0 * hits[class] / (right[class] + chosen[class]).max(1.0);
    let occurring: Vec<usize> = (0..classes).filter(|class| right[*class] > 0.0).collect();
    Table {
        accuracy: hits.iter().sum::<f32>() / pairs.len().max(1) as f32,
        macro_f1: occurring.iter().map(|class| f1(*class)).sum::<f32>() / occurring.len().max(1) as f32,
    }
}

/// Shares at a threshold.
pub(super) struct AtThreshold {
    pub(super) precision: f32,
    pub(super) recall: f32,
    pub(super) false_alarms: f32,
    pub(super) accuracy: f32,
    pub(super) macro_f1: f32,
}

/// Figures of "at least `threshold`" as the answer yes.
pub(super) fn at_threshold(answers: &[(f32, bool)], threshold: f32) -> AtThreshold {
    let count = |flagged: bool, right: bool| {
        answers.iter().filter(|(score, truth)| (*score >= threshold) == flagged && *truth == right).count()
            as f32
    };
    let (hits, alarms, missed, quiet) =
        (count(true, true), count(true, false), count(false, true), count(false, false));
    let share = |part: f32, whole: f32| part / whole.max(1.0);
    AtThreshold {
        precision: share(hits, hits + alarms),
        recall: share(hits, hits + missed),
        false_alarms: share(alarms, alarms + quiet),
        accuracy: share(hits + quiet, answers.len() as f32),
        macro_f1: 0.5
            * (share(2.0 * hits, 2.0 * hits + alarms + missed)
                + share(2.0 * quiet, 2.0 * quiet + alarms + missed)),
    }
}

/// Prints the figures of a yes-or-no class at some thresholds.
pub(super) fn print_binary(name: &str, answers: &[(f32, bool)], thresholds: &[f32]) {
    let positives = answers.iter().filter(|(_, right)| *right).count();
    println!("{name:<28} n {:>5} ({positives} yes)  AUROC {:.1}", answers.len(), 100.0 * auroc(answers));
    for threshold in thresholds {
        let found = at_threshold(answers, *threshold);
        println!(
            "{:<28} at {threshold:.2}: precision {:.1} recall {:.1} false alarms {:.2} accuracy {:.1} macro-F1 {:.1}",
            "",
            100.0 * found.precision,
            100.0 * found.recall,
            100.0 * found.false_alarms,
            100.0 * found.accuracy,
            100.0 * found.macro_f1
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_counts_ties_half() {
        assert!((auroc(&[(0.9, true), (0.1, false)]) - 1.0).abs() < 1e-6);
        assert!((auroc(&[(0.5, true), (0.5, false)]) - 0.5).abs() < 1e-6);
        assert!((auroc(&[(0.9, true), (0.5, false), (0.1, true)]) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn figures_of_a_small_table() {
        let found = table(&[(0, 0), (0, 1), (1, 1)], 3);
        assert!((found.accuracy - 2.0 / 3.0).abs() < 1e-6);
        assert!((found.macro_f1 - 2.0 / 3.0).abs() < 1e-6);
        let found = at_threshold(&[(0.9, true), (0.8, false), (0.1, false), (0.2, true)], 0.5);
        assert!((found.precision - 0.5).abs() < 1e-6 && (found.recall - 0.5).abs() < 1e-6);
        assert!((found.false_alarms - 0.5).abs() < 1e-6);
    }
}
