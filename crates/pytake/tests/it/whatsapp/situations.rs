//! One situation a test: what the scenarios of others ask for, with posts of our own.

use std::time::Duration;

use pytake_simulator::{
    Business, Customer, GraphOptions, On, Reaction, Reports, State, Written, echo_post, join, post,
    status_post,
};
use serde_json::{Value, json};

use super::{QUIET, app, app_with, conversations, said, second_business, texts};

const NOW: u64 = 1_795_348_800;

fn ana() -> Customer {
    Customer::default()
}

/// One text of Ana, so many seconds after noon.
fn text(id: &str, after: u64, body: &str) -> Value {
    post(&Business::default(), &ana(), &[Written::text(id, NOW + after, body)])
}

#[tokio::test]
async fn a_burst_of_five_texts_is_answered_once_and_kept_in_order() {
    let app = app().await;
    let burst = ["oi", "tudo bem?", "comprei um tênis ontem", "quanto custa o frete?", "obrigada"];
    for (place, body) in (0..).zip(burst) {
        app.webhooks.deliver(&text(&format!("wamid.B{place}"), place, body)).await;
        tokio::time::sleep(QUIET / 6).await;
    }
    app.wait_for_quiet().await;
    let sent = app.graph.sent();
    assert_eq!(sent.len(), 1, "{:?}", texts(&sent));
    assert!(sent[0].shown.text.starts_with("Você está falando com o assistente virtual de Loja Sol."));
    assert!(sent[0].shown.text.contains("R$ 12,00"), "{}", sent[0].shown.text);
    let known = conversations(&app).await;
    assert_eq!(known.len(), 1);
    assert_eq!(said(&known[0], "user"), burst);
    assert_eq!(said(&known[0], "assistant"), [sent[0].shown.text.as_str()]);
}

#[tokio::test]
async fn a_message_that_is_delivered_three_times_is_answered_and_booked_once() {
    let app = app().await;
    let message = text("wamid.D1", 0, "quanto custa o frete?");
    let deliveries = app.webhooks.deliver_times(&message, 3).await;
    assert!(deliveries.iter().all(|delivery| delivery.answer.status() == Some(200)));
    app.wait_for_quiet().await;
    app.webhooks.deliver(&message).await;
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 1);
    let user = conversations(&app).await[0]["user_id"].as_str().unwrap().to_owned();
    let usage = app.app.get(&format!("/api/v1/ai/usage/{user}")).await.json();
    assert_eq!(usage["total_requests"], 1);
}

#[tokio::test]
async fn messages_that_arrive_out_of_order_are_read_in_the_order_they_were_written() {
    let app = app().await;
    for (id, after, body) in
        [("2", 2, "o número é 4471"), ("1", 1, "quero saber do frete"), ("3", 3, "comprado dia 5")]
    {
        app.webhooks.deliver(&text(&format!("wamid.O{id}"), after, body)).await;
    }
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 1);
    let known = conversations(&app).await;
    assert_eq!(said(&known[0], "user"), ["quero saber do frete", "o número é 4471", "comprado dia 5"]);
}

#[tokio::test]
async fn a_message_that_arrives_while_a_draft_is_made_gets_one_reply_with_all() {
    let app = app().await;
    app.webhooks.deliver(&text("wamid.V1", 0, "quanto custa o frete?")).await;
    app.webhooks.deliver(&text("wamid.V2", 1, "e qual o horário?")).await;
    app.wait_for_quiet().await;
    app.webhooks.deliver(&text("wamid.V3", 2, "obrigada")).await;
    app.wait_for_quiet().await;
    let known = conversations(&app).await;
    assert_eq!(said(&known[0], "user"), ["quanto custa o frete?", "e qual o horário?", "obrigada"]);
    assert_eq!(app.graph.sent().len(), 2);
}

