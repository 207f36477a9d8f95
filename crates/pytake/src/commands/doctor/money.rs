//! Whether the books of the month agree, and whether caps can hold.

use pytake::Wired;
use pytake_assistant::Clock;
use pytake_assistant::clock::{SystemClock, utc_day};
use pytake_assistant::id::TenantId;
use pytake_assistant::ledger::{Ledger, UsageKey, UsageQuery};
use pytake_assistant::tenant::Tenants;
use pytake_store::{Audit, StorageError};

use super::Findings;

pub(super) async fn money(findings: &mut Findings, wired: &Wired) {
    match books(wired).await {
        Ok(Books { broken, tenants, .. }) if broken.is_empty() => {
            Findings::good("books", &format!("ledger and sums of this month agree for {tenants} tenants"));
        }
        Ok(Books { broken, .. }) => findings.bad(
            "books",
            &format!("ledger and sums of this month differ for {}", broken.join(", ")),
            "the ledger counts: keep a copy of the database and report this",
        ),
        Err(error) => findings.bad("books", &error.to_string(), "see database"),
    }
    match unpriced(wired).await {
        Ok(models) if models.is_empty() => {}
        Ok(models) => {
            for (tenant, names) in models {
                let found = format!("{tenant} has a cap, so these are not asked: {}", names.join(", "));
                Findings::note("no price", &found);
            }
        }
        Err(error) => findings.bad("budgets", &error.to_string(), "see database"),
    }
}

struct Books {
    tenants: usize,
    /// Tenants whose sums differ.
    broken: Vec<String>,
}

/// Sums the month of every tenant twice.
async fn books(wired: &Wired) -> Result<Books, StorageError> {
    let today = utc_day(SystemClock::new().now());
    let keys = [UsageKey::Day, UsageKey::User, UsageKey::Provider, UsageKey::Model, UsageKey::Operation];
    let query = UsageQuery {
        from: Some(today.first_of_month()),
        to: Some(today.last_of_month()),
        user: None,
        group_by: keys.to_vec(),
    };
    let tenants = wired.store.tenants().await?;
    let mut broken = Vec::new();
    for tenant in &tenants {
        if !agrees(wired, tenant, &query).await? {
            broken.push(tenant.to_string());
        }
    }
    Ok(Books { tenants: tenants.len(), broken })
}

/// Compares twice, because a running server may book something between the two sums.
async fn agrees(wired: &Wired, tenant: &TenantId, query: &UsageQuery) -> Result<bool, StorageError> {
    for _ in 0..2 {
        let rolled_up = wired.store.usage(tenant, query.clone()).await?;
        if rolled_up == wired.store.usage_from_ledger(tenant, query.clone()).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tenants with a cap, and the models that are therefore not asked.
async fn unpriced(wired: &Wired) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut found = Vec::new();
    for tenant in wired.store.tenants().await? {
        let report = wired.assistant.budget(&tenant, None).await?;
        if report.is_capped && !report.unpriced_models.is_empty() {
            let name = |choice: &pytake_assistant::tenant::ModelChoice| {
                format!("{} of {}", choice.model, choice.provider)
            };
            found.push((tenant.to_string(), report.unpriced_models.iter().map(name).collect()));
        }
    }
    Ok(found)
}
