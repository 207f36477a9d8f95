//! Equal questions that are in work at the same moment: one turn asks the model, the others wait for its answer.
//!
//! Known as single flight. The first to board leads. What it lands with, everybody gets; a lead that is dropped without
//! landing (its turn failed, or was stopped) hands on: those who wait board again, and the first of them leads.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::watch;

use super::key::Key;
use super::shelf::KeptAnswer;

/// What a flight ended with.
#[derive(Debug, Clone)]
pub(crate) enum Landing {
    /// An answer for everybody.
    Kept(Arc<KeptAnswer>),
    /// An answer that is not for others: everybody asks for themselves.
    OwnOnly,
}

/// How a turn takes part.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// It is the first.
    Lead(Lead),
    /// Another is at work.
    Follow(Follow),
}

type State = Option<Landing>;

/// Flights on their way.
#[derive(Debug, Default, Clone)]
pub(super) struct Flights {
    flights: Arc<Mutex<FxHashMap<Key, watch::Receiver<State>>>>,
}

/// The turn that asks the model.
#[derive(Debug)]
pub(crate) struct Lead {
    flights: Flights,
    key: Key,
    state: watch::Sender<State>,
}

/// A turn that waits.
#[derive(Debug)]
pub(crate) struct Follow {
    state: watch::Receiver<State>,
}

impl Flights {
    pub(super) fn board(&self, key: Key) -> Boarding {
        let mut flights = self.flights.lock();
        if let Some(state) = flights.get(&key) {
            return Boarding::Follow(Follow { state: state.clone() });
        }
        let (sender, state) = watch::channel(None);
        flights.insert(key, state);
        Boarding::Lead(Lead { flights: self.clone(), key, state: sender })
    }
}

impl Lead {
    /// Tells everybody who waits.
    pub(crate) fn land(self, landing: Landing) {
        self.state.send_replace(Some(landing));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        // Off the map before the state goes: who boards again finds nobody and leads.
        self.flights.flights.lock().remove(&self.key);
    }
}

impl Follow {
    /// Waits for the landing. `Ok(None)`: the lead was dropped, and it is worth boarding again.
    ///
    /// # Errors
    /// The patience is over.
    ///
    /// # Cancel safety
    /// A dropped wait leaves nothing behind.
    pub(crate) async fn landing(mut self, patience: Duration) -> Result<Option<Landing>, Impatient> {
        match tokio::time::timeout(patience, self.state.wait_for(Option::is_some)).await {
            Ok(Ok(state)) => Ok(state.clone()),
            Ok(Err(_)) => Ok(None),
            Err(_) => Err(Impatient),
        }
    }
}

/// It took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Impatient;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;

    const LONG: Duration = Duration::from_secs(10);

    fn key() -> Key {
        Key::of_bytes([7; 32])
    }

    fn lead(flights: &Flights) -> Lead {
        match flights.board(key()) {
            Boarding::Lead(lead) => lead,
            Boarding::Follow(_) => panic!("nobody else is at work"),
        }
    }

    fn follow(flights: &Flights) -> Follow {
        match flights.board(key()) {
            Boarding::Follow(follow) => follow,
            Boarding::Lead(_) => panic!("somebody is at work"),
        }
    }

    fn answer() -> Landing {
        Landing::Kept(Arc::new(KeptAnswer {
            text: "Das 9h às 18h.".to_owned(),
            provider: "openai".to_owned(),
            model: "m".to_owned(),
            booked_model: "m".to_owned(),
            confidence: None,
            message: MessageId::new("m").unwrap(),
            cost: None,
            meaning: None,
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_answer_of_the_first() {
        let flights = Flights::default();
        let first = lead(&flights);
        let (second, third) = (follow(&flights), follow(&flights));
        first.land(answer());
        for waiting in [second, third] {
            assert!(matches!(waiting.landing(LONG).await, Ok(Some(Landing::Kept(_)))));
        }
        assert!(flights.flights.lock().is_empty(), "no flight is left behind");
        drop(lead(&flights));
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_lead_hands_on_to_exactly_one() {
        let flights = Flights::default();
        let first = lead(&flights);
        let (second, third) = (follow(&flights), follow(&flights));
        drop(first);
        assert!(matches!(second.landing(LONG).await, Ok(None)));
        assert!(matches!(third.landing(LONG).await, Ok(None)));
        let next = lead(&flights);
        let last = follow(&flights);
        next.land(Landing::OwnOnly);
        assert!(matches!(last.landing(LONG).await, Ok(Some(Landing::OwnOnly))));
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_their_patience() {
        let flights = Flights::default();
        let _first = lead(&flights);
        let waited = follow(&flights).landing(Duration::from_millis(50)).await;
        assert!(matches!(waited, Err(Impatient)));
    }
}
