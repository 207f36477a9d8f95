//! What a tenant's terms change: who is asked, for which model, with whose key.

use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;

use super::fakes::{Act, Bench, Fake, answer, fail, fail_for, failure};
use crate::id::TenantId;
use crate::money::ModelCatalog;
use crate::provider::FailureKind;
use crate::router::{OwnKey, RouteFailureReason, RoutedCall, RouterConfig, Terms};
use crate::tenant::ProviderRules;

fn allowed(names: &[&str]) -> Terms {
    let allowed = names.iter().map(|name| (*name).to_owned()).collect();
    Terms { rules: ProviderRules { allowed, ..ProviderRules::default() }, ..Terms::default() }
}

fn models(provider: &str, names: &[&str]) -> Terms {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let rules = ProviderRules { models: [(provider.to_owned(), names)].into(), ..ProviderRules::default() };
    Terms { rules, ..Terms::default() }
}

/// With an own key at a provider; an empty one cannot be opened.
fn own(provider: &str, key: &str, version: u64) -> Terms {
    let secret = (!key.is_empty()).then(|| key.into());
    Terms { own_keys: [(provider.to_owned(), OwnKey { version, secret })].into(), ..Terms::default() }
}

fn by(bench: &Bench, tenant: &str, terms: Terms) -> RoutedCall {
    let tenant = TenantId::new(tenant).unwrap();
    RoutedCall { tenant, terms: Arc::new(terms), ..bench.call() }
}

fn keys(fake: &Fake) -> Vec<Option<String>> {
    let key = |key: &secrecy::SecretString| key.expose_secret().to_owned();
    fake.requests.lock().iter().map(|request| request.key.as_ref().map(key)).collect()
}

#[tokio::test(start_paused = true)]
async fn only_allowed_providers_are_asked_in_the_tenants_order_and_local_last() {
    let (a, b) = (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [fail(FailureKind::Malformed)]));
    let c = Fake::remote("c", [fail(FailureKind::Malformed)]);
    let bench = Bench::new(&[&a, &b, &c, &Fake::local()]);
    let routed = answer(bench.router.complete(by(&bench, "shop", allowed(&["c", "nobody", "b"]))).await);
    let asked: Vec<&str> = routed.attempts.iter().map(|attempt| attempt.provider.as_str()).collect();
    assert_eq!((asked, a.calls()), (vec!["c", "b", "local"], 0));
}

