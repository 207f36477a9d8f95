//! A reply line by line: headings, lists, quotes, tables and code, as WhatsApp shows them.

use super::{address, inline, table};
use inline::{Style, converted};

/// Names of languages that models put behind the beginning of code. Any other word there is the code's first line.
const CODE_NAMES: &[&str] = &[
    "bash",
    "c",
    "cpp",
    "cs",
    "csharp",
    "css",
    "csv",
    "curl",
    "diff",
    "go",
    "html",
    "http",
    "ini",
    "java",
    "javascript",
    "js",
    "json",
    "kotlin",
    "markdown",
    "md",
    "php",
    "plaintext",
    "powershell",
    "py",
    "python",
    "ruby",
    "rust",
    "sh",
    "shell",
    "sql",
    "swift",
    "text",
    "toml",
    "ts",
    "txt",
    "typescript",
    "xml",
    "yaml",
    "yml",
];

/// Writes a text in WhatsApp's marks. No line ends in white space, at most one line in a row is empty, and there is
/// none at the beginning and the end.
pub(crate) fn to_whatsapp(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    let blocks = blocks(&lines);
    let is_markdown = blocks.iter().any(|block| match block {
        Block::Heading(text) | Block::Item { text, .. } => inline::has_markdown(text),
        Block::Paragraph(text) => inline::has_markdown(text),
        Block::Table { .. } | Block::Code(_) | Block::Blank => false,
    });
    let style = Style { is_markdown, writes_bold: true };
    let mut page = Page::default();
    for block in &blocks {
        match block {
            Block::Blank => page.blank(),
            Block::Code(code) => page.code(code),
            Block::Heading(text) => page.text(&heading(text, style)),
            Block::Item { lead, text } => page.text(&format!("{lead}{}", converted(text, style))),
            Block::Paragraph(text) => page.text(&converted(text, style)),
            Block::Table { header, rows } => page.text(&table_lines(header, rows, style)),
        }
    }
    page.finished()
}

#[derive(Debug)]
enum Block<'t> {
    Blank,
    Heading(&'t str),
    /// A line with something in front: a bullet, a number, a quote.
    Item {
        lead: String,
        text: &'t str,
    },
    Table {
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    Code(Vec<&'t str>),
    /// Lines that belong together.
    Paragraph(String),
}

fn blocks<'t>(lines: &[&'t str]) -> Vec<Block<'t>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(&line) = lines.get(at) {
        at += 1;
        if let Some(first) = code_start(line) {
            let (code, taken) = code(first, &lines[at..], fence(line));
            blocks.push(Block::Code(code));
            at += taken;
        } else if lines.get(at).is_some_and(|next| table::starts(line, next)) {
            let rows: Vec<Vec<String>> = lines[at + 1..]
                .iter()
                .take_while(|row| table::is_row(row))
                .map(|row| table::cells(row))
                .collect();
            at += 1 + rows.len();
            blocks.push(Block::Table { header: table::cells(line), rows });
        } else if line.trim().is_empty() || is_rule(line) {
            blocks.push(Block::Blank);
        } else if let Some(text) = heading_text(line) {
            blocks.push(Block::Heading(text));
        } else if let Some((lead, text)) = item(line) {
            blocks.push(Block::Item { lead, text });
        } else if let Some(Block::Paragraph(paragraph)) = blocks.last_mut() {
            paragraph.push('\n');
            paragraph.push_str(line);
        } else {
            blocks.push(Block::Paragraph(line.to_owned()));
        }
    }
    blocks
}

/// The marks that fence code.
fn fence(line: &str) -> &'static str {
    if line.trim_start().starts_with("~~~") { "~~~" } else { "```" }
}

/// What follows the beginning of fenced code on its line; `None`: the line begins none.
fn code_start(line: &str) -> Option<&str> {
    let fence = fence(line);
    let info = line.trim_start().strip_prefix(fence)?.trim_start_matches(&fence[..1]).trim();
    // A block that ends on the same line is a mark within a line.
    (!info.contains(&fence[..1])).then_some(info)
}

