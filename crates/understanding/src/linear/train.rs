//! Training, with or without held-out scores; the work is in [`super::ascent`].

use super::ascent::Trainer;
use super::model::LinearModel;
use super::rows::Rows;
use super::{Example, LinearError, Settings};

/// Most classes of one model; training memory is classes times (examples + grams).
const MAX_CLASSES: usize = 1_000;

/// Trains a model on the examples.
///
/// Without examples all weights are zero: every class is as probable as any other.
pub fn train(examples: &[Example<'_>], settings: &Settings) -> Result<LinearModel, LinearError> {
    Ok(fit(examples, settings)?.finish())
}

/// The scores of an example by a model that has not seen it, where it was held out.
pub type HeldOut = Option<Vec<f32>>;

/// Trains a model and also scores examples with models that have not seen them.
///
/// `folds` names for each example the fold that it is held out in, or `None` if it never is. Answers the
/// model trained on all examples and, per example, the held-out scores. Each fold starts from the whole
/// model without the fold's share of the weights, so that it costs two or three passes.
pub fn train_with_held_out(
    examples: &[Example<'_>],
    settings: &Settings,
    folds: &[Option<u32>],
) -> Result<(LinearModel, Vec<HeldOut>), LinearError> {
    let mut trainer = fit(examples, settings)?;
    let mut held_out = vec![None; examples.len()];
    let mut names: Vec<u32> = folds.iter().flatten().copied().collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let is_held_out = |place: &usize| folds.get(*place).copied().flatten() == Some(name);
        let (tested, kept): (Vec<usize>, Vec<usize>) = (0..examples.len()).partition(is_held_out);
        let whole = trainer.weights.clone();
        for place in &tested {
            trainer.forget(*place);
        }
        trainer.run(kept);
        for place in tested {
            let scores = trainer.scores_of(place);
            if let Some(held_out) = held_out.get_mut(place) {
                *held_out = Some(scores);
            }
        }
        trainer.weights = whole;
    }
    Ok((trainer.finish(), held_out))
}

fn fit<'a>(examples: &'a [Example<'a>], settings: &'a Settings) -> Result<Trainer<'a>, LinearError> {
    check(examples, settings)?;
    let mut trainer = Trainer::new(examples, Rows::of(examples, settings), settings);
    trainer.run((0..examples.len()).collect());
    Ok(trainer)
}