#[tokio::test(start_paused = true)]
async fn a_tenants_order_goes_before_weights() {
    let (a, b) = (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [Act::Answer("b")]));
    let config = RouterConfig { weights: vec![("a".to_owned(), 1)], ..RouterConfig::default() };
    let bench = Bench::with(&[&a, &b], config, ModelCatalog::default());
    answer(bench.router.complete(by(&bench, "shop", allowed(&["b"]))).await);
    assert_eq!((a.calls(), b.calls()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_terms_do_not_allow_is_refused_by_field_and_nobody_is_asked() {
    let (a, b) = (Fake::remote("a", [Act::Answer("a")]), Fake::remote("b", [Act::Answer("b")]));
    let bench = Bench::new(&[&a, &b, &Fake::local()]);
    let preferred = RoutedCall { preferred: Some("b".to_owned()), ..by(&bench, "shop", allowed(&["a"])) };
    let large = Some("large".to_owned());
    let model = RoutedCall { model: large.clone(), ..by(&bench, "shop", models("a", &["small", "medium"])) };
    for (call, expected, hint) in [(preferred, "preferred_provider", "a"), (model, "model", "small, medium")]
    {
        let RouteFailureReason::NotAllowed { field, problem } =
            failure(bench.router.complete(call).await).reason
        else {
            panic!("{expected} was allowed");
        };
        assert!(field == expected && problem.contains(hint), "{field}: {problem}");
    }
    assert_eq!((a.calls(), b.calls()), (0, 0));
    let elsewhere = RoutedCall { model: large, ..by(&bench, "shop", models("b", &["small"])) };
    answer(bench.router.complete(elsewhere).await);
    assert_eq!(&*a.requests.lock()[0].model, "large", "the rules are about another provider");
    let local = RoutedCall { preferred: Some("local".to_owned()), ..by(&bench, "shop", allowed(&["a"])) };
    assert_eq!(answer(bench.router.complete(local).await).provider, "local");
}

#[tokio::test(start_paused = true)]
async fn the_first_allowed_model_is_the_default_and_an_allowed_one_is_used() {
    let a = Fake::remote("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a]);
    let terms = || models("a", &["small", "medium"]);
    answer(bench.router.complete(by(&bench, "shop", terms())).await);
    let named = RoutedCall { model: Some("medium".to_owned()), ..by(&bench, "shop", terms()) };
    answer(bench.router.complete(named).await);
    let asked: Vec<String> = a.requests.lock().iter().map(|request| request.model.to_string()).collect();
    assert_eq!(asked, ["small", "medium"]);
}

#[tokio::test(start_paused = true)]
async fn a_tenants_own_key_goes_with_its_calls_and_with_nobody_elses() {
    let a = Fake::remote("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a]);
    answer(bench.router.complete(by(&bench, "shop", own("a", "sk-shop", 1))).await);
    answer(bench.router.complete(by(&bench, "other", Terms::default())).await);
    answer(bench.hear(by(&bench, "shop", own("a", "sk-shop", 1))).await.1);
    assert_eq!(keys(&a), [Some("sk-shop".to_owned()), None, Some("sk-shop".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_own_key_benches_the_provider_for_nobody_else_and_is_forgotten_with_the_key() {
    let a = Fake::remote("a", [fail(FailureKind::Auth), Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    let provider =
        async |tenant, terms| answer(bench.router.complete(by(&bench, tenant, terms)).await).provider;
    assert_eq!(provider("shop", own("a", "sk-bad", 1)).await, "local");
    assert_eq!(provider("shop", own("a", "sk-bad", 1)).await, "local");
    assert_eq!(a.calls(), 1, "benched for the tenant");
    assert_eq!(provider("other", Terms::default()).await, "a");
    assert_eq!(provider("third", own("a", "sk-bad", 1)).await, "a", "the same version of another tenant");
    assert_eq!(provider("shop", own("a", "sk-good", 2)).await, "a");
    let status = bench.router.status();
    assert!(status[0].error_rate.abs() < f64::EPSILON, "the server's view is of the server's key");
}

#[tokio::test(start_paused = true)]
async fn a_broken_server_key_does_not_keep_a_tenants_own_key_away() {
    let a = Fake::remote("a", [fail(FailureKind::Auth), Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    assert_eq!(answer(bench.ask().await).provider, "local");
    assert_eq!(answer(bench.router.complete(by(&bench, "shop", own("a", "sk-shop", 1))).await).provider, "a");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_opened_is_not_replaced_by_the_servers() {
    let a = Fake::remote("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    let call = RoutedCall { preferred: Some("a".to_owned()), ..by(&bench, "shop", own("a", "", 1)) };
    assert_eq!(answer(bench.router.complete(call).await).provider, "local");
    assert_eq!(a.calls(), 0);
    assert!(!bench.router.has_remote(&own("a", "", 1)) && bench.router.has_remote(&Terms::default()));
}

#[tokio::test(start_paused = true)]
async fn a_provider_without_a_server_key_is_there_for_tenants_with_their_own() {
    let a = Fake::without_key("a", [Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    assert!(!bench.router.has_remote(&Terms::default()) && bench.router.has_remote(&own("a", "sk", 1)));
    assert_eq!(answer(bench.ask().await).provider, "local");
    assert_eq!(answer(bench.router.complete(by(&bench, "shop", own("a", "sk", 1))).await).provider, "a");
    let named = RoutedCall { preferred: Some("a".to_owned()), ..bench.call() };
    let reason = failure(bench.router.complete(named).await).reason;
    assert!(matches!(reason, RouteFailureReason::NotAllowed { field: "preferred_provider", .. }));
}

#[tokio::test(start_paused = true)]
async fn the_operators_limit_is_for_the_servers_key_and_the_vendors_word_for_both() {
    let a = Fake::limited("a", 1, [Act::Answer("a")]);
    let bench = Bench::new(&[&a, &Fake::local()]);
    for _ in 0..20 {
        answer(bench.router.complete(by(&bench, "shop", own("a", "sk", 1))).await);
    }
    assert_eq!(a.calls(), 20);
    a.act(fail_for(FailureKind::RateLimited, Duration::from_mins(10)));
    for _ in 0..5 {
        assert_eq!(
            answer(bench.router.complete(by(&bench, "shop", own("a", "sk", 1))).await).provider,
            "local"
        );
    }
    assert_eq!(a.calls(), 21);
}
