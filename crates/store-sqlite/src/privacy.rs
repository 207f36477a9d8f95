//! What belongs to a customer: found in `subject`, handed over in `export`, erased in `erase` (with `traces`, what a
//! channel left of them, `rows` to delete, and `records` of what remains), kept apart afterwards in `tombstones`, and swept by
//! age in `retention` and `alone`.

mod alone;
mod erase;
mod export;
mod records;
mod retention;
mod rows;
mod subject;
pub(crate) mod tombstones;
mod traces;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::TenantId;
use pytake_assistant::{Author, Clock};
use pytake_store::{DataCounts, Erasure, ErasureRecord, ExportPage, ExportPlace, Privacy, Subject, Swept};

use crate::readers::in_snapshot;
use crate::store::SqliteStore;

#[async_trait]
impl Privacy for SqliteStore {
    async fn subject(&self, tenant: &TenantId, name: &str) -> Result<Option<Subject>, StorageError> {
        let (tenant, name) = (tenant.clone(), name.to_owned());
        self.read_long("look for the customer", move |connection| {
            in_snapshot(connection, |connection| {
                let is_in_batches = subject::is_in_batches(connection, &tenant, &name)?;
                subject::find(connection, &tenant, &name, is_in_batches)
            })
        })
        .await
    }

    async fn data_counts(&self, subject: &Subject) -> Result<DataCounts, StorageError> {
        let subject = subject.clone();
        self.read_long("count what is kept of the customer", move |connection| {
            export::counts(connection, &subject)
        })
        .await
    }

    async fn export_page(&self, subject: &Subject, from: ExportPlace) -> Result<ExportPage, StorageError> {
        let subject = subject.clone();
        self.read_long("read what is kept of the customer", move |connection| {
            export::page(connection, &subject, &from)
        })
        .await
    }

    async fn begin_erasure(
        &self,
        tenant: &TenantId,
        name: &str,
        author: &Author,
        at: Timestamp,
    ) -> Result<Option<Erasure>, StorageError> {
        let (tenant, name, author) = (tenant.clone(), name.to_owned(), author.clone());
        let (ids, hashes) = (self.ids.clone(), self.hashes.clone());
        let (of, whose) = (tenant.clone(), name.clone());
        let is_in_batches = self
            .read_long("look for the customer in batches", move |connection| {
                subject::is_in_batches(connection, &of, &whose)
            })
            .await?;
        self.write_durably("begin to erase the customer", move |connection| {
            let found = subject::find(connection, &tenant, &name, is_in_batches)?;
            let Some(subject) = found else { return Ok(None) };
            erase::begin(connection, subject, &author, at, &*ids, &hashes).map(Some)
        })
        .await
    }

    async fn erase(&self, erasure: &Erasure, clock: &dyn Clock) -> Result<ErasureRecord, StorageError> {
        erase::run(self, erasure, clock).await
    }

    async fn unfinished_erasures(&self) -> Result<Vec<Erasure>, StorageError> {
        self.read_long("look for erasures that did not end", records::unfinished).await
    }

    async fn erasures(&self, tenant: &TenantId, limit: u32) -> Result<Vec<ErasureRecord>, StorageError> {
        let tenant = tenant.clone();
        self.read_long("list the erasures", move |connection| {
            in_snapshot(connection, |connection| records::records(connection, &tenant, limit))
        })
        .await
    }

    async fn tenants_erased_since(&self, since: Timestamp) -> Result<Vec<TenantId>, StorageError> {
        self.read_long("look for tenants of erased customers", move |connection| {
            records::tenants_since(connection, since)
        })
        .await
    }

    async fn forget_deleted(&self) -> Result<bool, StorageError> {
        self.empty_log().await
    }

    async fn sweep_conversations(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Swept, StorageError> {
        let (of, hashes) = (tenant.clone(), self.hashes.clone());
        let swept = self
            .write("sweep the conversations", move |connection| {
                retention::conversations(connection, &of, before, limit, &hashes)
            })
            .await?;
        if swept.is_more {
            return Ok(swept);
        }
        let of = tenant.clone();
        let alone = self
            .read_long("look for customers without a conversation", move |connection| {
                alone::find(connection, &of, before, limit)
            })
            .await?;
        if alone.is_empty() {
            return Ok(swept);
        }
        let (tenant, hashes) = (tenant.clone(), self.hashes.clone());
        self.write("sweep customers without a conversation", move |connection| {
            alone::forget(connection, &tenant, before, &alone, &hashes)
        })
        .await
    }

    async fn sweep_media_of(
        &self,
        tenant: &TenantId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Swept, StorageError> {
        let tenant = tenant.clone();
        self.write("sweep the tenant's files", move |connection| {
            retention::media(connection, &tenant, before, limit)
        })
        .await
    }

    async fn forget_usage(&self, tenant: &TenantId, before: Date, limit: u32) -> Result<Swept, StorageError> {
        let (tenant, ids) = (tenant.clone(), self.ids.clone());
        self.write("forget whose usage it was", move |connection| {
            retention::usage(connection, &tenant, before, limit, &*ids)
        })
        .await
    }

    async fn sweep_erasures(&self, before: Timestamp, limit: u32) -> Result<u64, StorageError> {
        self.write("sweep traces of erasures", move |connection| tombstones::sweep(connection, before, limit))
            .await
    }
}
