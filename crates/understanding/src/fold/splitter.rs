//! Builds words from folded characters: where one ends, what a disguise stands for, and which single
//! letters belong together.

use std::ops::Range;

use super::{Span, WordKind, Words};

/// Builds words from folded characters that carry their place in the original.
pub(super) struct Splitter {
    pub(super) words: Words,
    /// Byte in `words.folded` where the open word begins.
    open_at: usize,
    original: Range<usize>,
    /// Where the last letter or digit of the open word ended, signs after it not counted.
    solid_end: usize,
    run: Run,
    stretched: bool,
    pub(super) unmasking: bool,
    letters: usize,
    disguises: usize,
    /// Separators since the last word ended, for telling `a b` from `a  b`.
    gap: usize,
    gaps: Vec<usize>,
}

impl Splitter {
    pub(super) fn new(bytes: usize) -> Self {
        let folded = String::with_capacity(bytes);
        let spans = Vec::with_capacity(bytes / 5 + 1);
        Self {
            words: Words { folded, spans },
            open_at: 0,
            original: 0..0,
            solid_end: 0,
            run: Run::default(),
            stretched: false,
            unmasking: false,
            letters: 0,
            disguises: 0,
            gap: 0,
            gaps: Vec::new(),
        }
    }

    pub(super) fn letter(&mut self, f: char, at: usize, end: usize) {
        if self.words.folded.len() == self.open_at {
            self.original.start = at;
            self.run = Run::default();
        }
        self.original.end = end;
        self.run.count(f);
        if is_disguise(f) {
            self.disguises += 1;
        } else {
            self.letters += 1;
        }
        if !is_sign(f) {
            self.solid_end = end;
        }
        if self.run.length >= 3 && !is_web_prefix(f) {
            self.stretched = true;
            if self.run.length == 3 {
                self.words.folded.pop();
            }
            return;
        }
        self.words.folded.push(f);
    }

    /// One folded character of a text that may be disguised.
    pub(super) fn sign(&mut self, f: char, at: usize, end: usize) {
        match f {
            'a'..='z' | '0'..='9' | '@' | '$' => self.letter(f, at, end),
            '\'' | '’' => {}
            // At the beginning these are punctuation; at the end `finish_word` cuts them off.
            '!' | '|' if self.words.folded.len() > self.open_at => self.letter(f, at, end),
            f if f.is_alphanumeric() => self.letter(f, at, end),
            f => {
                self.finish_word();
                self.gap += 1;
                if matches!(f, '?' | '!' | '\n' | ';') || (f == '.' && self.gap == 1) {
                    self.boundary(f, at, end);
                }
            }
        }
    }

    /// Marks the end of a sentence; a full stop counts only after a word of two or more letters,
    /// so that `k.i.l.l` stays one word.
    fn boundary(&mut self, f: char, at: usize, end: usize) {
        let Some(last) = self.words.spans.last() else { return };
        let after_single_letter = last.folded.len() <= 1;
        if last.kind == WordKind::Boundary || (f == '.' && after_single_letter) {
            return;
        }
        self.push(WordKind::Boundary, at..end);
    }

    fn push(&mut self, kind: WordKind, original: Range<usize>) {
        let folded = self.open_at..self.words.folded.len();
        self.open_at = folded.end;
        self.words.spans.push(Span { folded, original, kind });
        if self.unmasking {
            self.gaps.push(self.gap);
        }
        if kind != WordKind::Boundary {
            self.gap = 0;
        }
    }

    pub(super) fn finish_word(&mut self) {
        if self.words.folded.len() == self.open_at {
            return;
        }
        let mut ends_sentence = false;
        let original = self.original.clone();
        if self.unmasking {
            while self.words.folded[self.open_at..].ends_with(is_sign) {
                ends_sentence |= self.words.folded.ends_with('!');
                self.words.folded.pop();
                self.disguises = self.disguises.saturating_sub(1);
            }
            self.undisguise();
        }
        if self.words.folded.len() > self.open_at {
            let kind = if self.stretched { WordKind::Stretched } else { WordKind::Plain };
            let end = self.solid_end;
            self.push(kind, original.start..end);
            if ends_sentence {
                self.push(WordKind::Boundary, end..original.end);
            }
        }
        self.stretched = false;
        self.letters = 0;
        self.disguises = 0;
    }

