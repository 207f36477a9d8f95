//! Business numbers.

use utoipa::ToSchema;

/// How the assistant behaves on a number. What is left out has its default.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct NumberSettings {
    /// Quiet time after each message in milliseconds; null: the server's. 0: every message at once.
    #[schema(minimum = 0, maximum = 30000)]
    quiet_ms: Option<u32>,
    /// The longest that the first message of a burst waits, in milliseconds; null: the server's.
    #[schema(minimum = 0, maximum = 120_000)]
    quiet_max_ms: Option<u32>,
    /// Whether the first reply says that a machine answers.
    #[schema(value_type = Option<bool>, default = true, nullable = false)]
    discloses: bool,
    /// A conversation that a person has comes back to the assistant after so many seconds without a message of that
    /// person, at the customer's next one; null: only an operator gives it back.
    #[schema(minimum = 60, maximum = 31_536_000)]
    returns_after_s: Option<u32>,
    /// Messages of the assistant in one conversation in 10 minutes, at most.
    #[schema(value_type = Option<u32>, default = 20, minimum = 1, maximum = 1000, nullable = false)]
    max_per_10_min: u32,
    /// Messages of the assistant in one conversation in 24 hours, at most.
    #[schema(value_type = Option<u32>, default = 200, minimum = 1, maximum = 10000, nullable = false)]
    max_per_day: u32,
    /// Whether voice notes go to the provider that can transcribe.
    #[schema(value_type = Option<bool>, default = true, nullable = false)]
    transcribes_voice: bool,
    /// Whether pictures go to a model.
    #[schema(value_type = Option<bool>, default = false, nullable = false)]
    shows_images: bool,
    /// Whether a message of which nobody knows if it was sent is sent once more; false: it fails, and an operator
    /// decides.
    #[schema(value_type = Option<bool>, default = true, nullable = false)]
    repeats_unknown: bool,
}