#[tokio::test]
async fn the_ninth_digit_makes_no_other_person_and_the_answer_goes_where_it_came_from() {
    let app = app().await;
    let saved = Customer { phone: Some("5531988887777".to_owned()), user_id: None, ..ana() };
    let known_as = Customer { phone: Some("553188887777".to_owned()), user_id: None, ..ana() };
    app.webhooks
        .deliver(&post(&Business::default(), &saved, &[Written::text("wamid.N0", NOW, "qual o horário?")]))
        .await;
    app.wait_for_quiet().await;
    app.webhooks
        .deliver(&post(&Business::default(), &known_as, &[Written::text("wamid.N1", NOW + 60, "e o frete?")]))
        .await;
    app.wait_for_quiet().await;
    let sent = app.graph.sent();
    let to: Vec<&str> = sent.iter().map(|message| message.recipient.as_str()).collect();
    assert_eq!(to, ["5531988887777", "553188887777"]);
    assert_eq!(conversations(&app).await.len(), 1);
}

#[tokio::test]
async fn a_person_known_by_telephone_and_then_by_user_name_alone_stays_one() {
    let app = app().await;
    let both =
        Customer { phone: Some("5511911112222".to_owned()), user_id: Some("BR.777".to_owned()), ..ana() };
    let name_only = Customer { phone: None, username: Some("@bia.souza".to_owned()), ..both.clone() };
    app.webhooks
        .deliver(&post(&Business::default(), &both, &[Written::text("wamid.I1", NOW, "oi, sou a Bia")]))
        .await;
    app.wait_for_quiet().await;
    app.webhooks
        .deliver(&post(
            &Business::default(),
            &name_only,
            &[Written::text("wamid.I2", NOW + 3_600, "e o frete?")],
        ))
        .await;
    app.wait_for_quiet().await;
    let known = conversations(&app).await;
    assert_eq!(known.len(), 1);
    assert_eq!(said(&known[0], "user"), ["oi, sou a Bia", "e o frete?"]);
    let last = app.graph.sent().pop().unwrap();
    assert!(["5511911112222", "BR.777"].contains(&last.recipient.as_str()), "{}", last.recipient);
}

#[tokio::test]
async fn two_customers_that_turn_out_to_be_one_become_one() {
    let app = app().await;
    let by_phone = Customer { user_id: None, ..ana() };
    let by_id = Customer { phone: None, ..ana() };
    app.webhooks
        .deliver(&post(&Business::default(), &by_phone, &[Written::text("wamid.M1", NOW, "qual o horário?")]))
        .await;
    app.webhooks
        .deliver(&post(&Business::default(), &by_id, &[Written::text("wamid.M2", NOW + 1, "e o frete?")]))
        .await;
    app.wait_for_quiet().await;
    assert_eq!(conversations(&app).await.len(), 2);
    app.webhooks.deliver(&text("wamid.M3", 2, "obrigada")).await;
    app.wait_for_quiet().await;
    let known = conversations(&app).await;
    assert_eq!(known.len(), 1);
    assert_eq!(said(&known[0], "user").len(), 3, "{:#}", known[0]);
}

#[tokio::test]
async fn a_person_who_answers_from_the_phone_app_has_the_conversation() {
    let app = app().await;
    app.webhooks.deliver(&text("wamid.H1", 0, "quero falar com atendente")).await;
    app.wait_for_quiet().await;
    assert!(app.graph.sent()[0].shown.text.contains("pessoa da equipe"), "{:?}", texts(&app.graph.sent()));
    app.webhooks
        .deliver(&echo_post(
            &Business::default(),
            &ana(),
            "wamid.HE",
            NOW + 30,
            "Oi Ana, aqui é o João da loja",
        ))
        .await;
    app.webhooks.deliver(&text("wamid.H2", 50, "oi João!")).await;
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 1, "the assistant is silent: {:?}", texts(&app.graph.sent()));
    let known = &conversations(&app).await[0];
    assert_eq!((&known["attendant"], &known["state"]), (&json!("human"), &json!("human")));
    assert_eq!(said(known, "user"), ["quero falar com atendente", "oi João!"]);
    assert!(said(known, "assistant").contains(&"Oi Ana, aqui é o João da loja"));

    let id = known["id"].as_str().unwrap();
    let back =
        app.app.post(&format!("/api/v1/ai/conversations/{id}/handoff"), json!({"to": "assistant"})).await;
    assert_eq!(back.status, 200);
    app.webhooks.deliver(&text("wamid.H3", 90, "quanto custa o frete?")).await;
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 2, "handed back, it answers again");
}

