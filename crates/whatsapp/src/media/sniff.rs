//! What a file is, by its bytes: the types WhatsApp passes on and the documents people send to shops.
//!
//! Signatures are those of the formats' own specifications. What is none of these is not taken.

use memchr::memmem;

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A picture.
    Image(&'static str),
    /// A sound.
    Audio(&'static str),
    /// A film.
    Video(&'static str),
    /// A document, an archive or plain text.
    Document(&'static str),
    /// Word, Excel or PowerPoint of before 2007.
    OldOffice,
}

/// How far the beginning of a file is looked at where a signature may stand later: `%PDF-` within the first 1,024 bytes
/// (ISO 32000, implementation notes), a page's first tag, the head of an Ogg stream.
const HEAD: usize = 1_024;

/// How much of a text is looked at before it is believed to be one.
const TEXT_SAMPLE: usize = 64 << 10;

/// Looks at the bytes.
pub(super) fn found(bytes: &[u8]) -> Option<Found> {
    let head = &bytes[..bytes.len().min(HEAD)];
    by_signature(bytes, head).or_else(|| text(bytes, head))
}

fn by_signature(bytes: &[u8], head: &[u8]) -> Option<Found> {
    let starts = |signature: &[u8]| head.starts_with(signature);
    let at =
        |offset: usize, signature: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(signature));
    if starts(b"\xff\xd8\xff") {
        return Some(Found::Image("image/jpeg"));
    }
    if starts(b"\x89PNG\r\n\x1a\n") {
        return Some(Found::Image("image/png"));
    }
    if starts(b"GIF87a") || starts(b"GIF89a") {
        return Some(Found::Image("image/gif"));
    }
    if starts(b"RIFF") {
        return match head.get(8..12) {
            Some(b"WEBP") => Some(Found::Image("image/webp")),
            Some(b"WAVE") => Some(Found::Audio("audio/wav")),
            _ => None,
        };
    }
    if at(4, b"ftyp") {
        return media_container(head.get(8..12)?);
    }
    if starts(b"OggS") {
        let is_sound =
            memmem::find(head, b"OpusHead").is_some() || memmem::find(head, b"\x01vorbis").is_some();
        return is_sound.then_some(Found::Audio("audio/ogg"));
    }
    if starts(b"#!AMR\n") || starts(b"#!AMR-WB\n") {
        return Some(Found::Audio("audio/amr"));
    }
    if starts(b"ID3") {
        return Some(Found::Audio("audio/mpeg"));
    }
    if let Some(found) = bare_frames(head) {
        return Some(found);
    }
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        return Some(Found::Document(archive(bytes)));
    }
    if starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(Found::OldOffice);
    }
    if starts(b"{\\rtf") {
        return Some(Found::Document("application/rtf"));
    }
    memmem::find(head, b"%PDF-").map(|_| Found::Document("application/pdf"))
}

/// The ISO base media file format names its brand.
fn media_container(brand: &[u8]) -> Option<Found> {
    match brand {
        b"M4A " | b"M4B " => Some(Found::Audio("audio/mp4")),
        [b'3', b'g', b'p' | b'2', _] => Some(Found::Video("video/3gpp")),
        b"qt  " => Some(Found::Video("video/quicktime")),
        // Pictures in the same container, which WhatsApp does not pass on.
        b"heic" | b"heix" | b"heif" | b"mif1" | b"msf1" | b"avif" | b"avis" | b"crx " => None,
        _ => Some(Found::Video("video/mp4")),
    }
}

/// Sound without a container: the first frame's header.
fn bare_frames(head: &[u8]) -> Option<Found> {
    let [0xff, second, third, ..] = *head else { return None };
    // ADTS: 12 bits of sync, any MPEG version, layer always 0.
    if second & 0xf6 == 0xf0 {
        return Some(Found::Audio("audio/aac"));
    }
    // MPEG audio: 11 bits of sync, a version that is not reserved, layer III, a bit rate and a sample rate that exist.
    let is_mp3 = second & 0xe0 == 0xe0
        && second & 0x18 != 0x08
        && second & 0x06 == 0x02
        && third & 0xf0 != 0xf0
        && third & 0x0c != 0x0c;
    is_mp3.then_some(Found::Audio("audio/mpeg"))
}

