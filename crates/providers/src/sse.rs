//! Server-Sent Events, incrementally: bytes in as the network cuts them, events out.
//!
//! Follows the event-stream format of the HTML standard where vendors keep to it and bends where they do not:
//! lines end in LF, CRLF or CR; comments and keep-alive blank lines vanish; several `data` lines are joined by
//! a newline; a byte-order mark at the start is ignored; bytes that are no UTF-8 become U+FFFD. How the input
//! is cut never changes what comes out.

use std::collections::VecDeque;
use std::mem;

use memchr::memchr2;

/// 1 MiB in one event: twice a whole answer of 128k tokens at four bytes each. A server that streams a line
/// without end must not fill the memory.
const MAX_EVENT_BYTES: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SseEvent {
    /// Value of the `event` field; empty where there was none.
    pub(crate) name: String,
    /// The `data` lines, joined by newlines.
    pub(crate) data: String,
}

/// An event or a line was larger than the bound.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// The parser's state between two pieces of input.
#[derive(Debug, Default)]
pub(crate) struct SseParser {
    /// The line that has not ended yet.
    line: Vec<u8>,
    /// The event that no blank line has ended yet.
    event: SseEvent,
    has_data: bool,
    /// The last byte was a CR: an LF right after it belongs to the same line end.
    after_cr: bool,
    /// A first line was seen, so a byte-order mark can no longer come.
    has_started: bool,
    ready: VecDeque<SseEvent>,
}

impl SseParser {
    /// Takes the next piece of input, of any length.
    pub(crate) fn push(&mut self, mut input: &[u8]) -> Result<(), TooLong> {
        while !input.is_empty() {
            if mem::take(&mut self.after_cr) && input[0] == b'\n' {
                input = &input[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', input) else {
                self.bound(input.len())?;
                self.line.extend_from_slice(input);
                return Ok(());
            };
            self.bound(end)?;
            self.after_cr = input[end] == b'\r';
            if self.line.is_empty() {
                self.end_of_line(&input[..end]);
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(&input[..end]);
                self.end_of_line(&line);
                line.clear();
                self.line = line;
            }
            input = &input[end + 1..];
        }
        Ok(())
    }

    /// The next complete event.
    pub(crate) fn next_event(&mut self) -> Option<SseEvent> {
        self.ready.pop_front()
    }

    /// The event at the end of the input that no blank line ended; some servers leave it out after `[DONE]`.
    pub(crate) fn finish(&mut self) -> Option<SseEvent> {
        let line = mem::take(&mut self.line);
        if !line.is_empty() {
            self.end_of_line(&line);
        }
        self.end_of_event();
        self.next_event()
    }

    fn bound(&self, more: usize) -> Result<(), TooLong> {
        let size = self.line.len() + self.event.data.len() + more;
        if size > MAX_EVENT_BYTES { Err(TooLong) } else { Ok(()) }
    }

    fn end_of_line(&mut self, mut line: &[u8]) {
        if !mem::replace(&mut self.has_started, true) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            self.end_of_event();
            return;
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(&String::from_utf8_lossy(value));
            }
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            // `id`, `retry`, comments (an empty field name) and whatever comes later.
            _ => {}
        }
    }

    fn end_of_event(&mut self) {
        let event = mem::take(&mut self.event);
        if mem::take(&mut self.has_data) {
            self.ready.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(pieces: &[&[u8]]) -> Vec<SseEvent> {
        let mut parser = SseParser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.push(piece).unwrap();
            while let Some(event) = parser.next_event() {
                events.push(event);
            }
        }
        events.extend(parser.finish());
        events
    }

    fn data(text: &str) -> Vec<String> {
        parse(&[text.as_bytes()]).into_iter().map(|event| event.data).collect()
    }

    #[test]
    fn lines_may_end_in_lf_crlf_or_cr() {
        for text in ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"] {
            assert_eq!(data(text), ["a", "b"], "{text:?}");
        }
    }

    #[test]
    fn comments_keep_alives_and_unknown_fields_vanish() {
        let text = ": OPENROUTER PROCESSING\n\n\n\nid: 7\nretry: 3\nfuture: x\ndata: a\n\n: keep-alive\n\n";
        assert_eq!(data(text), ["a"]);
    }

    #[test]
    fn data_lines_join_and_the_space_is_optional() {
        assert_eq!(data("data:a\ndata:  b\ndata\n\n"), ["a\n b\n"]);
    }

    #[test]
    fn an_event_name_belongs_to_its_event_only() {
        let events = parse(&[b"event: ping\ndata: {}\n\nevent: lost\n\ndata: x\n\n"]);
        assert_eq!(events[0], SseEvent { name: "ping".into(), data: "{}".into() });
        assert_eq!(events[1], SseEvent { name: String::new(), data: "x".into() });
    }

    #[test]
    fn a_byte_order_mark_is_ignored_at_the_start_only() {
        assert_eq!(data("\u{feff}data: a\n\n\u{feff}data: b\n\n"), ["a"]);
    }

    #[test]
    fn the_last_event_counts_without_its_blank_line() {
        assert_eq!(data("data: a\n\ndata: [DONE]"), ["a", "[DONE]"]);
    }

    #[test]
    fn bytes_that_are_no_utf8_become_replacement_characters() {
        assert_eq!(parse(&[b"data: a\xFFb\n\n"])[0].data, "a\u{fffd}b");
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut parser = SseParser::default();
        let piece = vec![b'x'; 64 * 1024];
        let refused = (0..=16).find_map(|_| parser.push(&piece).err());
        assert_eq!(refused, Some(TooLong));
    }

    #[test]
    fn data_lines_without_end_are_refused() {
        let mut parser = SseParser::default();
        let line = format!("data: {}\n", "x".repeat(64 * 1024)).into_bytes();
        let refused = (0..=16).find_map(|_| parser.push(&line).err());
        assert_eq!(refused, Some(TooLong));
    }

    fn stream_text() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            "data: [a-zé€😀]{0,6}",
            "event: [a-z]{0,3}",
            ": [a-z]{0,3}",
            Just(String::new()),
            Just(String::new()),
            "[a-z\u{feff}:]{0,4}",
        ];
        let end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
        prop::collection::vec((line, end), 0..24)
            .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect())
    }

    proptest! {
        #[test]
        fn how_the_input_is_cut_changes_nothing(text in stream_text(), cuts in prop::collection::vec(0_usize..200, 0..20)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect();
            let byte_by_byte: Vec<&[u8]> = bytes.chunks(1).collect();
            let whole = parse(&[bytes]);
            prop_assert_eq!(&parse(&pieces), &whole);
            prop_assert_eq!(&parse(&byte_by_byte), &whole);
        }

        #[test]
        fn no_input_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            parse(&[&bytes]);
        }
    }
}