#[tokio::test]
async fn what_an_operator_writes_reaches_the_customer() {
    let app = app().await;
    app.webhooks.deliver(&text("wamid.P1", 0, "atendente")).await;
    app.wait_for_quiet().await;
    let id = conversations(&app).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/ai/conversations/{id}/messages");
    let written = app.app.post(&path, json!({"message": "Olá, aqui é a Bia. Como posso ajudar?"})).await;
    assert_eq!(written.status, 201, "{}", written.text);
    app.wait_for_quiet().await;
    let sent = app.graph.sent();
    assert_eq!(sent.last().unwrap().shown.text, "Olá, aqui é a Bia. Como posso ajudar?");
    let outbox = app.app.get("/api/v1/whatsapp/outbox").await.json();
    assert_eq!(outbox["items"][0]["kind"], "person", "{outbox:#}");
    assert_eq!(outbox["items"][0]["state"], "read", "{outbox:#}");
}

#[tokio::test]
async fn reports_in_any_order_never_move_a_message_back() {
    let app = app().await;
    for state in [State::Read, State::Sent, State::Delivered, State::Read] {
        let report = status_post(&Business::default(), &ana(), "wamid.OUT77", state, NOW, None);
        app.webhooks.deliver(&report).await;
    }
    let found = app.app.get("/api/v1/whatsapp/numbers/106540352242922/messages/wamid.OUT77").await;
    assert_eq!(found.json(), json!({"state": "read"}));
    let other = app.app.get("/api/v1/whatsapp/numbers/106540352242933/messages/wamid.OUT77").await;
    assert_eq!(other.status, 404, "another tenant's number");
}

#[tokio::test]
async fn one_body_with_two_accounts_is_answered_by_both() {
    let app = app().await;
    let luis = Customer {
        name: Some("Luis".to_owned()),
        phone: Some("5215512345678".to_owned()),
        user_id: None,
        username: None,
    };
    let body = join(&[
        post(
            &Business::default(),
            &ana(),
            &[
                Written::text("wamid.J1", NOW, "qual o horário"),
                Written::text("wamid.J2", NOW + 1, "e o frete?"),
            ],
        ),
        status_post(&Business::default(), &ana(), "wamid.OUT01", State::Delivered, NOW, None),
        post(
            &second_business(),
            &luis,
            &[Written::text("wamid.J3", NOW + 2, "Hola, ¿dónde está mi pedido?")],
        ),
    ]);
    app.webhooks.deliver(&body).await;
    app.wait_for_quiet().await;
    let sent = app.graph.sent();
    assert_eq!(sent.len(), 2, "{:?}", texts(&sent));
    assert_eq!(app.graph.sent_to("5511987654321")[0].number, Business::default().number);
    assert_eq!(app.graph.sent_to("5215512345678")[0].number, second_business().number);
    assert_eq!(conversations(&app).await.len(), 1, "the other one is another tenant's");
}

#[tokio::test]
async fn a_model_that_offers_buttons_is_pressed() {
    let app = app().await;
    app.webhooks.deliver(&text("wamid.C1", 0, "vocês vendem foguetes?")).await;
    app.wait_for_quiet().await;
    let offer = app.graph.sent().pop().unwrap();
    let choice =
        offer.shown.choices.first().unwrap_or_else(|| panic!("no buttons: {:?}", offer.shown)).clone();
    let pressed =
        Written::chosen("wamid.C2", NOW + 9, &choice, false, &Business::default(), &offer.message_id);
    app.webhooks.deliver(&post(&Business::default(), &ana(), &[pressed])).await;
    app.wait_for_quiet().await;
    let known = &conversations(&app).await[0];
    assert_eq!(known["state"], "waiting", "a yes to the offer calls a person: {known:#}");
}

