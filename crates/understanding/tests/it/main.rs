//! Public behaviour of the crate, one module an area.

mod filter;
mod golden;
mod heads;
mod intents;
mod language;
mod laws;
mod screening;

use std::path::Path;

/// The lines of a labelled data set that lies beside the checkout; says loudly when it does not.
fn shared_data(path: &str) -> Option<Vec<serde_json::Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/nlu").join(path);
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: no {path} beside the checkout");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect())
}
