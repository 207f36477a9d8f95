//! What kind of sound a file is, by its first bytes. What it calls itself does not count.

/// A way to keep sound in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AudioFormat {
    /// Ogg with Opus, Vorbis, Speex or FLAC: WhatsApp's voice notes.
    Ogg,
    /// MPEG layer III.
    Mp3,
    /// MPEG-4 with sound alone.
    M4a,
    /// MPEG-4 that may have pictures besides.
    Mp4,
    /// MPEG-4's form for older telephones.
    ThreeGp,
    /// WebM, which may have pictures besides.
    Webm,
    /// RIFF WAVE.
    Wav,
    /// FLAC by itself.
    Flac,
    /// AAC in ADTS frames.
    Aac,
    /// Adaptive multi-rate, of older telephones.
    Amr,
}

/// How far into a file its kind can stand: WebM's document type comes within the first elements of its head.
const HEAD_BYTES: usize = 64;

impl AudioFormat {
    /// Reads the first bytes; `None` for what is no sound, or in none of these forms.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEAD_BYTES).unwrap_or(bytes);
        match head {
            [b'O', b'g', b'g', b'S', ..] => is_ogg_sound(bytes).then_some(Self::Ogg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(Self::Wav),
            [b'f', b'L', b'a', b'C', ..] => Some(Self::Flac),
            [b'#', b'!', b'A', b'M', b'R', ..] => Some(Self::Amr),
            [b'I', b'D', b'3', ..] => Some(Self::Mp3),
            [_, _, _, _, b'f', b't', b'y', b'p', a, b, c, d, ..] => of_brand([*a, *b, *c, *d]),
            [0x1A, 0x45, 0xDF, 0xA3, ..] => holds(head, b"webm").then_some(Self::Webm),
            // Twelve bits of one; then ADTS has layer 0, and what else has it is MPEG sound.
            [0xFF, second, third, ..] => of_frame(*second, *third),
            _ => None,
        }
    }

    /// Its media type.
    pub fn mime_type(self) -> &'static str {
        match self {
            Self::Ogg => "audio/ogg",
            Self::Mp3 => "audio/mpeg",
            Self::M4a | Self::Mp4 => "audio/mp4",
            Self::ThreeGp => "audio/3gpp",
            Self::Webm => "audio/webm",
            Self::Wav => "audio/wav",
            Self::Flac => "audio/flac",
            Self::Aac => "audio/aac",
            Self::Amr => "audio/amr",
        }
    }

    /// The end of a file's name by which vendors tell the format.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Ogg => "ogg",
            Self::Mp3 => "mp3",
            Self::M4a => "m4a",
            Self::Mp4 => "mp4",
            Self::ThreeGp => "3gp",
            Self::Webm => "webm",
            Self::Wav => "wav",
            Self::Flac => "flac",
            Self::Aac => "aac",
            Self::Amr => "amr",
        }
    }
}

/// The first page of an Ogg file begins with the name of what is in it, after a table whose length is its 27th byte
/// (RFC 3533, section 6).
fn is_ogg_sound(bytes: &[u8]) -> bool {
    const CODECS: [&[u8]; 4] = [b"OpusHead", b"\x01vorbis", b"Speex   ", b"\x7fFLAC"];
    let Some(segments) = bytes.get(26) else { return false };
    let Some(packet) = bytes.get(27 + usize::from(*segments)..) else { return false };
    CODECS.iter().any(|codec| packet.starts_with(codec))
}

/// ISO base media files name their brand; pictures (`heic`, `avif`, …) have the same form.
fn of_brand(brand: [u8; 4]) -> Option<AudioFormat> {
    match &brand {
        b"M4A " | b"M4B " => Some(AudioFormat::M4a),
        b"mp41" | b"mp42" | b"isom" | b"iso2" | b"iso4" | b"iso5" | b"iso6" | b"avc1" | b"dash" | b"MSNV" => {
            Some(AudioFormat::Mp4)
        }
        [b'3', b'g', ..] => Some(AudioFormat::ThreeGp),
        _ => None,
    }
}

/// The second and third byte of a frame's head: version, layer, bit rate and sampling rate.
fn of_frame(second: u8, third: u8) -> Option<AudioFormat> {
    let layer = (second >> 1) & 0b11;
    if second & 0b1111_0110 == 0b1111_0000 {
        return Some(AudioFormat::Aac);
    }
    let is_sync = second & 0b1110_0000 == 0b1110_0000;
    let is_version = (second >> 3) & 0b11 != 0b01;
    let has_rates = third >> 4 != 0b1111 && (third >> 2) & 0b11 != 0b11;
    // Layer III alone: a text in UTF-16 begins like layer I.
    (is_sync && is_version && layer == 0b01 && has_rates).then_some(AudioFormat::Mp3)
}

fn holds(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ogg(codec: &[u8]) -> Vec<u8> {
        let mut page = b"OggS".to_vec();
        page.extend([0; 22]);
        page.extend([1, 19]);
        page.extend(codec);
        page
    }

    #[test]
    fn each_form_of_sound_is_told_by_its_first_bytes() {
        let rows: [(&[u8], AudioFormat); 13] = [
            (&ogg(b"OpusHead\x01"), AudioFormat::Ogg),
            (&ogg(b"\x01vorbis"), AudioFormat::Ogg),
            (b"RIFF\x24\0\0\0WAVEfmt ", AudioFormat::Wav),
            (b"fLaC\0\0\0\x22", AudioFormat::Flac),
            (b"#!AMR\n\x3c", AudioFormat::Amr),
            (b"ID3\x04\0\0", AudioFormat::Mp3),
            (b"\xff\xfb\x90\x64", AudioFormat::Mp3),
            (b"\xff\xf3\x40\xc4", AudioFormat::Mp3),
            (b"\xff\xf1\x50\x80", AudioFormat::Aac),
            (b"\0\0\0\x20ftypM4A \0\0\0\0", AudioFormat::M4a),
            (b"\0\0\0\x20ftypmp42\0\0\0\0", AudioFormat::Mp4),
            (b"\0\0\0\x18ftyp3gp4\0\0\0\0", AudioFormat::ThreeGp),
            (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", AudioFormat::Webm),
        ];
        for (bytes, expected) in rows {
            assert_eq!(AudioFormat::of(bytes), Some(expected), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn what_is_no_sound_is_none() {
        let rows: [&[u8]; 13] = [
            b"",
            b"Ogg",
            b"OggS",
            &ogg(b"\x80theora"),
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\x24\0\0\0WEBPVP8 ",
            b"%PDF-1.7",
            b"<!doctype html><html>",
            b"\xff\xfea\0b\0c\0",
            b"\0\0\0\x20ftypheic\0\0\0\0",
            b"\x1a\x45\xdf\xa3\x42\x82\x88matroska",
            "Olá, tudo bem?".as_bytes(),
        ];
        for bytes in rows {
            assert_eq!(AudioFormat::of(bytes), None, "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..80), is_ogg in any::<bool>()) {
            let bytes = if is_ogg { [b"OggS".as_slice(), &bytes].concat() } else { bytes };
            let _ = AudioFormat::of(&bytes);
        }
    }
}
