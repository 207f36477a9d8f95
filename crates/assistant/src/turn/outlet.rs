//! Where a turn's text goes while it is being made.

use tokio::sync::mpsc;

use crate::chat::ChatEvent;

/// A stream's receiving end may be gone; the turn finishes all the same, so that what was paid for is kept.
#[derive(Debug)]
pub(crate) enum Outlet {
    /// The caller waits for the whole answer.
    Whole,
    /// The caller reads along.
    Stream {
        /// To the caller.
        events: mpsc::Sender<ChatEvent>,
        /// Everything sent so far.
        sent: String,
    },
}

impl Outlet {
    pub(crate) fn stream(events: mpsc::Sender<ChatEvent>) -> Self {
        Self::Stream { events, sent: String::new() }
    }

    pub(crate) fn is_stream(&self) -> bool {
        matches!(self, Self::Stream { .. })
    }

    /// Whether the caller has read something already.
    pub(crate) fn has_sent(&self) -> bool {
        matches!(self, Self::Stream { sent, .. } if !sent.is_empty())
    }

    /// What the caller has read so far.
    pub(crate) fn sent(&self) -> &str {
        match self {
            Self::Whole => "",
            Self::Stream { sent, .. } => sent,
        }
    }

    /// Sends checked text on.
    pub(crate) async fn send(&mut self, text: &str) {
        if let Self::Stream { events, sent } = self
            && !text.is_empty()
        {
            sent.push_str(text);
            // An error means the reader left, see the type's comment.
            let _ = events.send(ChatEvent::Delta(text.to_owned())).await;
        }
    }
}
