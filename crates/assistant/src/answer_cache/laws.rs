//! Laws of the cache: whatever is asked, kept and changed in whatever order, an answer is given only where everything it
//! depends on is equal, and nothing personal gets in.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use proptest::prelude::*;
use pytake_understanding::language::Language;
use pytake_understanding::message::Message;
use pytake_understanding::retrieval::{Meaning, Question};

use super::*;
use crate::analysis::Subject;
use crate::clock::TestClock;
use crate::id::MessageId;
use crate::intent_models::IntentReader;
use crate::tenant_view::TenantView;

/// Everything an answer depends on, each part of two values, and one of four questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct World {
    tenant: bool,
    version: bool,
    prompt: bool,
    system: bool,
    model: bool,
    filter: bool,
    language: bool,
    channel: bool,
    temperature: bool,
    question: u8,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask(World),
    Keep(World),
    Forget(bool),
    Wait,
}

static MEANING: LazyLock<Meaning> = LazyLock::new(|| Meaning::of(&Message::new("quanto custa o frete?")));

impl World {
    fn tenant(self) -> TenantId {
        TenantId::new(if self.tenant { "sol" } else { "lua" }).unwrap()
    }

    fn scope(self) -> Scope {
        let either = |is: bool| if is { "a" } else { "b" };
        Scope::of(&Parts {
            tenant: &self.tenant(),
            tenant_version: i64::from(self.version),
            prompt: either(self.prompt),
            system: either(self.system),
            preferred: None,
            may_fall_back: true,
            model: self.model.then_some("m"),
            rules: "{}",
            max_output_tokens: 2_000,
            is_bound_chosen: false,
            temperature: if self.temperature { 0.7 } else { 0.0 },
            filter: either(self.filter),
            language: either(self.language),
            channel: either(self.channel),
        })
    }

    /// Questions 0 and 1, 2 and 3 ask the same.
    fn asked(self) -> Asked {
        let wording = (self.question / 2).to_string();
        Asked {
            exact: self.question.to_string(),
            same: Some(Question { wording, meaning: MEANING.clone() }),
            fact: String::new(),
        }
    }

    fn answer(self) -> Arc<KeptAnswer> {
        Arc::new(KeptAnswer {
            text: format!("{self:?}"),
            provider: "openai".to_owned(),
            model: "m".to_owned(),
            booked_model: "m".to_owned(),
            confidence: None,
            message: MessageId::new("m").unwrap(),
            cost: None,
            meaning: Some(MEANING.clone()),
        })
    }
}