/// Which document a ZIP archive is, by the names of the files in it, which stand there uncompressed.
fn archive(bytes: &[u8]) -> &'static str {
    const OFFICE: [(&[u8], &str); 4] = [
        (b"word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"xl/workbook.bin", "application/vnd.ms-excel.sheet.binary.macroenabled.12"),
        (
            b"ppt/presentation.xml",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
    ];
    // OpenDocument: the first entry is the type itself, stored as it is, after a head of 30 bytes (ODF 1.3, part 2).
    const OPEN: [&str; 3] = [
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.presentation",
    ];
    if let Some(stored) = bytes.get(30..).and_then(|rest| rest.strip_prefix(b"mimetype")) {
        for mime in OPEN {
            if stored.strip_prefix(mime.as_bytes()).is_some_and(|rest| !rest.starts_with(b"-")) {
                return mime;
            }
        }
    }
    if memmem::find(bytes, b"[Content_Types].xml").is_some() {
        for (name, mime) in OFFICE {
            if memmem::find(bytes, name).is_some() {
                return mime;
            }
        }
    }
    "application/zip"
}

/// Plain text in any encoding people save files in; a page is none, because a browser would run it.
fn text(bytes: &[u8], head: &[u8]) -> Option<Found> {
    if bytes.is_empty() || is_page(head) {
        return None;
    }
    let sample = &bytes[..bytes.len().min(TEXT_SAMPLE)];
    let is_wide = sample.starts_with(b"\xff\xfe") || sample.starts_with(b"\xfe\xff");
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 11 | 14..=31 | 127);
    let is_text = is_wide || !sample.iter().any(is_control);
    is_text.then_some(Found::Document("text/plain"))
}

/// Whether the first tag is one that makes a browser show a page or run a script.
fn is_page(head: &[u8]) -> bool {
    const TAGS: [&[u8]; 7] =
        [b"<!doctype html", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<iframe"];
    let lower = head.to_ascii_lowercase();
    TAGS.iter().any(|tag| memmem::find(&lower, tag).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_known_by_its_bytes() {
        let ogg = [b"OggS".as_slice(), &[0; 24], b"OpusHead"].concat();
        let cases: &[(&[u8], Option<Found>)] = &[
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Some(Found::Image("image/jpeg"))),
            (b"\x89PNG\r\n\x1a\n", Some(Found::Image("image/png"))),
            (b"GIF89a", Some(Found::Image("image/gif"))),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some(Found::Image("image/webp"))),
            (b"RIFF\0\0\0\0WAVEfmt ", Some(Found::Audio("audio/wav"))),
            (b"RIFF\0\0\0\0AVI LIST", None),
            (&ogg, Some(Found::Audio("audio/ogg"))),
            (b"OggS\0\x80theora", None),
            (b"#!AMR\n<\0", Some(Found::Audio("audio/amr"))),
            (b"ID3\x04\0\0", Some(Found::Audio("audio/mpeg"))),
            (b"\xff\xfb\x90\x00", Some(Found::Audio("audio/mpeg"))),
            (b"\xff\xf1\x50\x80", Some(Found::Audio("audio/aac"))),
            (b"\0\0\0\x1cftypM4A ", Some(Found::Audio("audio/mp4"))),
            (b"\0\0\0\x18ftyp3gp4", Some(Found::Video("video/3gpp"))),
            (b"\0\0\0\x18ftypisom", Some(Found::Video("video/mp4"))),
            (b"\0\0\0\x18ftypheic", None),
            (b"%PDF-1.4\n", Some(Found::Document("application/pdf"))),
            (b"\xef\xbb\xbf\n%PDF-1.4\n", Some(Found::Document("application/pdf"))),
            (b"{\\rtf1", Some(Found::Document("application/rtf"))),
            (b"PK\x03\x04rest", Some(Found::Document("application/zip"))),
            ("nome;preço\n".as_bytes(), Some(Found::Document("text/plain"))),
            (b"pre\xe7o;10\r\n", Some(Found::Document("text/plain"))),
            (b"<?xml version=\"1.0\"?><nfeProc/>", Some(Found::Document("text/plain"))),
            (b"\xff\xfea\0b\0", Some(Found::Document("text/plain"))),
            (b"MZ\x90\0\x03\0", None),
            (b"\x7fELF\x02\x01\x01\0", None),
            (b"  <HTML><body>", None),
            (b"<?xml version=\"1.0\"?><svg onload=x>", None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(found(bytes), *expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn office_documents_are_known_by_the_names_inside() {
        let docx = b"PK\x03\x04................[Content_Types].xml....word/document.xml";
        assert_eq!(
            found(docx),
            Some(Found::Document("application/vnd.openxmlformats-officedocument.wordprocessingml.document"))
        );
        let odt = b"PK\x03\x04..........................mimetypeapplication/vnd.oasis.opendocument.textPK";
        assert_eq!(found(odt), Some(Found::Document("application/vnd.oasis.opendocument.text")));
        let other = b"PK\x03\x04 word/document.xml";
        assert_eq!(found(other), Some(Found::Document("application/zip")));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = found(&bytes);
        }

        #[test]
        fn no_beginning_of_a_known_type_makes_it_panic(start in 0usize..8, rest in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
            const STARTS: [&[u8]; 8] = [b"RIFF", b"OggS", b"PK\x03\x04", b"\0\0\0\x18ftyp", b"\xff", b"\xff\xf1", b"{\\rt", b"%PDF"];
            let _ = found(&[STARTS[start], &rest].concat());
        }
    }
}
