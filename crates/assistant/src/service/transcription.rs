//! Transcription: the calls around the pure parts of [`crate::transcription`].
//!
//! Not a turn: nothing is answered and nothing is stored; the request is counted, paid and booked like one.

use std::sync::Arc;
use std::time::Duration;

use pytake_understanding::language::Language;
use tracing::Instrument;

use super::finishing::Finishing;
use super::{Assistant, Engine};
use crate::channel::Attachment;
use crate::chat::UsageReport;
use crate::clock::utc_day;
use crate::error::AIError;
use crate::id::{TenantId, UserId};
use crate::ledger::{LedgerEntry, Operation, ReservationId};
use crate::money::PicoUsd;
use crate::tenant::ModelChoice;
use crate::tenant_view::TenantView;
use crate::transcription::{
    Stenographer, TranscribeResponse, Transcript, checked, length, longest, message_of,
};
use crate::turn::{self, Bookkeeping, Failed, Offer, Seat};

impl Assistant {
    /// Whether anybody is configured to write down recordings.
    pub fn can_transcribe(&self) -> bool {
        self.engine.stenographer.is_some()
    }

    /// Writes down what is said in a recording. What the file calls itself does not count, its bytes do; `language` is
    /// what is probably spoken, where that is known.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] about `file`; [`AIError::NoSpeech`]; [`AIError::ServiceUnavailable`] where nobody is
    /// configured for it or who is rests after failures; [`AIError::DeadlineExceeded`], [`AIError::ProviderError`];
    /// [`AIError::Conflict`] for a suspended tenant; limits and budget as for [`Assistant::chat`].
    ///
    /// # Cancel safety
    /// A dropped call does not stop the transcription: what a provider has answered is booked.
    pub async fn transcribe(
        &self,
        tenant: &TenantId,
        user: &UserId,
        audio: Attachment,
        language: Option<Language>,
    ) -> Result<TranscribeResponse, AIError> {
        self.take_dictation(tenant, user, audio, language, IsCounted::Yes).await
    }

    /// [`Assistant::transcribe`] for a voice note that is part of a channel's turn: it is paid for like that, and no
    /// limit of requests or places holds it up, because the turn meets them.
    ///
    /// # Errors
    /// As [`Assistant::transcribe`].
    ///
    /// # Cancel safety
    /// As [`Assistant::transcribe`].
    pub async fn hear(
        &self,
        tenant: &TenantId,
        user: &UserId,
        audio: Attachment,
        language: Option<Language>,
    ) -> Result<TranscribeResponse, AIError> {
        self.take_dictation(tenant, user, audio, language, IsCounted::No).await
    }

    async fn take_dictation(
        &self,
        tenant: &TenantId,
        user: &UserId,
        audio: Attachment,
        language: Option<Language>,
        is_counted: IsCounted,
    ) -> Result<TranscribeResponse, AIError> {
        let started = self.engine.clock.elapsed();
        let audio = checked(audio)?;
        let (engine, tenant, user) = (Arc::clone(&self.engine), tenant.clone(), user.clone());
        let work = async move {
            let Some(stenographer) = &engine.stenographer else {
                return Err(AIError::ServiceUnavailable(
                    "nobody is configured to transcribe: set OPENAI_API_KEY, or AI_TRANSCRIPTION_PROVIDER"
                        .to_owned(),
                ));
            };
            let view = engine.tenants.view(engine.store.as_ref(), &tenant).await?;
            view.in_service()?;
            let _admission = match is_counted {
                IsCounted::Yes => {
                    let deadline = started + engine.settings.request_timeout;
                    let mut admission = turn::admit_errand(&engine, &view, &user, deadline).await?;
                    admission.leave_desk();
                    Some(admission)
                }
                IsCounted::No => {
                    engine.limits.know(&tenant, &view.tenant.settings.limits);
                    None
                }
            };
            Dictation { engine: &engine, stenographer, view: &view, user: &user, started }
                .take(&audio, language)
                .await
        };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }
}

/// Whether the limits of requests count for it.
#[derive(Debug, Clone, Copy)]
enum IsCounted {
    Yes,
    No,
}

/// One recording on its way.
struct Dictation<'a> {
    engine: &'a Engine,
    stenographer: &'a Stenographer,
    view: &'a TenantView,
    user: &'a UserId,
    /// On [`crate::Clock::elapsed`].
    started: Duration,
}

