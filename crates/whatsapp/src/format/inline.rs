//! Marks within a line: Markdown's become WhatsApp's, everything that only looks like one stays.
//!
//! Not CommonMark, and on purpose not a parser of it: replies mix Markdown with WhatsApp's own marks, which mean other
//! things (`*x*` is bold here and italic there), and hold codes that a parser takes apart (`***.456.789-**`,
//! `pedido_123_abc`, `2*3*4`). The rules here are fewer and stricter:
//! - `**`, `__`, `***` and `~~` are marks where they stand at the edge of words, open before something that can begin
//!   a text, and are closed by the same. Everything else stays as it is.
//! - A single `_` or `~` means the same in both and is left alone. A single `*` is Markdown's italics only in a text
//!   with a `**…**` somewhere; the instructions ask models for WhatsApp's marks.
//! - Addresses and code are copied.

use super::address;
use super::tag::{self, Tag};

/// Marks within marks; deeper ones stay as they are.
const MAX_DEPTH: usize = 8;

/// Labels of links within labels of links.
const MAX_LABELS: usize = 2;

/// How marks are read and written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Whether a single star is italics.
    pub(super) is_markdown: bool,
    /// Whether bold is written; not within a heading, which is bold as a whole.
    pub(super) writes_bold: bool,
}

/// Writes a text in WhatsApp's marks.
pub(super) fn converted(text: &str, style: Style) -> String {
    convert(text, style, 0)
}

/// Whether the text holds a pair of marks that only Markdown has.
pub(super) fn has_markdown(text: &str) -> bool {
    let mut pieces = scan(text, Style { is_markdown: false, writes_bold: true }, MAX_LABELS);
    pair(&mut pieces);
    pieces.iter().any(|piece| {
        matches!(piece, Piece::Mark(Mark { partner: Some(_), kind: MarkKind::Run('*' | '_', 2..), .. }))
    })
}

#[derive(Debug)]
enum Piece {
    Text(String),
    Mark(Mark),
}

#[derive(Debug)]
struct Mark {
    kind: MarkKind,
    opens: bool,
    closes: bool,
    partner: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MarkKind {
    /// A character and how often it stands there.
    Run(char, usize),
    /// A tag, and the mark it stands for.
    Tag(&'static str),
}

impl MarkKind {
    /// WhatsApp's marks, from outside to inside.
    fn marks(self) -> &'static str {
        match self {
            Self::Run('*' | '_', 2) => "*",
            Self::Run('*' | '_', 3) => "*_",
            Self::Run('*', 1) => "_",
            Self::Run(..) => "~",
            Self::Tag(marks) => marks,
        }
    }

    /// What stands there when nothing closes it.
    fn unpaired(self) -> String {
        match self {
            Self::Run(character, count) => std::iter::repeat_n(character, count).collect(),
            Self::Tag(_) => String::new(),
        }
    }
}

fn convert(text: &str, style: Style, labels: usize) -> String {
    let mut pieces = scan(text, style, labels);
    pair(&mut pieces);
    render(&pieces, 0, pieces.len(), style)
}

/// Takes a text apart, once from left to right.
fn scan(text: &str, style: Style, labels: usize) -> Vec<Piece> {
    let mut scanner = Scanner { pieces: Vec::new(), before: None };
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let taken = match c {
            '\\' => scanner.escape(rest),
            '`' => scanner.code(rest),
            '<' => scanner.html(rest, style, labels),
            '[' => scanner.link(rest, 0, style, labels),
            '!' if rest.starts_with("![") => scanner.link(rest, 1, style, labels),
            '*' | '_' | '~' => scanner.run(rest, c, style),
            'h' | 'H' | 'w' | 'W' => scanner.address(rest),
            _ => 0,
        };
        if taken == 0 {
            scanner.push(c.encode_utf8(&mut [0; 4]));
            at += c.len_utf8();
        } else {
            at += taken;
        }
        scanner.before = text[..at].chars().next_back();
    }
    scanner.pieces
}

struct Scanner {
    pieces: Vec<Piece>,
    /// The character before, as it was written.
    before: Option<char>,
}

