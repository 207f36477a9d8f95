//! What the stand-in does with one call.

use std::time::Duration;

/// What is done with a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Reaction {
    /// What Meta would do: checks it, takes it, answers.
    Accept,
    /// Takes it, and answers after this time.
    AcceptLate(Duration),
    /// Takes it and never answers.
    AcceptAndHang,
    /// Takes it and closes the connection.
    AcceptAndClose,
    /// Takes it, announces a whole answer, and closes in the middle of it.
    AcceptAndCut,
    /// Takes it and answers; the report that follows says that it failed, with this code.
    AcceptThenFail(i64),
    /// Refuses it with an error in Meta's form.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: i64,
    },
    /// Answers with this, without taking it.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The type of the body.
        content_type: String,
        /// The body.
        body: String,
    },
    /// Reads it and closes the connection, without taking it.
    Close,
    /// Reads it and never answers, without taking it.
    Hang,
    /// Waits, and then does this.
    Late(Duration, Box<Reaction>),
}

impl Reaction {
    /// Refuses with a code, under the HTTP status that such errors mostly come with.
    pub fn error(code: i64) -> Self {
        Self::Error { status: super::failure::status_of(code), code }
    }

    /// A page of HTML with status 200, as proxies and captive portals send.
    pub fn html() -> Self {
        Self::Answer {
            status: 200,
            content_type: "text/html".to_owned(),
            body: "<html><body>Welcome</body></html>".to_owned(),
        }
    }

    /// Status 200 and nothing in it.
    pub fn empty() -> Self {
        Self::Answer { status: 200, content_type: "application/json".to_owned(), body: String::new() }
    }
}
