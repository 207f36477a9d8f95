//! The WhatsApp part: does each number's token work, does Meta send us its webhooks, may it send.

use pytake::config::Config;
use pytake::{Wired, adopt_number, channel};
use pytake_assistant::channel::NumberHealth;
use pytake_inbox::{Channel, NumberView};
use pytake_store::Tenants;

use super::Findings;

pub(super) async fn whatsapp(findings: &mut Findings, config: &Config, wired: &Wired) {
    let channel = match channel(config, wired) {
        Ok(channel) => channel,
        Err(error) => {
            return findings.bad("WhatsApp", &error.to_string(), "correct the variable named above");
        }
    };
    if let Err(error) = adopt_number(config, &channel).await {
        return findings.bad(
            "WhatsApp",
            &error.to_string(),
            "use another number, or ask its tenant's operator",
        );
    }
    match numbers(wired, &channel).await {
        Ok(numbers) if numbers.is_empty() => {
            Findings::note("WhatsApp", "no number: the channel is off; try pytake simulate");
        }
        Ok(numbers) => {
            for number in numbers {
                check(findings, &channel, &number).await;
            }
        }
        Err(error) => findings.bad("WhatsApp", &error.to_string(), "see database"),
    }
}

async fn numbers(wired: &Wired, channel: &Channel) -> anyhow::Result<Vec<NumberView>> {
    let mut numbers = Vec::new();
    for tenant in wired.store.tenants().await? {
        numbers.extend(channel.numbers(&tenant).await?);
    }
    Ok(numbers)
}

async fn check(findings: &mut Findings, channel: &Channel, number: &NumberView) {
    let what = format!("number {}", number.number);
    if let Some(why) = &number.stopped {
        let mend = "mend it at Meta, then POST /api/v1/whatsapp/numbers/{id}/resume, or set a new token";
        findings.bad(&what, &format!("does not send: {why}"), mend);
    }
    match channel.check_number(&number.tenant, &number.number).await {
        Ok(health) => told(findings, &what, number, &health),
        Err(error) => findings.bad(
            &what,
            &error.to_string(),
            "check the token and its permission whatsapp_business_messaging, the number's id and the network",
        ),
    }
}

fn told(findings: &mut Findings, what: &str, number: &NumberView, health: &NumberHealth) {
    let name = health.verified_name.as_deref().unwrap_or("a name that Meta does not tell");
    let quality = health.quality.as_deref().unwrap_or("unknown");
    Findings::good(what, &format!("the token works; {name}, quality {quality}, tenant {}", number.tenant));
    match health.is_subscribed {
        Some(true) => Findings::good(what, "webhooks of its account are subscribed"),
        Some(false) => findings.bad(
            what,
            "no app is subscribed to its account: no message arrives",
            "at Meta: WhatsApp, Configuration, Webhook; see docs/operations.md",
        ),
        None => {
            Findings::note(what, "set WHATSAPP_BUSINESS_ACCOUNT_ID to see whether webhooks are subscribed");
        }
    }
}