fn world() -> impl Strategy<Value = World> {
    // Mostly equal worlds, so that there is something to find.
    let rarely = || prop::bool::weighted(0.15);
    let first = (prop::bool::ANY, rarely(), rarely(), rarely(), rarely());
    let second = (rarely(), rarely(), rarely(), rarely(), 0..4_u8);
    (first, second).prop_map(
        |((tenant, version, prompt, system, model), (filter, language, channel, temperature, question))| {
            World { tenant, version, prompt, system, model, filter, language, channel, temperature, question }
        },
    )
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => world().prop_map(Step::Ask),
        8 => world().prop_map(Step::Keep),
        1 => prop::bool::ANY.prop_map(Step::Forget),
        1 => Just(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn an_answer_never_crosses_a_border(steps in prop::collection::vec(step(), 1..80), room in 1..12_usize) {
        let clock = TestClock::at(Timestamp::UNIX_EPOCH);
        let bounds = CacheBounds { ttl: Duration::from_secs(10), max_bytes: room * 2_500 };
        let cache = AnswerCache::in_memory(bounds, Arc::new(clock.clone()));
        let mut kept: Vec<World> = Vec::new();
        for step in steps {
            match step {
                Step::Keep(world) => {
                    let (tenant, scope, asked) = (world.tenant(), world.scope(), world.asked());
                    cache.keep(&tenant, &scope, &asked, world.answer()).now_or_never().expect("no wait");
                    kept.push(world);
                }
                Step::Ask(world) => {
                    let (tenant, scope, asked) = (world.tenant(), world.scope(), world.asked());
                    let found = cache.find(&tenant, &scope, &asked).now_or_never().expect("no wait");
                    match found {
                        Some((answer, Match::Exact)) => prop_assert_eq!(&answer.text, &format!("{world:?}")),
                        Some((answer, Match::Similar(_))) => {
                            let other = World { question: world.question ^ 1, ..world };
                            prop_assert_eq!(&answer.text, &format!("{other:?}"));
                        }
                        None => {}
                    }
                    if found_is_stale(&kept, world) {
                        prop_assert!(cache.find(&tenant, &scope, &asked).now_or_never().expect("no wait").is_none());
                    }
                }
                Step::Forget(is_sol) => {
                    let tenant = TenantId::new(if is_sol { "sol" } else { "lua" }).unwrap();
                    cache.forget(&tenant).now_or_never().expect("no wait");
                    kept.retain(|world| world.tenant != is_sol);
                }
                Step::Wait => {
                    clock.advance(Duration::from_secs(10));
                    kept.clear();
                }
            }
        }
    }

    #[test]
    fn nothing_personal_gets_in(
        before in "[a-z ]{0,20}",
        personal in prop_oneof![
            "[a-z]{3,8}@[a-z]{3,8}\\.com",
            "\\(11\\) 9[0-9]{4}-[0-9]{4}",
            "\\+55 21 9[0-9]{8}",
            "pedido #[0-9]{5,8}",
            "[0-9]{5}-[0-9]{3}",
            "[0-9]{3}\\.[0-9]{3}\\.[0-9]{3}-[0-9]{2}",
            "meu nome é (Ana|João|Maria) (Souza|Lima)",
            "rua das flores, [1-9][0-9]{2}",
            "https://example\\.com/[a-z0-9]{6}",
            "nasci em [0-2][1-9]/0[1-9]/19[5-9][0-9]",
            "AA[0-9]{9}BR",
        ],
        after in "[a-z ]{0,20}",
    ) {
        let text = format!("{before} {personal} {after}?");
        prop_assert_eq!(read(&text), None, "{}", text);
    }
}

/// True where nothing that was kept and not forgotten could answer.
fn found_is_stale(kept: &[World], asked: World) -> bool {
    let other = World { question: asked.question ^ 1, ..asked };
    !kept.contains(&asked) && !kept.contains(&other)
}

fn read(text: &str) -> Option<String> {
    let tenant = TenantView::of_nothing();
    let subject = Subject::new(text, &tenant, Arc::new(IntentReader::BuiltIn));
    let asked = Asked::of(&subject, Some(Language::Portuguese), true, "")?;
    Some(asked.exact)
}

#[test]
fn questions_that_many_ask_get_in() {
    for text in [
        "Qual o horário de funcionamento?",
        "Quanto custa o frete para Recife?",
        "Vocês abrem aos domingos?",
        "Aceita cartão em até 3x?",
        "How long does shipping take?",
        "¿Hacen envíos a Monterrey?",
        "tem camiseta tamanho M?",
    ] {
        assert!(read(text).is_some(), "{text}");
    }
}

#[test]
fn what_depends_on_the_moment_stays_out() {
    for text in ["vocês estão abertos agora?", "¿están abiertos ahora?", "are you open now?"] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn a_day_is_part_of_the_question() {
    let tenant = TenantView::of_nothing();
    let on = |day: &str| {
        let subject = Subject::new("vocês abrem amanhã?", &tenant, Arc::new(IntentReader::BuiltIn))
            .at(format!("{day}T12:00:00").parse().unwrap());
        Asked::of(&subject, Some(Language::Portuguese), false, "").map(|asked| asked.exact)
    };
    assert!(on("2026-11-22").is_some());
    assert_ne!(on("2026-11-22"), on("2026-11-23"));
    assert_eq!(on("2026-11-22"), on("2026-11-22"));
}

/// `cargo test -p pytake-assistant --lib what_a_look_takes -- --ignored --nocapture` prints the figures of docs/cache.md.
#[test]
#[ignore = "prints figures, proves nothing"]
fn what_a_look_takes() {
    use crate::clock::SystemClock;
    const TIMES: u32 = 2_000;
    let clock = SystemClock::new();
    let cache = AnswerCache::in_memory(CacheBounds::default(), Arc::new(clock));
    let world = |question| World {
        tenant: true,
        version: true,
        prompt: true,
        system: true,
        model: true,
        filter: true,
        language: true,
        channel: true,
        temperature: true,
        question,
    };
    let tenant = world(0).tenant();
    for number in 0..5_000_u32 {
        let asked = Asked { exact: format!("question {number}"), ..world(0).asked() };
        cache.keep(&tenant, &world(0).scope(), &asked, world(0).answer()).now_or_never().expect("no wait");
    }
    let timed = |what: &str, work: &mut dyn FnMut()| {
        let before = clock.elapsed();
        for _ in 0..TIMES {
            work();
        }
        let each = clock.elapsed().saturating_sub(before) / TIMES;
        println!("{what}: {:.1} us", each.as_secs_f64() * 1e6);
    };
    let view = TenantView::of_nothing();
    let subject =
        Subject::new("oi, quanto custa o frete para Recife?", &view, Arc::new(IntentReader::BuiltIn));
    timed("read a question, exact", &mut || {
        Asked::of(&subject, Some(Language::Portuguese), false, "");
    });
    timed("read a question, and what it means", &mut || {
        Asked::of(&subject, Some(Language::Portuguese), true, "");
    });
    timed("key and miss among 5,000", &mut || {
        let (scope, asked) = (world(1).scope(), Asked { same: None, ..world(1).asked() });
        assert!(cache.find(&tenant, &scope, &asked).now_or_never().expect("no wait").is_none());
    });
    timed("key, miss, and 16 wordings compared", &mut || {
        let (scope, asked) = (world(1).scope(), world(1).asked());
        assert!(cache.find(&tenant, &scope, &asked).now_or_never().expect("no wait").is_some());
    });
}
