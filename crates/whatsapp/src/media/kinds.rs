//! What each kind of file may be: how large, and of which types.

use pytake_assistant::channel::MediaKind;

use super::sniff::{self, Found};

const MIB: u64 = 1 << 20;

/// The largest file of a kind, in bytes: WhatsApp Cloud API, supported media types. Documents may have 100 MB there; we
/// keep at most 16 MiB of one, because a file is held in memory as a whole and kept in the database. Meta counts in
/// units of 1,024.
pub(super) fn limit(kind: MediaKind) -> u64 {
    match kind {
        MediaKind::Image => 5 * MIB,
        MediaKind::Video | MediaKind::Audio | MediaKind::Voice | MediaKind::Document => 16 * MIB,
        MediaKind::Sticker => 500 << 10,
    }
}

/// The type the bytes say, if a file of this kind may be of it. The type that was announced only chooses between
/// relatives that look the same.
pub(super) fn agreed_type(kind: MediaKind, bytes: &[u8], announced: Option<&str>) -> Option<&'static str> {
    let found = sniff::found(bytes)?;
    match (kind, found) {
        // MPEG-4 and 3GP hold sound with the same beginning as a film.
        (MediaKind::Audio | MediaKind::Voice, Found::Video("video/mp4")) => Some("audio/mp4"),
        (MediaKind::Audio | MediaKind::Voice, Found::Video("video/3gpp")) => Some("audio/3gpp"),
        (MediaKind::Document, Found::OldOffice) => Some(old_office(announced)),
        (MediaKind::Image, Found::Image(mime))
        | (MediaKind::Sticker, Found::Image(mime @ "image/webp"))
        | (MediaKind::Audio | MediaKind::Voice, Found::Audio(mime))
        | (MediaKind::Video, Found::Video(mime))
        // A document is also a picture, sound or film that was sent as a file.
        | (
            MediaKind::Document,
            Found::Document(mime) | Found::Image(mime) | Found::Audio(mime) | Found::Video(mime),
        ) => Some(mime),
        _ => None,
    }
}

/// Word, Excel and PowerPoint of before 2007 share one container.
fn old_office(announced: Option<&str>) -> &'static str {
    let announced = announced.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    ["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"]
        .into_iter()
        .find(|known| announced.eq_ignore_ascii_case(known))
        .unwrap_or("application/x-ole-storage")
}

/// Why a file of the kind is refused.
pub(super) fn refusal(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "the file is no picture of a type that is taken",
        MediaKind::Sticker => "the file is no sticker",
        MediaKind::Audio | MediaKind::Voice => "the file is no sound of a type that is taken",
        MediaKind::Video => "the file is no film of a type that is taken",
        MediaKind::Document => "the file is of a type that is not taken",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

    #[test]
    fn a_picture_that_is_a_page_is_refused() {
        for kind in [MediaKind::Image, MediaKind::Document, MediaKind::Voice, MediaKind::Sticker] {
            assert_eq!(agreed_type(kind, b"<!DOCTYPE html><html>", Some("image/jpeg")), None, "{kind:?}");
        }
    }

    #[test]
    fn the_kind_decides_what_a_type_is_good_for() {
        assert_eq!(agreed_type(MediaKind::Image, PNG, Some("image/jpeg")), Some("image/png"));
        assert_eq!(agreed_type(MediaKind::Document, PNG, None), Some("image/png"));
        assert_eq!(agreed_type(MediaKind::Sticker, PNG, Some("image/webp")), None);
        assert_eq!(agreed_type(MediaKind::Video, PNG, None), None);
        assert_eq!(agreed_type(MediaKind::Image, b"%PDF-1.7", None), None);
        assert_eq!(agreed_type(MediaKind::Video, MP4, None), Some("video/mp4"));
        assert_eq!(agreed_type(MediaKind::Voice, MP4, Some("audio/mp4")), Some("audio/mp4"));
    }

    #[test]
    fn old_office_files_are_told_apart_by_what_was_announced() {
        let file = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
        let agreed = |announced| agreed_type(MediaKind::Document, file, announced);
        assert_eq!(agreed(Some("application/vnd.ms-excel")), Some("application/vnd.ms-excel"));
        assert_eq!(agreed(Some("Application/MSWord; charset=x")), Some("application/msword"));
        assert_eq!(agreed(Some("text/html")), Some("application/x-ole-storage"));
        assert_eq!(agreed_type(MediaKind::Image, file, None), None);
    }
}