/// The lines of fenced code and how many lines they took. Code without an end reaches to the end of the text.
fn code<'t>(first: &'t str, lines: &[&'t str], fence: &str) -> (Vec<&'t str>, usize) {
    let mut code = Vec::new();
    if !first.is_empty() && !CODE_NAMES.contains(&first.to_ascii_lowercase().as_str()) {
        code.push(first);
    }
    for (at, &line) in lines.iter().enumerate() {
        let line_end = line.trim_end();
        if let Some(last) = line_end.strip_suffix(fence) {
            // WhatsApp's own blocks may end behind the last word.
            let last = last.trim_end_matches(&fence[..1]);
            if !last.trim().is_empty() {
                code.push(last);
            }
            return (code, at + 1);
        }
        code.push(line_end);
    }
    (code, lines.len())
}

/// A line of nothing but three or more of the same: a rule, or what makes the line above a heading.
fn is_rule(line: &str) -> bool {
    let mut signs = line.chars().filter(|c| !c.is_whitespace());
    let Some(first) = signs.next().filter(|c| "-*_=".contains(*c)) else { return false };
    let mut count = 1;
    for sign in signs {
        if sign != first {
            return false;
        }
        count += 1;
    }
    count >= 3
}

/// `# Text` to `###### Text`, without the signs that may close it. `#1` is none.
fn heading_text(line: &str) -> Option<&str> {
    let line = line.trim();
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    if !(1..=6).contains(&level) || !text.starts_with([' ', '\t']) {
        return None;
    }
    let text = text.trim();
    let closed = text.trim_end_matches('#');
    let text = if closed.ends_with(' ') || closed.is_empty() { closed.trim_end() } else { text };
    (!text.is_empty()).then_some(text)
}

