//! What models say of texts that they have not seen.

use anyhow::{Result, anyhow};
use pytake_understanding::language::model::{CLASSES, Model, OURS, shares, to_bytes};

use super::corpus::{Corpus, Kind, Labelled};
use super::fit::{Fitted, fit};
use super::sampler::Sampler;

/// Every text is left out once; the model that judges it has seen the other two thirds.
pub(super) const FOLDS: u64 = 3;

/// What a model says of one text.
pub(super) struct Verdict<'a> {
    pub(super) labelled: &'a Labelled,
    pub(super) words: usize,
    scores: [f32; CLASSES],
}

impl Verdict<'_> {
    /// Probabilities of Portuguese, Spanish, English and other, at a sharpness.
    pub(super) fn shares(&self, sharpness: f32) -> [f32; OURS + 1] {
        let all = shares(self.scores.map(|score| score * sharpness));
        let mut folded = [0.0; OURS + 1];
        for (class, share) in all.into_iter().enumerate() {
            folded[class.min(OURS)] += share;
        }
        folded
    }
}

/// Judges every labelled text by a model that has not seen it.
pub(super) fn judge_unseen(corpus: &Corpus, texts: usize) -> Result<Vec<Verdict<'_>>> {
    let mut verdicts = Vec::new();
    for fold in 0..FOLDS {
        let (unseen, seen): (Vec<_>, Vec<_>) =
            corpus.labelled.iter().partition(|labelled| fold_of(&labelled.text) == fold);
        let fitted = fit(&mut Sampler::new(corpus, &seen), texts);
        verdicts.extend(judge(&fitted, &unseen)?);
    }
    Ok(verdicts)
}

/// Judges Lingua's texts by a model that has seen none of them, and no text of ours either.
pub(super) fn judge_without_texts(corpus: &Corpus, texts: usize) -> Result<Vec<Verdict<'_>>> {
    let fitted = fit(&mut Sampler::new(corpus, &[]), texts);
    judge(&fitted, &corpus.labelled.iter().collect::<Vec<_>>())
}

fn judge<'a>(fitted: &Fitted, texts: &[&'a Labelled]) -> Result<Vec<Verdict<'a>>> {
    let (head, rows) = fitted.quantise();
    let bytes = to_bytes(&head, &rows);
    let model = Model::from_bytes(&bytes).map_err(|problem| anyhow!(problem))?;
    let verdict = |labelled: &&'a Labelled| {
        let evidence = model.read(&labelled.text);
        Verdict { labelled, words: evidence.amount.words, scores: evidence.scores }
    };
    Ok(texts.iter().map(verdict).collect())
}

/// FNV-1a; equal texts fall into the same fold.
fn fold_of(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    (hash >> 20) % FOLDS
}

/// The sharpness for texts of one word, two words and more under which the verdicts are likeliest.
pub(super) fn sharpness(verdicts: &[Verdict<'_>]) -> [f32; 3] {
    std::array::from_fn(|place| {
        let of_length: Vec<_> =
            verdicts.iter().filter(|verdict| verdict.words.clamp(1, 3) == place + 1).collect();
        let surprise = |sharpness: f32| -> f64 {
            of_length.iter().map(|verdict| weight(verdict.labelled) * surprise_of(verdict, sharpness)).sum()
        };
        // The sum is convex in the sharpness: halving the interval finds its lowest point.
        let (mut low, mut high) = (0.1_f32, 5.0_f32);
        for _ in 0..30 {
            let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if surprise(left) < surprise(right) { high = right } else { low = left }
        }
        f32::midpoint(low, high)
    })
}

fn surprise_of(verdict: &Verdict<'_>, sharpness: f32) -> f64 {
    let share = verdict.shares(sharpness)[verdict.labelled.class.min(OURS)];
    -f64::from(share.max(1e-6)).ln()
}

/// How much a text counts, so that languages are as common as the model believes before it reads:
/// Lingua has three quarters of other languages, the product's own messages none.
fn weight(labelled: &Labelled) -> f64 {
    f64::from(shares([0.0; CLASSES])[labelled.class])
}

/// How good the verdicts on one kind of text are.
pub(super) struct Figures {
    pub(super) ours: f64,
    pub(super) right: f64,
    pub(super) none: f64,
    pub(super) others: f64,
    pub(super) taken: f64,
    pub(super) calibration_error: f64,
}

impl Figures {
    pub(super) fn of(verdicts: &[Verdict<'_>], kind: Kind, sharpness: [f32; 3]) -> Self {
        let mut figures =
            Self { ours: 0.0, right: 0.0, none: 0.0, others: 0.0, taken: 0.0, calibration_error: 0.0 };
        // Ten bins of confidence: weight, weight of right answers, sum of confidence.
        let mut bins = [[0.0_f64; 3]; 10];
        for verdict in verdicts.iter().filter(|verdict| verdict.labelled.kind == kind) {
            let class = verdict.labelled.class.min(OURS);
            let shares = verdict.shares(sharpness[verdict.words.clamp(1, 3) - 1]);
            let said = if verdict.words == 0 { OURS } else { best_of(&shares) };
            if class < OURS {
                figures.ours += 1.0;
                figures.right += f64::from(said == class);
                figures.none += f64::from(said == OURS);
            } else {
                figures.others += 1.0;
                figures.taken += f64::from(said < OURS);
            }
            let confidence = f64::from(shares[said]);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
            let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
            let weight = weight(verdict.labelled);
            bin[0] += weight;
            bin[1] += weight * f64::from(said == class);
            bin[2] += weight * confidence;
        }
        let all: f64 = bins.iter().map(|bin| bin[0]).sum();
        figures.calibration_error =
            bins.iter().map(|bin| (bin[1] - bin[2]).abs()).sum::<f64>() / all.max(1.0);
        figures
    }

    pub(super) fn print(&self, kind: Kind) {
        println!(
            "{:<13} {:>5.0} of ours: {:>5.1} % right, {:>4.1} % taken for another; {:>5.0} of others: {:>4.1} % taken for ours; {:>5.1} % of all right; calibration error {:.3}",
            kind.name(),
            self.ours,
            100.0 * self.right / self.ours,
            100.0 * self.none / self.ours,
            self.others,
            100.0 * self.taken / self.others.max(1.0),
            100.0 * (self.right + self.others - self.taken) / (self.ours + self.others),
            self.calibration_error,
        );
    }
}

fn best_of(shares: &[f32; OURS + 1]) -> usize {
    // As the product decides: another language where it is at least as likely as the best of ours.
    let mut best = OURS;
    for class in 0..OURS {
        if shares[class] > shares[best] {
            best = class;
        }
    }
    best
}
