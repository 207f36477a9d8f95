//! What goes out to a customer.

use serde::{Deserialize, Serialize};

/// One message, ready for the channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutboundContent {
    /// A text in the channel's own marks.
    Text {
        /// The text.
        body: String,
        /// Whether the first link may be shown with a picture.
        preview_url: bool,
    },
    /// A text with up to three buttons.
    Buttons {
        /// The text.
        body: String,
        /// The buttons.
        buttons: Vec<Choice>,
    },
    /// A text with a list to choose from.
    List {
        /// The text.
        body: String,
        /// What opens the list.
        button: String,
        /// Up to ten rows.
        rows: Vec<Choice>,
    },
    /// A template that the channel has approved: the only thing allowed outside the customer service window.
    Template {
        /// Its name.
        name: String,
        /// Its language, as the channel names it.
        language: String,
        /// Its parts, as the channel wants them; null where it has none.
        components: serde_json::Value,
    },
}

impl OutboundContent {
    /// The text a person reads; for a template its name.
    pub fn text(&self) -> &str {
        match self {
            Self::Text { body, .. } | Self::Buttons { body, .. } | Self::List { body, .. } => body,
            Self::Template { name, .. } => name,
        }
    }

    /// True for what may be sent at any time.
    pub fn is_template(&self) -> bool {
        matches!(self, Self::Template { .. })
    }
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Comes back when it is chosen.
    pub id: String,
    /// What the customer sees.
    pub title: String,
    /// A second line, in lists only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}