/// A bullet, a number or a quote, and the text behind it.
fn item(line: &str) -> Option<(String, &str)> {
    let text = line.trim_start();
    let indent = &line[..line.len() - text.len()];
    let behind = |rest: &'_ str| rest.starts_with([' ', '\t']);
    if let Some(rest) = text.strip_prefix(['-', '*']).filter(|rest| behind(rest)) {
        return Some((format!("{indent}- "), rest.trim_start()));
    }
    // A plus before an amount is arithmetic, and a minus would turn it round: "+ R$ 10,00 de frete".
    if let Some(rest) = text.strip_prefix('+').filter(|rest| behind(rest)) {
        let rest = rest.trim_start();
        let is_amount = rest.starts_with(|c: char| c.is_ascii_digit() || "($€£".contains(c))
            || ["R$", "US$", "frete", "Frete", "taxa", "Taxa"].iter().any(|word| rest.starts_with(word));
        let lead = if is_amount { format!("{indent}+ ") } else { format!("{indent}- ") };
        return Some((lead, rest));
    }
    if text.starts_with('>') {
        let rest = text.trim_start_matches(['>', ' ']);
        return Some((text[..text.len() - rest.len()].to_owned(), rest));
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let behind_number = text.get(digits..)?.strip_prefix(['.', ')'])?;
    // Nine digits, as CommonMark counts; more is a code.
    if !(1..=9).contains(&digits) || !behind(behind_number) {
        return None;
    }
    Some((format!("{indent}{} ", &text[..=digits]), behind_number.trim_start()))
}

/// A line in bold, unless a mark in it or an address at its end would break it.
fn heading(text: &str, style: Style) -> String {
    let text = converted(text, Style { writes_bold: false, ..style });
    let lines = text.lines().map(|line| {
        let line = line.trim();
        if line.is_empty() || line.contains('*') || address::ends_line(line) {
            line.to_owned()
        } else {
            format!("*{line}*")
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn table_lines(header: &[String], rows: &[Vec<String>], style: Style) -> String {
    let written = |cells: &[String]| -> Vec<String> {
        cells.iter().map(|cell| converted(cell, style).replace('\n', " ")).collect()
    };
    let header = written(header);
    if rows.is_empty() {
        return table::row(&[], &header);
    }
    let lines = rows.iter().map(|row| table::row(&header, &written(row)));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What is written so far.
#[derive(Default)]
struct Page {
    text: String,
    wants_blank: bool,
}

impl Page {
    fn blank(&mut self) {
        self.wants_blank = true;
    }

    fn text(&mut self, text: &str) {
        for line in text.split('\n') {
            self.line(line.trim_end());
        }
    }

    fn line(&mut self, line: &str) {
        if line.is_empty() {
            self.blank();
            return;
        }
        self.begin_line();
        self.text.push_str(line);
    }

    /// Code keeps its empty lines.
    fn code(&mut self, lines: &[&str]) {
        if lines.iter().all(|line| line.trim().is_empty()) {
            return;
        }
        self.begin_line();
        self.text.push_str("```\n");
        for line in lines {
            self.text.push_str(line);
            self.text.push('\n');
        }
        self.text.push_str("```");
    }

    fn begin_line(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str(if self.wants_blank { "\n\n" } else { "\n" });
        }
        self.wants_blank = false;
    }

    fn finished(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_bold_lines() {
        assert_eq!(
            to_whatsapp("# Preços\n### **Plano** básico ##\n#1 lugar"),
            "*Preços*\n*Plano básico*\n#1 lugar"
        );
        assert_eq!(to_whatsapp("## Site https://x.example"), "Site https://x.example");
        assert_eq!(to_whatsapp("## *Já em negrito*"), "*Já em negrito*");
    }

    #[test]
    fn lists_have_whatsapps_bullets() {
        let text = "* **Um**: a\n+ Dois\n- Três\n  - Dentro\n1. Quatro\n2) Cinco\n• Seis";
        assert_eq!(to_whatsapp(text), "- *Um*: a\n- Dois\n- Três\n  - Dentro\n1. Quatro\n2) Cinco\n• Seis");
    }

    #[test]
    fn an_amount_that_is_added_is_not_taken_away() {
        let text = "Produto R$ 50,00\n+ R$ 10,00 de frete\n+ 5% de taxa\n- 10% no Pix";
        assert_eq!(to_whatsapp(text), text);
    }

    #[test]
    fn quotes_and_empty_lines_stay_in_measure() {
        let text = "> **citado**\n\n\n\n\nfim  \n---\noutro\n\n***\n";
        assert_eq!(to_whatsapp(text), "> *citado*\n\nfim\n\noutro");
    }

    #[test]
    fn tables_are_one_line_a_row() {
        let text =
            "Planos:\n| Plano | Preço |\n|---|---:|\n| **Básico** | R$ 10 |\n| Pro<br>Max | R$ 20 |\nfim";
        assert_eq!(
            to_whatsapp(text),
            "Planos:\nPlano: *Básico* · Preço: R$ 10\nPlano: Pro Max · Preço: R$ 20\nfim"
        );
        assert_eq!(to_whatsapp("| A | B |\n|---|---|"), "A · B");
    }

    #[test]
    fn code_is_copied() {
        let text = "Use:\n```json\n{\n  \"**a**\": 1,\n\n\n  \"b\": 2\n}\n```\nfim";
        assert_eq!(to_whatsapp(text), "Use:\n```\n{\n  \"**a**\": 1,\n\n\n  \"b\": 2\n}\n```\nfim");
        assert_eq!(to_whatsapp("~~~\nx\n~~~"), "```\nx\n```");
        assert_eq!(to_whatsapp("```sem fim\nx"), "```\nsem fim\nx\n```");
    }

    #[test]
    fn a_code_to_copy_is_never_taken_for_the_name_of_a_language() {
        assert_eq!(to_whatsapp("```0002012658\n6304ABCD```"), "```\n0002012658\n6304ABCD\n```");
        assert_eq!(to_whatsapp("Pix: ```00020126580014```"), "Pix: ```00020126580014```");
    }

    #[test]
    fn nothing_written_is_nothing() {
        for text in ["", "\n\n", "---", "```\n```"] {
            assert_eq!(to_whatsapp(text), "");
        }
    }
}
