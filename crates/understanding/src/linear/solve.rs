//! One step of training: the best new dual variables of a single example, all others held.
//!
//! Training is stochastic dual coordinate ascent (Shalev-Shwartz and Zhang, 2013) with exact steps.
//! The weights are `strength * Σ a_i x_iᵀ`; at the optimum `a_i = weight_i * (truth_i - p_i)`, where
//! `p_i` are the example's probabilities. Changing `a_i` by `δ` moves the example's own scores by
//! `q δ`, `q = strength * |x_i|²`, so the exact step solves `p = softmax(z + q (weight (truth - p) - a))`
//! (or the sigmoid of it) for `p`. There is no learning rate to choose.

/// One example in a step.
pub(super) struct Step<'a> {
    /// Scores with the weights as they are; overwritten with the new probabilities.
    pub(super) scores: &'a mut [f32],
    /// The example's share of the truth per class.
    pub(super) truth: &'a [f32],
    /// Its dual variables as they are.
    pub(super) dual: &'a [f32],
    /// `strength * |x|²`.
    pub(super) reach: f32,
    /// The example's weight.
    pub(super) weight: f32,
}

impl Step<'_> {
    /// Sets `scores` to what they would be if the new probabilities were 0: what is left of the
    /// equation is `p = f(score - pull * p)`.
    fn offset(&mut self) -> f32 {
        for ((score, truth), dual) in self.scores.iter_mut().zip(self.truth).zip(self.dual) {
            *score += self.reach * (self.weight * truth - dual);
        }
        self.reach * self.weight
    }

    /// Solves for the probabilities of exactly one right class.
    ///
    /// With `u = pull * p` each class solves `u + ln u = s`, the Wright omega function of
    /// `s = score - ν + ln pull`; Newton's method finds the `ν` with which all `p` add up to 1. Their
    /// sum is convex and falls with `ν`, so that starting left of the solution it cannot overshoot.
    pub(super) fn one_of(mut self, omegas: &mut [f32]) {
        let pull = self.offset();
        let peak = self.scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let total: f32 = self.scores.iter().map(|score| (score - peak).exp()).sum();
        let base = peak - pull.ln();
        let mut shift = total.ln() - pull;
        for round in 0..MAX_ROUNDS {
            let (mut sum, mut slope) = (0.0_f32, 0.0_f32);
            for (score, omega) in self.scores.iter().zip(omegas.iter_mut()) {
                let start = if round == 0 { None } else { Some(*omega) };
                *omega = wright_omega(score - base - shift, start);
                sum += *omega;
                slope += *omega / (1.0 + *omega);
            }
            let excess = sum - pull;
            if excess.abs() <= 1e-4 * pull || slope <= 0.0 {
                break;
            }
            shift += excess / slope;
        }
        let sum: f32 = omegas.iter().sum();
        for (score, omega) in self.scores.iter_mut().zip(omegas.iter()) {
            *score = omega / sum;
        }
    }

    /// Solves for the probability of each class for itself: `p = sigmoid(score - pull * p)`.
    ///
    /// Newton's method, kept between the bounds it has found: the left side rises, the right side falls.
    pub(super) fn any_of(mut self) {
        let pull = self.offset();
        for score in self.scores.iter_mut() {
            let (mut low, mut high) = (0.0_f32, 1.0_f32);
            let mut p = 0.5;
            for _ in 0..MAX_ROUNDS {
                let value = sigmoid(*score - pull * p);
                let gap = p - value;
                if gap.abs() < 1e-5 {
                    break;
                }
                if gap > 0.0 {
                    high = p;
                } else {
                    low = p;
                }
                let next = p - gap / (1.0 + pull * value * (1.0 - value));
                p = if next > low && next < high { next } else { f32::midpoint(low, high) };
            }
            *score = p;
        }
    }
}

/// Newton converges in 4 to 8 rounds; the bound is for scores nobody has seen.
const MAX_ROUNDS: u32 = 40;

/// Below this `u = e^s` holds to six digits, because `u` itself is then below 1e-6 of its logarithm.
const NEGLIGIBLE: f32 = -12.0;

/// The `u > 0` with `u + ln u = s`, from a start close by or from an estimate.
fn wright_omega(s: f32, start: Option<f32>) -> f32 {
    if s < NEGLIGIBLE {
        return s.exp();
    }
    let mut u = match start {
        Some(u) if u > 1e-6 => u,
        _ if s < 1.0 => {
            let e = s.exp();
            e / (1.0 + e)
        }
        _ => s - s.ln(),
    };
    // Two rounds: after one, a `u` close by is only linearly right, and the caller's sum, made zero by the
    // same linear step, would look solved.
    for _ in 0..2 {
        let next = u * (1.0 + s - u.ln()) / (1.0 + u);
        u = if next > 0.0 { next } else { s.exp().min(u * 0.5) };
    }
    u
}

/// The logistic function.
pub(super) fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

/// Turns scores into a softmax.
pub(super) fn softmax(scores: &mut [f32]) {
    let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - peak).exp();
        total += *score;
    }
    for score in scores.iter_mut() {
        *score /= total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 3] = [2.0, -1.0, 0.5];
    const TRUTH: [f32; 3] = [0.0, 1.0, 0.0];
    const DUAL: [f32; 3] = [-0.2, 0.5, -0.3];

    fn solved(reach: f32, softmax_output: bool) -> [f32; 3] {
        let mut scores = SCORES;
        let step = Step { scores: &mut scores, truth: &TRUTH, dual: &DUAL, reach, weight: 2.0 };
        if softmax_output {
            step.one_of(&mut [0.0; 3]);
        } else {
            step.any_of();
        }
        scores
    }

    /// The scores after the step's own change to the weights.
    fn moved(p: [f32; 3], reach: f32) -> [f32; 3] {
        std::array::from_fn(|c| SCORES[c] + reach * (2.0 * (TRUTH[c] - p[c]) - DUAL[c]))
    }

    #[test]
    fn a_step_lands_where_probabilities_and_scores_agree() {
        for reach in [0.001, 0.3, 5.0, 40.0, 900.0] {
            let p = solved(reach, true);
            let mut expected = moved(p, reach);
            softmax(&mut expected);
            // The steeper the scores depend on p, the less precisely p can be told back from them.
            let tolerance = 2e-4 * (1.0 + reach);
            for c in 0..3 {
                assert!((p[c] - expected[c]).abs() < tolerance, "{reach}: {p:?} {expected:?}");
            }
            let p = solved(reach, false);
            for c in 0..3 {
                let value = sigmoid(moved(p, reach)[c]);
                assert!((p[c] - value).abs() < 2e-4 * (1.0 + reach), "{reach}: {p:?} {value}");
            }
        }
    }

    #[test]
    fn the_omega_function_is_solved_over_its_whole_range() {
        for step in -200..2000 {
            let s = step as f32 * 0.1;
            let mut u = wright_omega(s, None);
            u = wright_omega(s, Some(u));
            assert!((u + u.ln() - s).abs() < 1e-3 * (1.0 + s.abs()), "{s}: {u}");
        }
    }
}