/// Each method takes what begins here and says how many bytes it took; 0: nothing of its kind begins here.
impl Scanner {
    fn push(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// A backslash before a sign of Markdown; two backslashes stay, they may be a path.
    fn escape(&mut self, rest: &str) -> usize {
        let Some(next) = rest.chars().nth(1) else { return 0 };
        if next == '\n' {
            self.push("\n");
            return 2;
        }
        if !"*_~`#.-!()[]{}<>|+$&\"'".contains(next) {
            return 0;
        }
        self.push(&rest[1..=next.len_utf8()]);
        1 + next.len_utf8()
    }

    /// Code between runs of as many backticks, copied; within a single pair unless it is WhatsApp's own block.
    fn code(&mut self, rest: &str) -> usize {
        let count = run_length(rest, '`');
        let Some(end) = closing_backticks(&rest[count..], count) else {
            self.push(&rest[..count]);
            return count;
        };
        let content = &rest[count..count + end];
        let whole = &rest[..count + end + count];
        if count == 2 && !content.contains('`') && !content.trim().is_empty() {
            self.push(&format!("`{}`", content.trim()));
        } else {
            self.push(whole);
        }
        whole.len()
    }

    fn html(&mut self, rest: &str, style: Style, labels: usize) -> usize {
        if let Some((address, length)) = tag::bracketed_address(rest) {
            self.push(address);
            return length;
        }
        if let Some((label, target, length)) = tag::anchor(rest) {
            self.push_link(label, target, style, labels);
            return length;
        }
        let Some((tag, length)) = tag::tag(rest) else { return 0 };
        match tag {
            Tag::Break => self.push("\n"),
            Tag::Item => self.push("\n- "),
            Tag::Code => self.push("`"),
            Tag::Nothing => {}
            Tag::Bold { opens } => self.push_tag("*", opens),
            Tag::Italic { opens } => self.push_tag("_", opens),
            Tag::Strike { opens } => self.push_tag("~", opens),
        }
        length
    }

    fn push_tag(&mut self, marks: &'static str, opens: bool) {
        let kind = MarkKind::Tag(marks);
        self.pieces.push(Piece::Mark(Mark { kind, opens, closes: !opens, partner: None }));
    }

    fn link(&mut self, rest: &str, skipped: usize, style: Style, labels: usize) -> usize {
        let Some(link) = address::link(&rest[skipped..]) else { return 0 };
        self.push_link(link.label, link.target, style, labels);
        skipped + link.length
    }

    fn push_link(&mut self, label: &str, target: &str, style: Style, labels: usize) {
        let label = if labels < MAX_LABELS { convert(label, style, labels + 1) } else { label.to_owned() };
        self.push(&address::shown(&label, target));
    }

    fn address(&mut self, rest: &str) -> usize {
        let length = address::length(rest, self.before);
        self.push(&rest[..length]);
        length
    }

    /// A run of marks, if it can be one; otherwise it is text as a whole.
    fn run(&mut self, rest: &str, mark: char, style: Style) -> usize {
        let count = run_length(rest, mark);
        let is_mark = match mark {
            '*' => count == 2 || count == 3 || (count == 1 && style.is_markdown),
            '_' => count == 2 || count == 3,
            _ => count == 2,
        };
        let after = rest[count..].chars().next();
        let opens = self.before.is_none_or(can_stand_before) && after.is_some_and(can_begin);
        let closes = self.before.is_some_and(can_end) && after.is_none_or(can_stand_after);
        if is_mark && (opens || closes) {
            let kind = MarkKind::Run(mark, count);
            self.pieces.push(Piece::Mark(Mark { kind, opens, closes, partner: None }));
        } else {
            self.push(&rest[..count]);
        }
        count
    }
}

fn run_length(text: &str, character: char) -> usize {
    text.len() - text.trim_start_matches(character).len()
}

/// Where the run of exactly so many backticks begins that ends a code.
fn closing_backticks(text: &str, count: usize) -> Option<usize> {
    /// Code in a sentence is short; an open backtick must not cost a search of the whole text each time.
    const MAX_CODE_BYTES: usize = 4_096;
    let near = &text[..text.floor_char_boundary(MAX_CODE_BYTES)];
    let mut at = 0;
    while let Some(found) = near[at..].find('`') {
        let start = at + found;
        let length = run_length(&near[start..], '`');
        if length == count && start > 0 {
            return Some(start);
        }
        at = start + length;
    }
    None
}

/// What may stand before an opening mark: white space, opening brackets and quotes, dashes, other marks. Not letters and
/// digits (`2**3`), and not what joins addresses and codes (`/__x__`, `=**`).
fn can_stand_before(c: char) -> bool {
    c.is_whitespace() || is_symbol(c) || "([{\"'“‘«¿¡—–-:,;.!?>*_~·•|…”’»)".contains(c)
}

/// What may stand after a closing mark.
fn can_stand_after(c: char) -> bool {
    c.is_whitespace() || is_symbol(c) || ")]}\"'”’».,;:!?…—–-*_~<·|([“«".contains(c)
}

/// What a marked text may begin with: not the punctuation of masked codes (`***.456.789-**`).
fn can_begin(c: char) -> bool {
    c.is_alphanumeric() || is_symbol(c) || "([{\"'“‘«¿¡*_~`$#@+<\\!&€£%-–—".contains(c)
}

/// What a marked text may end with: not the joints of masked codes (`***.456.789-**`).
fn can_end(c: char) -> bool {
    !c.is_whitespace() && c != '-' && c != '/'
}

/// Emoji and the like: anything beyond ASCII and Latin that is no letter and no punctuation named above.
fn is_symbol(c: char) -> bool {
    u32::from(c) >= 0x2190 && !c.is_alphanumeric()
}

/// Finds the closing mark of each opening one, innermost first.
fn pair(pieces: &mut [Piece]) {
    let mut open: Vec<(MarkKind, usize)> = Vec::new();
    for at in 0..pieces.len() {
        let Piece::Mark(mark) = &pieces[at] else { continue };
        let (kind, opens, closes) = (mark.kind, mark.opens, mark.closes);
        let begun = open.iter().rposition(|(other, start)| *other == kind && at - start > 1);
        match begun {
            Some(depth) if closes => {
                let start = open[depth].1;
                open.truncate(depth);
                set_partner(pieces, start, at);
                set_partner(pieces, at, start);
            }
            _ if opens && open.len() < MAX_DEPTH => open.push((kind, at)),
            _ => {}
        }
    }
}

fn set_partner(pieces: &mut [Piece], at: usize, partner: usize) {
    if let Some(Piece::Mark(mark)) = pieces.get_mut(at) {
        mark.partner = Some(partner);
    }
}

/// Puts the pieces from `start` to before `end` together. As deep as marks were paired: at most [`MAX_DEPTH`].
fn render(pieces: &[Piece], start: usize, end: usize, style: Style) -> String {
    let mut text = String::new();
    let mut at = start;
    while at < end {
        match &pieces[at] {
            Piece::Text(piece) => text.push_str(piece),
            Piece::Mark(Mark { kind, partner: Some(partner), .. }) if *partner > at && *partner < end => {
                let inner = render(pieces, at + 1, *partner, style);
                text.push_str(&wrapped(&inner, kind.marks(), style));
                at = *partner;
            }
            Piece::Mark(mark) => text.push_str(&mark.kind.unpaired()),
        }
        at += 1;
    }
    text
}

/// Puts marks around each line: WhatsApp's do not reach over line ends.
fn wrapped(inner: &str, marks: &str, style: Style) -> String {
    let marks = if style.writes_bold { marks } else { marks.trim_start_matches('*') };
    let mut text = inner.to_owned();
    for mark in marks.chars().rev() {
        let lines: Vec<String> = text.split('\n').map(|line| wrapped_line(line, mark)).collect();
        text = lines.join("\n");
    }
    text
}

/// One line within a mark, unless the mark would not be read as one.
fn wrapped_line(line: &str, mark: char) -> String {
    let content = line.trim();
    let is_marked = content.starts_with(mark) || content.ends_with(mark);
    if content.is_empty() || is_marked || address::ends_line(content) {
        return line.to_owned();
    }
    let start = line.len() - line.trim_start().len();
    let (before, after) = (&line[..start], &line[start + content.len()..]);
    format!("{before}{mark}{content}{mark}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        converted(text, Style { is_markdown: has_markdown(text), writes_bold: true })
    }

    #[test]
    fn markdowns_marks_become_whatsapps() {
        let cases = [
            ("**negrito** e __negrito__", "*negrito* e *negrito*"),
            ("***os dois***", "*_os dois_*"),
            ("~~antes~~ **R$ 10,00**!", "~antes~ *R$ 10,00*!"),
            ("**a** e *b*", "*a* e _b_"),
            ("**a *b* c**", "*a _b_ c*"),
            ("(**a**), “**b**”: **c**.", "(*a*), “*b*”: *c*."),
            ("**😀 oi 😀**", "*😀 oi 😀*"),
            ("**Passo 1:** faça", "*Passo 1:* faça"),
            ("**duas\nlinhas**", "*duas*\n*linhas*"),
            ("``código``", "`código`"),
            ("<b>a</b><br><i>b</i> <u>c</u>", "*a*\n_b_ c"),
        ];
        for (markdown, expected) in cases {
            assert_eq!(read(markdown), expected);
        }
    }

    #[test]
    fn whatsapps_own_marks_stay() {
        for text in
            ["*negrito* _itálico_ ~riscado~", "`código` e ```bloco```", "*Obs.* sem nada", "_*os dois*_"]
        {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn what_only_looks_like_a_mark_stays() {
        let codes = [
            "pedido_123_abc",
            "__dunder__x",
            "2**3**4 e 2*3*4",
            "CPF ***.456.789-** e **.***.678-**",
            "cartão **** **** **** 1234",
            "00020126580014br.gov.bcb.pix0136123e4567-e89b-12d3-a456-42661417400062070503***6304ABCD",
            "https://x.example/a__b__c?d=**e**&f=_g_",
            "loja.example/__x__/y",
            "jo**@x.example e a__b__@x.example",
            "Nome: ____",
            "5 ** 3 ** 2",
            "**sem fim",
            "`**código**`",
            "C:\\temp\\novo \\\\servidor",
            "a < b > c, <seu nome>",
            "[x](ver abaixo) [y]",
        ];
        for code in codes {
            assert_eq!(read(code), code);
        }
    }

    #[test]
    fn codes_next_to_markdown_stay_too() {
        let read = read("**Pedido** pedido_1_a: *2*3*4* rastreio AA123456789BR, R$ 1.234,56");
        assert_eq!(read, "*Pedido* pedido_1_a: _2*3*4_ rastreio AA123456789BR, R$ 1.234,56");
    }

    #[test]
    fn links_show_where_they_go() {
        assert_eq!(read("[**Loja**](https://x.example/a_b)"), "*Loja*: https://x.example/a_b");
        assert_eq!(read("![foto](https://x.example/f.png)"), "foto: https://x.example/f.png");
        assert_eq!(
            read("<https://x.example> <a href='https://y.example'>y</a>"),
            "https://x.example y: https://y.example"
        );
    }

    #[test]
    fn no_mark_is_put_behind_an_address() {
        assert_eq!(read("**Site: https://x.example**"), "Site: https://x.example");
        assert_eq!(read("**[Loja](https://x.example)**"), "Loja: https://x.example");
        assert_eq!(read("**https://x.example é o site**"), "*https://x.example é o site*");
    }

    #[test]
    fn escapes_are_resolved() {
        assert_eq!(read(r"R\$ 10 \* 2, 1\. a\_b"), "R$ 10 * 2, 1. a_b");
    }

    #[test]
    fn a_thousand_open_marks_take_no_time() {
        for piece in
            ["**a ", "`", "<b>x", "[", "[a](", "***a *b ", "<", "__a **b ~~c ", "![", "<a href=\"", "``"]
        {
            let text = piece.repeat(3_000);
            assert!(!read(&text).is_empty());
        }
    }
}
