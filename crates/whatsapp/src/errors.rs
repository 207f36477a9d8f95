//! Meta's error codes: what each says about the next step, and how an error is told to an operator.
//!
//! The same table serves errors that come in the HTTP answer and in a `failed` status later. The code decides; the
//! title and the HTTP status do so only where there is no code this program knows.

mod masking;

use pytake_assistant::channel::{SendFailure, SendFailureKind};

pub(crate) use masking::masked;

/// What kind of failure a code of Meta's stands for.
///
/// The codes are those of the WhatsApp Cloud API's error reference and of the Graph API's general errors; a code that
/// is in neither is [`SendFailureKind::Other`].
pub fn kind_of(code: i64) -> SendFailureKind {
    use SendFailureKind as Kind;
    match code {
        1 | 2 | 131_000 | 131_016 | 131_057 | 133_004 => Kind::Temporary,
        4 | 80_007 | 130_429 => Kind::NumberRate,
        131_056 => Kind::PairRate,
        131_048 => Kind::SpamRate,
        131_047 => Kind::WindowClosed,
        // 131036: no device of the person took it, and Meta no longer holds what it would repeat (no-storage numbers).
        131_026 | 131_036 => Kind::Undeliverable,
        // 130472: the person is in a group that Meta keeps free of such messages for an experiment.
        131_049 | 130_472 => Kind::NotDelivered,
        131_050 => Kind::MarketingStopped,
        33 | 100 | 131_008 | 131_009 | 131_051 | 135_000 => Kind::BadRequest,
        131_052 => Kind::MediaMissing,
        131_053 => Kind::MediaRefused,
        131_021 => Kind::ToItself,
        131_062 => Kind::NeedsPhone,
        0 | 3 | 10 | 190 | 200..=299 | 131_005 => Kind::Token,
        368 | 130_497 | 131_031 | 131_037 | 131_042 | 131_045 | 133_010 => Kind::Account,
        132_000 | 132_001 | 132_005 | 132_007 | 132_012 | 132_015 | 132_016 | 132_068 | 132_069 => {
            Kind::Template
        }
        _ => Kind::Other,
    }
}

/// Makes the failure that an error of Meta's stands for. `message` may be what Meta wrote; it is masked and cut here.
#[expect(clippy::needless_pass_by_value, reason = "every caller makes the text for this")]
pub(crate) fn failure(code: Option<i64>, status: Option<u16>, message: String) -> SendFailure {
    let by_code = code.map_or(SendFailureKind::Other, kind_of);
    let kind = match (by_code, status) {
        (SendFailureKind::Other, Some(status)) => kind_of_status(status, code.is_some()),
        (kind, _) => kind,
    };
    SendFailure { kind, code, status, message: masked(&message), retry_after: None }
}

/// What an HTTP status says where no known code does.
fn kind_of_status(status: u16, has_code: bool) -> SendFailureKind {
    match status {
        // The token, or something between here and Meta that wants to know who asks. Sending stops, the queue stays.
        401 | 403 => SendFailureKind::Token,
        // 408 and 425: the request was not taken. 3xx: a portal or a proxy stands in the way; Meta does not redirect.
        300..=399 | 408 | 425 | 429 | 500..=599 => SendFailureKind::Temporary,
        // A page or an empty answer: not Meta, or not this path. The address or the request is wrong.
        400..=499 if !has_code => SendFailureKind::BadRequest,
        _ => SendFailureKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SendFailureKind as Kind;

    /// Section 5 of the specification, row by row.
    const TABLE: &[(Kind, &[i64])] = &[
        (Kind::Temporary, &[1, 2, 131_000, 131_016, 133_004, 131_057]),
        (Kind::NumberRate, &[4, 80_007, 130_429]),
        (Kind::PairRate, &[131_056]),
        (Kind::SpamRate, &[131_048]),
        (Kind::WindowClosed, &[131_047]),
        (Kind::Undeliverable, &[131_026, 131_036]),
        (Kind::NotDelivered, &[131_049, 130_472]),
        (Kind::MarketingStopped, &[131_050]),
        (Kind::BadRequest, &[131_051, 131_008, 131_009, 100, 33, 135_000]),
        (Kind::MediaMissing, &[131_052]),
        (Kind::MediaRefused, &[131_053]),
        (Kind::ToItself, &[131_021]),
        (Kind::NeedsPhone, &[131_062]),
        (Kind::Token, &[0, 190, 10, 3, 200, 250, 299, 131_005]),
        (Kind::Account, &[368, 130_497, 131_031, 131_042, 131_037, 131_045, 133_010]),
        (Kind::Template, &[132_000, 132_001, 132_005, 132_007, 132_012, 132_015, 132_016, 132_068, 132_069]),
        (Kind::Other, &[-1, 5, 199, 300, 131_035, 131_060, 999_999, i64::MIN, i64::MAX]),
    ];

    #[test]
    fn every_code_of_the_specification_is_of_its_kind() {
        for (kind, codes) in TABLE {
            for code in *codes {
                assert_eq!(kind_of(*code), *kind, "{code}");
            }
        }
    }

    #[test]
    fn a_known_code_goes_before_the_status() {
        assert_eq!(failure(Some(131_047), Some(500), String::new()).kind, Kind::WindowClosed);
        assert_eq!(failure(Some(190), Some(400), String::new()).kind, Kind::Token);
        assert_eq!(failure(Some(130_429), Some(200), String::new()).kind, Kind::NumberRate);
    }

    #[test]
    fn the_status_decides_where_no_known_code_does() {
        let cases = [
            (None, Some(429), Kind::Temporary),
            (None, Some(503), Kind::Temporary),
            (None, Some(302), Kind::Temporary),
            (None, Some(401), Kind::Token),
            (None, Some(403), Kind::Token),
            (None, Some(404), Kind::BadRequest),
            (Some(777), Some(400), Kind::Other),
            (Some(777), Some(500), Kind::Temporary),
            (Some(777), None, Kind::Other),
            (None, None, Kind::Other),
        ];
        for (code, status, kind) in cases {
            assert_eq!(failure(code, status, String::new()).kind, kind, "{code:?} {status:?}");
        }
    }
}
