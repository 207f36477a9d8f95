//! The language model against labelled development data.

use pytake_understanding::language::{Language, detect};

use crate::shared_data;

/// Right answers, wrong ones and silence on our languages, and texts of others taken for ours.
#[derive(Default, Debug)]
struct Score {
    ours: u32,
    right: u32,
    wrong: u32,
    unknown: u32,
    others: u32,
    taken_for_ours: u32,
    confidence: f32,
}

fn score(path: &str) -> Option<Score> {
    let mut score = Score::default();
    for line in shared_data(path)? {
        let guess = detect(line["text"].as_str()?);
        let label = Language::from_code(line["label"].as_str()?);
        match (label, guess.language) {
            (Some(label), Some(guessed)) => {
                score.ours += 1;
                if label == guessed {
                    score.right += 1;
                } else {
                    score.wrong += 1;
                }
                score.confidence += guess.confidence;
            }
            (Some(_), None) => {
                score.ours += 1;
                score.unknown += 1;
            }
            (None, guessed) => {
                score.others += 1;
                score.taken_for_ours += u32::from(guessed.is_some());
            }
        }
    }
    Some(score)
}

fn report(path: &str, score: &Score) -> (f32, f32, f32) {
    let accuracy = score.right as f32 / score.ours as f32;
    let answered = (score.right + score.wrong) as f32;
    let gap = score.confidence / answered - score.right as f32 / answered;
    let taken = score.taken_for_ours as f32 / score.others as f32;
    println!(
        "{path}: {:.1} % of {} right, {:.1} % wrong, {:.1} % unknown; {:.1} % of {} foreign texts taken for ours; confidence off by {:.3}",
        accuracy * 100.0,
        score.ours,
        100.0 * score.wrong as f32 / score.ours as f32,
        100.0 * score.unknown as f32 / score.ours as f32,
        taken * 100.0,
        score.others,
        gap
    );
    (accuracy, taken, gap)
}

#[test]
fn sentences_words_and_pairs_reach_their_floors() {
    for (path, floor, ceiling) in [
        ("language-lingua/sentences.dev.jsonl", 0.985, 0.08),
        ("language-lingua/word-pairs.dev.jsonl", 0.74, 0.38),
        ("language-lingua/single-words.dev.jsonl", 0.44, 0.39),
    ] {
        let Some(score) = score(path) else { continue };
        let (accuracy, taken, _) = report(path, &score);
        assert!(accuracy >= floor, "{path}: {accuracy}");
        assert!(taken <= ceiling, "{path}: {taken}");
    }
}