#[tokio::test]
async fn a_stop_word_stops_and_is_confirmed_once() {
    let app = app().await;
    app.webhooks.deliver(&text("wamid.S1", 0, "PARAR")).await;
    app.wait_for_quiet().await;
    app.webhooks.deliver(&text("wamid.S2", 60, "parar")).await;
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 1, "{:?}", texts(&app.graph.sent()));
    let id = conversations(&app).await[0]["id"].as_str().unwrap().to_owned();
    let known = app.app.get(&format!("/api/v1/whatsapp/conversations/{id}")).await.json();
    assert!(known["opted_out_at"].is_string(), "{known:#}");
}

#[tokio::test]
async fn a_send_that_fails_for_a_moment_is_tried_again_and_arrives_once() {
    let app = app().await;
    app.graph.react(On::Send, Reaction::error(131_000));
    app.webhooks.deliver(&text("wamid.F1", 0, "quanto custa o frete?")).await;
    assert!(app.graph.wait_for_sent(1, Duration::from_secs(15)).await);
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 1);
    assert!(app.graph.duplicates().is_empty());
}

#[tokio::test]
async fn an_answer_of_meta_that_never_comes_is_settled_by_the_report() {
    let app = app_with(GraphOptions { reports: Reports::all(), ..GraphOptions::default() }).await;
    app.graph.react(On::Send, Reaction::AcceptAndClose);
    app.webhooks.deliver(&text("wamid.U1", 0, "quanto custa o frete?")).await;
    app.wait_for_quiet().await;
    // Longer than the 2 s after which it would be sent once more.
    tokio::time::sleep(Duration::from_secs(4)).await;
    app.wait_for_quiet().await;
    assert_eq!(app.graph.sent().len(), 1, "the report named it");
    let row = &app.app.get("/api/v1/whatsapp/outbox").await.json()["items"][0];
    assert_eq!((&row["state"], &row["is_possible_duplicate"]), (&json!("read"), &json!(false)), "{row:#}");
}

#[tokio::test]
async fn without_a_report_it_is_sent_once_more_and_marked() {
    let app = app_with(GraphOptions { reports: Reports::off(), ..GraphOptions::default() }).await;
    app.graph.react(On::Send, Reaction::AcceptAndClose);
    app.webhooks.deliver(&text("wamid.U2", 0, "quanto custa o frete?")).await;
    assert!(app.graph.wait_for_sent(2, Duration::from_secs(20)).await);
    app.wait_for_quiet().await;
    assert_eq!(app.graph.duplicates().len(), 1);
    let row = &app.app.get("/api/v1/whatsapp/outbox").await.json()["items"][0];
    assert_eq!(row["is_possible_duplicate"], true, "{row:#}");
}

#[tokio::test]
async fn a_message_that_failed_is_seen_and_can_be_sent_again() {
    let app = app().await;
    app.graph.react(On::Send, Reaction::error(131_026));
    app.webhooks.deliver(&text("wamid.R1", 0, "quanto custa o frete?")).await;
    app.wait_for_quiet().await;
    let failed = app.app.get("/api/v1/whatsapp/outbox?state=failed").await.json();
    assert_eq!(failed["items"][0]["code"], 131_026, "{failed:#}");
    let id = failed["items"][0]["id"].as_str().unwrap();
    assert_eq!(app.app.post(&format!("/api/v1/whatsapp/outbox/{id}/resend"), json!({})).await.status, 202);
    assert!(app.graph.wait_for_sent(1, Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_refused_token_stops_the_number_and_a_new_one_sends_what_waited() {
    let app = app().await;
    app.graph.react(On::Send, Reaction::error(190));
    app.webhooks.deliver(&text("wamid.T1", 0, "quanto custa o frete?")).await;
    app.wait_for_quiet().await;
    let numbers = app.app.get("/api/v1/whatsapp/numbers").await.json();
    assert!(numbers["items"][0]["stopped"].is_string(), "{numbers:#}");
    let path = "/api/v1/whatsapp/numbers/106540352242922";
    let put = app.app.send("PUT", path, None, Some(json!({"access_token": "a-new-token"}))).await;
    assert_eq!(put.status, 200, "{}", put.text);
    assert!(put.json()["stopped"].is_null() && !put.text.contains("a-new-token"));
    assert!(app.graph.wait_for_sent(1, Duration::from_secs(10)).await, "what waited is sent");
}
