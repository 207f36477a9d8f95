//! Stochastic dual coordinate ascent over all examples; one step is in [`super::solve`].

use super::kernel::{add_row, add_rows};
use super::model::{LinearModel, Weights};
use super::rows::Rows;
use super::solve::Step;
use super::{Example, Output, Settings};

/// Rows of weights are padded to a multiple of this many classes: two vectors of four.
const LANES: usize = 8;

/// What training changes; rows are `width` long.
#[derive(Clone)]
pub(super) struct Padded {
    bias: Vec<f32>,
    dense: Vec<f32>,
    sparse: Vec<f32>,
    /// One row of dual variables per example.
    duals: Vec<f32>,
}

/// The examples, the weights so far and how to go on.
pub(super) struct Trainer<'a> {
    examples: &'a [Example<'a>],
    rows: Rows,
    settings: &'a Settings,
    /// Classes rounded up to [`LANES`].
    width: usize,
    pub(super) weights: Padded,
    /// Work space of one step.
    scores: Vec<f32>,
    truth: Vec<f32>,
    omegas: Vec<f32>,
}

impl<'a> Trainer<'a> {
    pub(super) fn new(examples: &'a [Example<'a>], rows: Rows, settings: &'a Settings) -> Self {
        let width = settings.classes.next_multiple_of(LANES);
        let dense = examples.first().map_or(0, |example| example.features.dense.len());
        let weights = Padded {
            bias: vec![0.0; width],
            dense: vec![0.0; dense * width],
            sparse: vec![0.0; rows.buckets.len() * width],
            duals: vec![0.0; examples.len() * width],
        };
        Self {
            examples,
            rows,
            settings,
            width,
            weights,
            scores: vec![0.0; width],
            truth: vec![0.0; settings.classes],
            omegas: vec![0.0; settings.classes],
        }
    }

    /// Looks at the examples in `order` until little moves.
    pub(super) fn run(&mut self, mut order: Vec<usize>) {
        let mut shuffle = Shuffle(0x9e37_79b9_7f4a_7c15);
        for _ in 0..self.settings.passes {
            shuffle.apply(&mut order);
            let mut moved = 0.0_f32;
            for place in &order {
                moved = moved.max(self.step(*place));
            }
            if moved <= self.settings.tolerance {
                return;
            }
        }
    }

    /// Brings one example up to date and returns how far its probabilities moved.
    fn step(&mut self, place: usize) -> f32 {
        let Some(example) = self.examples.get(place) else { return 0.0 };
        let classes = self.settings.classes;
        self.set_scores(place);
        self.set_truth(example);
        let reach = self.reach(place);
        let dual = &mut self.weights.duals[place * self.width..(place + 1) * self.width];
        let step = Step {
            scores: &mut self.scores[..classes],
            truth: &self.truth,
            dual: &dual[..classes],
            reach,
            weight: example.weight,
        };
        match self.settings.output {
            Output::OneOf => step.one_of(&mut self.omegas),
            Output::AnyOf => step.any_of(),
        }
        // From here on `scores` holds the change of the dual variables.
        let mut moved = 0.0_f32;
        for ((score, truth), dual) in self.scores.iter_mut().zip(&self.truth).zip(dual.iter_mut()) {
            let new = example.weight * (truth - *score);
            *score = new - *dual;
            *dual = new;
            moved = moved.max(score.abs());
        }
        self.scores[classes..].fill(0.0);
        moved /= example.weight;
        if moved > self.settings.tolerance * SKIPPED_SHARE {
            self.update(place);
        } else {
            self.undo(place);
        }
        moved
    }

    fn set_truth(&mut self, example: &Example<'_>) {
        let share = match self.settings.output {
            Output::OneOf => 1.0 / example.classes.len().max(1) as f32,
            Output::AnyOf => 1.0,
        };
        let nothing_said = self.settings.output == Output::OneOf && example.classes.is_empty();
        self.truth.fill(if nothing_said { 1.0 / self.settings.classes as f32 } else { 0.0 });
        for class in &example.classes {
            if let Some(truth) = self.truth.get_mut(*class as usize) {
                *truth = share;
            }
        }
    }

    /// What the weights say of an example.
    pub(super) fn scores_of(&mut self, place: usize) -> Vec<f32> {
        self.set_scores(place);
        self.scores.iter().take(self.settings.classes).copied().collect()
    }

    /// Sets `scores` to what the weights say of an example.
    fn set_scores(&mut self, place: usize) {
        self.scores.copy_from_slice(&self.weights.bias);
        let dense = self.dense_of(place);
        add_rows(&mut self.scores, &self.weights.dense, dense);
        for (row, value) in self.rows.grams_of(place) {
            let start = *row as usize * self.width;
            add_row(&mut self.scores, &self.weights.sparse[start..start + self.width], *value);
        }
    }

    /// Takes an example's share out of the weights.
    pub(super) fn forget(&mut self, place: usize) {
        let dual = &mut self.weights.duals[place * self.width..(place + 1) * self.width];
        for (change, dual) in self.scores.iter_mut().zip(dual) {
            *change = -*dual;
            *dual = 0.0;
        }
        self.update(place);
    }

    fn dense_of(&self, place: usize) -> &'a [f32] {
        self.examples.get(place).map_or(&[], |example| example.features.dense.as_slice())
    }

    /// How far one unit of an example's dual variable moves its own score. The bias is a feature that
    /// is always 1.
    fn reach(&self, place: usize) -> f32 {
        let dense: f32 = self.dense_of(place).iter().map(|value| value * value).sum();
        let grams: f32 = self.rows.grams_of(place).iter().map(|(_, value)| value * value).sum();
        self.settings.strength * (1.0 + dense + grams)
    }

    /// Adds the change of an example's dual variables, times its features, to the weights.
    fn update(&mut self, place: usize) {
        let strength = self.settings.strength;
        add_row(&mut self.weights.bias, &self.scores, strength);
        let dense = self.dense_of(place);
        for (weights, value) in self.weights.dense.chunks_exact_mut(self.width).zip(dense) {
            add_row(weights, &self.scores, strength * value);
        }
        for (row, value) in self.rows.grams_of(place) {
            let start = *row as usize * self.width;
            add_row(&mut self.weights.sparse[start..start + self.width], &self.scores, strength * value);
        }
    }

    /// Takes a change back that is too small to be worth an update.
    fn undo(&mut self, place: usize) {
        let dual = &mut self.weights.duals[place * self.width..(place + 1) * self.width];
        for (dual, change) in dual.iter_mut().zip(&self.scores) {
            *dual -= change;
        }
    }

    /// The weights as a finished model.
    pub(super) fn finish(self) -> LinearModel {
        let classes = self.settings.classes;
        let unpadded = |weights: &[f32], factor: f32| {
            let rows = weights.chunks_exact(self.width);
            rows.flat_map(|row| row.iter().take(classes)).map(|weight| weight * factor).collect::<Vec<f32>>()
        };
        LinearModel::from_weights(Weights {
            output: self.settings.output,
            gram_bits: self.settings.gram_bits,
            bias: unpadded(&self.weights.bias, 1.0),
            dense: unpadded(&self.weights.dense, 1.0),
            buckets: &self.rows.buckets,
            sparse: unpadded(&self.weights.sparse, self.settings.gram_scale),
        })
    }
}

/// Changes below this share of the tolerance do not pay for touching all weights.
const SKIPPED_SHARE: f32 = 0.1;

/// A fixed sequence of orders: Fisher–Yates with an xorshift generator (Marsaglia, 2003).
struct Shuffle(u64);

impl Shuffle {
    fn apply(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            let below = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
            order.swap(last, usize::try_from(self.0 % below).unwrap_or(0));
        }
    }
}
