//! Tables of Markdown (GitHub's extension): one line a row, `Plano: Básico · Preço: R$ 10`.

/// Whether two lines begin a table: cells, and below them as many cells of nothing but dashes and colons.
pub(super) fn starts(header: &str, rule: &str) -> bool {
    let rule = rule.trim();
    if !header.contains('|') || !rule.contains('-') || !rule.contains('|') {
        return false;
    }
    let rules = cells(rule);
    let is_rule = |cell: &&str| {
        let dashes = cell.trim_start_matches(':').trim_end_matches(':');
        !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
    };
    rules.iter().all(|cell| is_rule(&cell.as_str())) && rules.len() == cells(header).len()
}

/// Whether a line is a row of the table above it.
pub(super) fn is_row(line: &str) -> bool {
    line.contains('|') && !line.trim().is_empty()
}

/// The cells of a row: split at bars that are not escaped and not within code.
pub(super) fn cells(row: &str) -> Vec<String> {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let mut cells = vec![String::new()];
    let mut is_code = false;
    let mut chars = row.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(cell) = cells.last_mut() else { break };
        match c {
            '\\' if chars.peek() == Some(&'|') => {
                chars.next();
                cell.push('|');
            }
            '|' if !is_code => cells.push(String::new()),
            _ => {
                is_code ^= c == '`';
                cell.push(c);
            }
        }
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    cells.into_iter().map(|cell| cell.trim().to_owned()).collect()
}

/// A row below its header. Empty cells are left out; what has no header stands alone.
pub(super) fn row(header: &[String], cells: &[String]) -> String {
    let mut parts = Vec::with_capacity(cells.len());
    for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
        match header.get(at).map(|name| name.trim_end_matches(':')).filter(|name| !name.is_empty()) {
            Some(name) => parts.push(format!("{name}: {cell}")),
            None => parts.push(cell.clone()),
        }
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_needs_a_line_of_dashes_with_as_many_cells() {
        assert!(starts("| A | B |", "|---|:-:|"));
        assert!(starts("A | B", "--- | ---"));
        assert!(!starts("| A | B |", "|---|"));
        assert!(!starts("A", "---"), "a heading with a line below");
        assert!(!starts("R$ 10 | R$ 20", "- item | outro"));
    }

    #[test]
    fn cells_end_at_bars_that_are_no_text() {
        assert_eq!(cells(r"| a \| b | `c|d` |  |"), ["a | b", "`c|d`", ""]);
        assert_eq!(cells("a|b"), ["a", "b"]);
        assert_eq!(cells("|"), [""]);
    }

    #[test]
    fn a_row_names_its_columns_and_loses_no_cell() {
        let header = ["Plano".to_owned(), "Preço:".to_owned(), String::new()];
        let cells = ["Básico".to_owned(), String::new(), "x".to_owned(), "y".to_owned()];
        assert_eq!(row(&header, &cells), "Plano: Básico · x · y");
    }
}