fn check(examples: &[Example<'_>], settings: &Settings) -> Result<(), LinearError> {
    let classes = settings.classes;
    if classes == 0 || classes > MAX_CLASSES {
        return Err(LinearError::Class { class: classes, classes: MAX_CLASSES });
    }
    if !(settings.strength.is_finite() && settings.strength > 0.0) {
        return Err(LinearError::NotPositive { name: "strength" });
    }
    if !(settings.gram_scale.is_finite() && settings.gram_scale >= 0.0) {
        return Err(LinearError::NotPositive { name: "gram_scale" });
    }
    let expected = examples.first().map_or(0, |example| example.features.dense.len());
    for example in examples {
        let found = example.features.dense.len();
        if found != expected {
            return Err(LinearError::DenseLength { found, expected });
        }
        if let Some(class) = example.classes.iter().find(|class| **class as usize >= classes) {
            return Err(LinearError::Class { class: *class as usize, classes });
        }
        if !(example.weight.is_finite() && example.weight > 0.0) {
            return Err(LinearError::NotPositive { name: "weight" });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Features, grams};
    use crate::linear::Output;

    fn features(text: &str) -> Features {
        Features { dense: vec![0.5, -0.5], sparse: grams(text) }
    }

    fn settings(output: Output) -> Settings {
        Settings { strength: 30.0, ..Settings::new(output, 3) }
    }

    const TEXTS: [(&str, u32); 6] = [
        ("quero cancelar o pedido", 0),
        ("cancela minha compra", 0),
        ("onde está minha encomenda", 1),
        ("cadê a entrega", 1),
        ("obrigado pela ajuda", 2),
        ("valeu, muito obrigado", 2),
    ];

    fn trained(output: Output) -> LinearModel {
        let read: Vec<(Features, u32)> = TEXTS.iter().map(|(text, class)| (features(text), *class)).collect();
        let examples: Vec<Example<'_>> = read.iter().map(|(text, class)| Example::of(text, *class)).collect();
        train(&examples, &settings(output)).expect("good examples")
    }

    #[test]
    fn both_outputs_learn_their_examples_and_near_texts() {
        for output in [Output::OneOf, Output::AnyOf] {
            let model = trained(output);
            for (text, class) in TEXTS.into_iter().chain([("cancelar a compra", 0), ("obrigada", 2)]) {
                let probabilities = model.probabilities(&features(text));
                let best = probabilities.iter().copied().fold(0.0, f32::max);
                assert!(
                    (probabilities[class as usize] - best).abs() < f32::EPSILON,
                    "{text}: {probabilities:?}"
                );
            }
        }
    }

    #[test]
    fn weights_are_where_the_gradient_vanishes() {
        // At the optimum of a bias with strength C: bias = C * Σ weight (truth - p).
        let read: Vec<(Features, u32)> = TEXTS.iter().map(|(text, class)| (features(text), *class)).collect();
        let mut examples: Vec<Example<'_>> =
            read.iter().map(|(text, class)| Example::of(text, *class)).collect();
        examples[3].weight = 2.5;
        for output in [Output::OneOf, Output::AnyOf] {
            let settings = Settings { tolerance: 1e-4, passes: 500, strength: 1.0, ..settings(output) };
            let model = train(&examples, &settings).expect("good examples");
            let expected: f32 = examples
                .iter()
                .map(|example| {
                    let truth = f32::from(u8::from(example.classes == [2]));
                    example.weight * (truth - model.probabilities(example.features)[2])
                })
                .sum();
            assert!((model.bias[2] - expected).abs() < 5e-3, "{output:?}: {} {expected}", model.bias[2]);
        }
    }

    #[test]
    fn training_twice_gives_the_same_bits() {
        assert_eq!(trained(Output::OneOf), trained(Output::OneOf));
    }

    #[test]
    fn contradictions_share_the_probability() {
        let text = features("sim");
        let examples = [Example::of(&text, 0), Example::of(&text, 1)];
        let patient = Settings { tolerance: 1e-4, passes: 1_000, ..settings(Output::OneOf) };
        let probabilities = train(&examples, &patient).expect("good examples").probabilities(&text);
        assert!((probabilities[0] - probabilities[1]).abs() < 0.01, "{probabilities:?}");
    }

    #[test]
    fn a_held_out_example_is_scored_as_if_it_had_not_been_there() {
        let read: Vec<(Features, u32)> = TEXTS.iter().map(|(text, class)| (features(text), *class)).collect();
        let examples: Vec<Example<'_>> = read.iter().map(|(text, class)| Example::of(text, *class)).collect();
        let settings = Settings { tolerance: 1e-5, passes: 1_000, ..settings(Output::OneOf) };
        let folds = [None, Some(7), None, None, None, None];
        let (whole, held_out) = train_with_held_out(&examples, &settings, &folds).expect("good examples");
        assert_eq!(whole, train(&examples, &settings).expect("good examples"));
        let without: Vec<Example<'_>> = [&examples[..1], &examples[2..]].concat();
        let expected = train(&without, &settings).expect("good examples").scores(&read[1].0);
        let found = held_out[1].as_ref().expect("it was held out");
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 0.05, "{found} {expected}");
        }
        assert_eq!(held_out.iter().flatten().count(), 1);
    }

    #[test]
    fn no_examples_and_no_classes_are_answered() {
        let model = train(&[], &settings(Output::OneOf)).expect("nothing to learn");
        assert!(model.probabilities(&features("oi")).iter().all(|p| (p - 1.0 / 3.0).abs() < 1e-6));
        let none = train(&[], &Settings::new(Output::OneOf, 0));
        assert_eq!(none, Err(LinearError::Class { class: 0, classes: MAX_CLASSES }));
    }

    #[test]
    fn wrong_examples_are_refused() {
        let (two, three) = (features("oi"), Features { dense: vec![0.0; 3], sparse: Vec::new() });
        let lengths = train(&[Example::of(&two, 0), Example::of(&three, 1)], &settings(Output::OneOf));
        assert_eq!(lengths, Err(LinearError::DenseLength { found: 3, expected: 2 }));
        let class = train(&[Example::of(&two, 3)], &settings(Output::OneOf));
        assert_eq!(class, Err(LinearError::Class { class: 3, classes: 3 }));
        let weight = Example { weight: f32::NAN, ..Example::of(&two, 0) };
        let weight = train(&[weight], &settings(Output::OneOf));
        assert_eq!(weight, Err(LinearError::NotPositive { name: "weight" }));
    }
}