    /// Reads digits and symbols of the open word as letters, if letters are the larger part.
    fn undisguise(&mut self) {
        if self.disguises == 0 || self.letters < self.disguises {
            return;
        }
        let word: String = self.words.folded[self.open_at..].chars().map(letter_for).collect();
        self.words.folded.truncate(self.open_at);
        self.words.folded.push_str(&word);
    }

    /// Joins three or more one-letter words in a row; a wider gap between them ends a word.
    pub(super) fn join_spelled_out(&mut self) {
        let is_single = |span: &Span| span.folded.len() == 1 && span.kind == WordKind::Plain;
        if self.words.spans.windows(3).all(|three| !three.iter().all(is_single)) {
            return;
        }
        let old = std::mem::take(&mut self.words.spans);
        let mut index = 0;
        while index < old.len() {
            let singles = old[index..].iter().take_while(|span| is_single(span)).count();
            if singles < 3 || !self.spells_a_word(&old[index..index + singles]) {
                self.words.spans.extend_from_slice(&old[index..index + singles.max(1)]);
                index += singles.max(1);
                continue;
            }
            let letters = old[index..index + singles].iter().zip(&self.gaps[index..]);
            for (place, (letter, gap)) in letters.enumerate() {
                match self.words.spans.last_mut() {
                    Some(word) if place > 0 && *gap <= 1 => {
                        word.folded.end = letter.folded.end;
                        word.original.end = letter.original.end;
                    }
                    _ => self.words.spans.push(Span { kind: WordKind::Joined, ..letter.clone() }),
                }
            }
            index += singles;
        }
        self.read_joined_disguises();
    }

    /// Numbers written apart (`1 2 3`) are not a word: most signs must be letters.
    fn spells_a_word(&self, singles: &[Span]) -> bool {
        let is_letter = |span: &&Span| !self.words.folded[span.folded.clone()].starts_with(is_disguise);
        singles.iter().filter(is_letter).count() * 2 >= singles.len()
    }

    /// The digits inside joined words; each stands for one ASCII letter, so no place moves.
    fn read_joined_disguises(&mut self) {
        let spans = &self.words.spans;
        let folded = std::mem::take(&mut self.words.folded);
        let mut joined = spans.iter().filter(|span| span.kind == WordKind::Joined).peekable();
        for (at, c) in folded.char_indices() {
            while joined.next_if(|span| span.folded.end <= at).is_some() {}
            let inside = joined.peek().is_some_and(|span| span.folded.contains(&at));
            self.words.folded.push(if inside { letter_for(c) } else { c });
        }
    }
}

fn is_disguise(c: char) -> bool {
    c.is_ascii_digit() || is_sign(c)
}

fn is_sign(c: char) -> bool {
    matches!(c, '@' | '$' | '!' | '|')
}

/// The letter a digit or symbol stands for; `1` stays where it may be an `i` or an `l`.
fn letter_for(c: char) -> char {
    match c {
        '0' => 'o',
        '!' | '|' => '1',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        '8' => 'b',
        '9' => 'g',
        c => c,
    }
}

/// How often the last letter was repeated. Digits and signs never count as stretched.
#[derive(Default)]
pub(super) struct Run {
    last: Option<char>,
    pub(super) length: usize,
}

impl Run {
    pub(super) fn count(&mut self, c: char) {
        let repeated = self.last == Some(c) && c.is_alphabetic();
        self.length = if repeated { self.length + 1 } else { 1 };
        self.last = Some(c);
    }
}

/// `www` is the one thing people write on purpose with three equal letters.
pub(super) fn is_web_prefix(c: char) -> bool {
    c == 'w'
}
