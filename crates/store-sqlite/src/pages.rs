//! Pages of lists, newest first. A cursor is the instant and the position of the last row shown, so a page is a range of an
//! index wherever it starts.

use jiff::Timestamp;
use pytake_assistant::conversation::Page;

use crate::columns::instant;

/// Rows of a page at most, as the filters promise.
const LARGEST: u32 = 200;

/// How many rows a page has.
pub(crate) fn size(wanted: u32) -> u32 {
    wanted.clamp(1, LARGEST)
}

/// Behind which row a page begins; `None`: at the beginning, also for a cursor that is malformed.
pub(crate) fn place(cursor: Option<&str>) -> Option<(i64, i64)> {
    let (instant, position) = cursor?.split_once('.')?;
    Some((instant.parse().ok()?, position.parse().ok()?))
}

/// A page of rows with their positions, of which one more was read than it has.
pub(crate) fn page<T>(mut rows: Vec<(i64, T)>, size: u32, at: impl Fn(&T) -> Timestamp) -> Page<T> {
    let is_last = rows.len() <= size as usize;
    rows.truncate(size as usize);
    let last = rows.last().filter(|_| !is_last);
    let next = last.map(|(position, row)| format!("{}.{position}", instant(at(row))));
    Page { items: rows.into_iter().map(|(_, row)| row).collect(), next }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was() {
        let at = Timestamp::from_microsecond(17).unwrap();
        let rows = || vec![(5, "a"), (4, "b"), (3, "c")];
        let first = page(rows(), 2, |_| at);
        assert_eq!((first.items, place(first.next.as_deref())), (vec!["a", "b"], Some((17, 4))));
        assert_eq!(page(rows(), 3, |_| at).next, None);
        for malformed in ["", "17", "a.b", "17.", ".4"] {
            assert_eq!(place(Some(malformed)), None, "{malformed}");
        }
    }
}
