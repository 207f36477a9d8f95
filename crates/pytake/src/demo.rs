//! The demo shop: what a fresh database knows, so that the first question gets a sensible reply.

use pytake_assistant::answers::ApprovedAnswer;
use pytake_assistant::tenant::TenantProfile;

#[derive(serde::Deserialize)]
struct DemoShop {
    profile: TenantProfile,
    answers: Vec<ApprovedAnswer>,
}

/// Profile and approved answers of a shop that does not exist.
pub(crate) fn demo_shop() -> (TenantProfile, Vec<ApprovedAnswer>) {
    let shop: DemoShop = serde_json::from_str(include_str!("../data/demo_shop.json"))
        .expect("the file is part of the build and read by the test below");
    (shop.profile, shop.answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_of_the_demo_speaks_three_languages() {
        let (profile, answers) = demo_shop();
        assert_eq!(profile.business_name, "Casa Aurora");
        assert!(answers.len() >= 10 && answers.iter().all(|answer| answer.answers.len() == 3));
    }
}
