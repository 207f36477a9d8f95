//! The scenario files beside the checkout.

use std::path::Path;

use pytake_simulator::{Scenario, Step};

#[test]
fn every_scenario_file_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/whatsapp/scenarios");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no data/whatsapp/scenarios beside the checkout");
        return;
    };
    let mut count = 0;
    for file in files {
        let path = file.unwrap().path();
        let scenario = Scenario::read(&path).unwrap();
        let posts = scenario.steps.iter().filter(|step| matches!(step, Step::Post(_))).count();
        assert!(posts > 0 && !scenario.about.is_empty(), "{}", path.display());
        assert!(!scenario.businesses().is_empty(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 9, "{count} files");
}

#[test]
fn every_recorded_webhook_is_a_scenario() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/whatsapp/webhooks");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("SKIPPED: no data/whatsapp/webhooks beside the checkout");
        return;
    };
    for file in files {
        let path = file.unwrap().path();
        let is_list = path.file_name().is_some_and(|name| name == "index.json");
        if !is_list && path.extension().is_some_and(|extension| extension == "json") {
            assert!(Scenario::read(&path).is_ok(), "{}", path.display());
        }
    }
}