impl Dictation<'_> {
    async fn take(
        &self,
        audio: &Attachment,
        language: Option<Language>,
    ) -> Result<TranscribeResponse, AIError> {
        let seat = self.reserve(audio).await?;
        if let Some(refusal) = seat.refusal(self.engine.clock.now()) {
            return Err(self.give_up(&seat, refusal).await);
        }
        let time_left = self.engine.time_left(self.started + self.engine.settings.request_timeout);
        let (tenant, terms) = (&self.view.tenant.id, &self.view.terms);
        let heard = match self.stenographer.write_down(tenant, terms, audio, language, time_left).await {
            Ok(heard) => heard,
            Err(error) => return Err(self.give_up(&seat, error).await),
        };
        let Some((text, truncated)) = message_of(&heard.text) else {
            // It is paid for, and no request of the customer's day.
            self.book(&heard, &seat, None, false).await?;
            return Err(self.give_up(&seat, AIError::NoSpeech).await);
        };
        self.book(&heard, &seat, seat.reservation.clone(), true).await?;
        let usage = heard.usage.unwrap_or_default();
        let elapsed = self.engine.clock.elapsed().saturating_sub(self.started);
        Ok(TranscribeResponse {
            text,
            truncated,
            seconds: length(heard.seconds).map(|length| length.as_secs_f64()),
            provider: self.stenographer.name().to_owned(),
            model: self.stenographer.model().to_owned(),
            usage: UsageReport {
                input_tokens: usage.input_tokens,
                output_tokens: usage.output_tokens,
                cached_tokens: usage.cached_tokens,
                cost_micro_usd: self.cost(&heard, &seat).map(PicoUsd::micro_usd),
            },
            language: heard.language,
            processing_time_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        })
    }

    async fn reserve(&self, audio: &Attachment) -> Result<Seat, AIError> {
        let (provider, model) = (self.stenographer.name(), self.stenographer.model());
        let day = utc_day(self.engine.clock.now());
        let longest = longest(audio.bytes.len());
        let most = self.engine.minutes_cost(self.view, provider, model, longest, day);
        let choice = ModelChoice { provider: provider.to_owned(), model: model.to_owned() };
        let offer = Offer::of(self.engine, self.view, choice, most);
        turn::claim(self.engine, self.view, self.user, offer).await
    }

    /// By the minute where the model has such a price and the vendor tells the length, else by the tokens it tells.
    fn cost(&self, heard: &Transcript, seat: &Seat) -> Option<PicoUsd> {
        let (provider, model) = (self.stenographer.name(), self.stenographer.model());
        let by_minute = length(heard.seconds)
            .and_then(|length| self.engine.minutes_cost(self.view, provider, model, length, seat.day));
        let by_token =
            || self.engine.price(self.view, provider, model, seat.day)?.cost(heard.usage.as_ref()?);
        by_minute.or_else(by_token)
    }

    /// # Errors
    /// Storage: the transcript is not given, because it could not be counted.
    async fn book(
        &self,
        heard: &Transcript,
        seat: &Seat,
        reservation: Option<ReservationId>,
        is_answer: bool,
    ) -> Result<(), AIError> {
        if !self.engine.settings.is_usage_tracked {
            return Ok(());
        }
        let entry = LedgerEntry {
            operation: Operation::Transcription,
            provider: self.stenographer.name().to_owned(),
            model: self.stenographer.model().to_owned(),
            usage: heard.usage.unwrap_or_default(),
            cost: self.cost(heard, seat),
            is_answer,
            is_cached: false,
            saved: None,
        };
        let mut record = self.books().record(seat, vec![entry]);
        record.reservation = reservation;
        Ok(turn::write(self.engine, record).await.map(drop)?)
    }

    fn books(&self) -> Bookkeeping<'_> {
        Bookkeeping {
            engine: self.engine,
            view: self.view,
            user: self.user,
            operation: Operation::Transcription,
            conversation: None,
        }
    }

    async fn give_up(&self, seat: &Seat, error: AIError) -> AIError {
        let failed = Failed { error, billed: Vec::new() };
        turn::give_up(&self.books(), seat, failed).await
    }
}
