//! Who is asked first.

use super::fakes::{Act, Bench, Fake, answer, failure};
use crate::money::ModelCatalog;
use crate::router::{RouteFailureReason, RoutedCall, RouterConfig, Terms, Wish};
use crate::tenant::ModelChoice;

fn ordered(order: &[&str]) -> RouterConfig {
    let order = order.iter().map(|name| (*name).to_owned()).collect();
    RouterConfig { order, ..RouterConfig::default() }
}

#[tokio::test(start_paused = true)]
async fn the_operators_order_holds_and_local_is_last_wherever_it_stands() {
    let (a, b, local) =
        (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [Act::Answer("b")]), Fake::local());
    let bench = Bench::with(&[&a, &b, &local], ordered(&["local", "b", "a"]), ModelCatalog::default());
    assert_eq!(answer(bench.ask().await).provider, "b");
}

#[tokio::test(start_paused = true)]
async fn a_provider_left_out_of_the_order_is_asked_only_by_name() {
    let (a, b) = (Fake::remote("a", [Act::Hang]), Fake::remote("b", [Act::Answer("b")]));
    let bench = Bench::with(&[&a, &b, &Fake::local()], ordered(&["a"]), ModelCatalog::default());
    assert_eq!(answer(bench.ask().await).provider, "local");
    let call = RoutedCall { preferred: Some("b".to_owned()), ..bench.call() };
    assert_eq!(answer(bench.router.complete(call).await).provider, "b");
}

#[tokio::test(start_paused = true)]
async fn only_providers_that_are_asked_unnamed_count_as_remote_ones() {
    let (a, local) = (Fake::remote("a", [Act::Answer("a")]), Fake::local());
    let has_remote = |config| {
        Bench::with(&[&a, &local], config, ModelCatalog::default()).router.has_remote(&Terms::default())
    };
    assert!(has_remote(RouterConfig::default()));
    assert!(has_remote(ordered(&["a"])));
    assert!(!has_remote(ordered(&["local"])));
    let weights = vec![("a".to_owned(), 1)];
    assert!(has_remote(RouterConfig { weights, ..ordered(&["local"]) }));
}

#[tokio::test(start_paused = true)]
async fn local_is_first_for_whoever_asks_for_it() {
    let a = Fake::remote("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    let call = RoutedCall { preferred: Some("local".to_owned()), ..bench.call() };
    assert_eq!(answer(bench.router.complete(call).await).provider, "local");
    assert_eq!(a.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_named_model_goes_to_the_first_provider_only() {
    let a = Fake::remote("a", [super::fakes::fail(crate::provider::FailureKind::Malformed)]);
    let b = Fake::remote("b", [Act::Answer("b")]);
    let bench = Bench::new(&[&a, &b]);
    let call = RoutedCall { model: Some("special".to_owned()), ..bench.call() };
    answer(bench.router.complete(call).await);
    assert_eq!(&*a.requests.lock()[0].model, "special");
    assert_eq!(&*b.requests.lock()[0].model, "default");
}

#[tokio::test(start_paused = true)]
async fn turns_are_spread_by_weight() {
    let (a, b) = (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [Act::Answer("b")]));
    let weights = vec![("a".to_owned(), 3), ("b".to_owned(), 1)];
    let config = RouterConfig { weights, ..RouterConfig::default() };
    let bench = Bench::with(&[&a, &b, &Fake::local()], config, ModelCatalog::default());
    for _ in 0..100 {
        answer(bench.ask().await);
    }
    assert_eq!((a.calls(), b.calls()), (75, 25));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_name_and_an_empty_chain_say_so() {
    let a = Fake::remote("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a]);
    let unknown = RoutedCall { preferred: Some("x".to_owned()), ..bench.call() };
    let reason = failure(bench.router.complete(unknown).await).reason;
    assert_eq!(reason, RouteFailureReason::UnknownProvider("x".to_owned()));
    let unpaid = RoutedCall { remote_allowed: false, ..bench.call() };
    let reason = failure(bench.router.complete(unpaid).await).reason;
    assert_eq!((reason, a.calls()), (RouteFailureReason::NoProvider, 0));
}

#[tokio::test(start_paused = true)]
async fn a_used_up_budget_leaves_local() {
    let a = Fake::remote("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    let call = RoutedCall { remote_allowed: false, ..bench.call() };
    assert_eq!(answer(bench.router.complete(call).await).provider, "local");
    let summary = RoutedCall { local_allowed: false, remote_allowed: false, ..bench.call() };
    assert!(bench.router.complete(summary).await.is_err());
}

fn choice(provider: &str, model: &str) -> ModelChoice {
    ModelChoice { provider: provider.to_owned(), model: model.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn what_the_money_does_not_cover_is_not_asked() {
    let (a, b) = (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [Act::Answer("b")]));
    let bench = Bench::new(&[&a, &b, &Fake::local()]);
    let covered = |choices: &[ModelChoice]| RoutedCall { covered: Some(choices.into()), ..bench.call() };
    let of_b = covered(&[choice("b", "default")]);
    assert_eq!(answer(bench.router.complete(of_b).await).provider, "b");
    let other_model = covered(&[choice("a", "special"), choice("c", "default")]);
    assert_eq!(answer(bench.router.complete(other_model).await).provider, "local");
    let of_nobody = RoutedCall { local_allowed: false, ..covered(&[]) };
    let reason = failure(bench.router.complete(of_nobody).await).reason;
    assert_eq!((reason, a.calls(), b.calls()), (RouteFailureReason::NoProvider, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_a_call_may_end_up_with_is_known_before() {
    let (a, b) = (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [Act::Answer("b")]));
    let weights = vec![("b".to_owned(), 1)];
    let config = RouterConfig { weights, ..ordered(&["a"]) };
    let bench = Bench::with(&[&a, &b, &Fake::local()], config, ModelCatalog::default());
    let terms = Terms::default();
    let anybody = Wish { preferred: None, fallback: true, model: None, terms: &terms };
    let (of_a, of_b) = (choice("a", "default"), choice("b", "default"));
    let reachable = |wish: Wish<'_>| bench.router.reachable(&wish);
    assert_eq!(reachable(anybody), [of_a.clone(), of_b.clone()], "also who has a weight only");
    let b_alone = Wish { preferred: Some("b"), fallback: false, ..anybody };
    assert_eq!(reachable(b_alone), std::slice::from_ref(&of_b));
    let special = Wish { model: Some("special"), ..b_alone };
    assert_eq!(reachable(special), [choice("b", "special"), of_b]);
    assert_eq!(reachable(Wish { preferred: Some("local"), ..b_alone }), []);
    assert_eq!(reachable(Wish { preferred: Some("x"), ..b_alone }), []);
    assert!(reachable(Wish { preferred: Some("auto"), ..anybody }).contains(&of_a));
}
