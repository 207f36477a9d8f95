//! Makes held-out scores into probabilities one can believe.
//!
//! [`temperature`] finds the one number that scores are divided by (Guo et al., 2017);
//! [`expected_calibration_error`] measures what is left.

use super::solve::{sigmoid, softmax};

/// The temperature that makes held-out scores of exactly one right class most likely.
///
/// Each item holds the scores of all classes and the right class. 1 where there are no items.
pub fn temperature(held_out: &[(Vec<f32>, usize)]) -> f32 {
    best_temperature(|temperature| {
        let mut loss = 0.0_f64;
        for (scores, right) in held_out {
            let mut scaled: Vec<f32> = scores.iter().map(|score| score / temperature).collect();
            softmax(&mut scaled);
            loss -= f64::from(scaled.get(*right).copied().unwrap_or(0.0).max(SMALLEST)).ln();
        }
        loss
    })
}

/// The temperature that makes held-out scores of yes-or-no answers most likely.
pub fn binary_temperature(held_out: &[(f32, bool)]) -> f32 {
    best_temperature(|temperature| {
        let likelihood = |(score, right): &(f32, bool)| {
            let p = sigmoid(score / temperature);
            f64::from(if *right { p } else { 1.0 - p }.max(SMALLEST)).ln()
        };
        -held_out.iter().map(likelihood).sum::<f64>()
    })
}

/// Expected calibration error: how far stated confidence and share of right answers are apart, on average.
///
/// `answers` are pairs of confidence (0 to 1) and whether the answer was right; `bins` of equal width.
pub fn expected_calibration_error(answers: &[(f32, bool)], bins: usize) -> f32 {
    let mut sums = vec![(0.0_f32, 0.0_f32); bins.max(1)];
    for (confidence, right) in answers {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "confidence is 0 to 1")]
        let bin = ((confidence * bins as f32) as usize).min(sums.len() - 1);
        if let Some((stated, hits)) = sums.get_mut(bin) {
            *stated += confidence;
            *hits += if *right { 1.0 } else { 0.0 };
        }
    }
    let apart: f32 = sums.iter().map(|(stated, hits)| (stated - hits).abs()).sum();
    apart / answers.len().max(1) as f32
}

/// A probability of zero would make one mistake count infinitely.
const SMALLEST: f32 = 1e-9;

/// Golden-section search over the logarithm of the temperature: the loss has one minimum there.
fn best_temperature(loss: impl Fn(f32) -> f64) -> f32 {
    const SHORTER: f32 = 0.618_034;
    let (mut low, mut high) = (0.02_f32.ln(), 50.0_f32.ln());
    let (mut left, mut right) = (high - SHORTER * (high - low), low + SHORTER * (high - low));
    let (mut left_loss, mut right_loss) = (loss(left.exp()), loss(right.exp()));
    if left_loss == 0.0 && right_loss == 0.0 {
        return 1.0;
    }
    for _ in 0..20 {
        if left_loss <= right_loss {
            (high, right, right_loss) = (right, left, left_loss);
            left = high - SHORTER * (high - low);
            left_loss = loss(left.exp());
        } else {
            (low, left, left_loss) = (left, right, right_loss);
            right = low + SHORTER * (high - low);
            right_loss = loss(right.exp());
        }
    }
    f32::midpoint(low, high).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_that_are_twice_too_sure_get_temperature_two() {
        // Out of 100 answers with a score of 2, as many are right as a score of 1 promises: 73.
        let answers: Vec<(f32, bool)> = (0..1000).map(|n| (2.0, n % 1000 < 731)).collect();
        let found = binary_temperature(&answers);
        assert!((found - 2.0).abs() < 0.02, "{found}");
        let classes: Vec<(Vec<f32>, usize)> =
            answers.iter().map(|(score, right)| (vec![*score, 0.0], usize::from(!right))).collect();
        assert!((temperature(&classes) - 2.0).abs() < 0.02);
    }

    #[test]
    fn nothing_held_out_changes_nothing() {
        assert!((temperature(&[]) - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn the_calibration_error_is_the_distance_from_truth() {
        let answers: Vec<(f32, bool)> = (0..100).map(|n| (0.9, n < 70)).collect();
        assert!((expected_calibration_error(&answers, 10) - 0.2).abs() < 1e-4);
        assert!(expected_calibration_error(&[], 10).abs() < f32::EPSILON);
    }
}
