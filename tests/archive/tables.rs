//! Every table of a catalogue, whatever it holds.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};

/// Tables of which a row says something.
pub async fn that_say(url: &str, what: &str) -> Vec<String> {
    let is_sqlite = url.starts_with("sqlite:");
    let mut c = AnyConnection::connect(url).await.expect("connects");
    let tables = if is_sqlite {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    } else {
        "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables WHERE table_schema = 'public'"
    };
    let tables: Vec<String> = sqlx::query(tables).fetch_all(&mut c).await.expect("read").iter().map(|row| row.get("name")).collect();
    let mut found = Vec::new();
    for table in tables.into_iter().filter(|table| table != "_sqlx_migrations") {
        let line = if is_sqlite {
            let columns = format!("SELECT name FROM pragma_table_info('{table}')");
            let columns = sqlx::query(AssertSqlSafe(columns)).fetch_all(&mut c).await.expect("read");
            let columns: Vec<String> = columns.iter().map(|row| format!("coalesce({}, '')", row.get::<String, _>("name"))).collect();
            columns.join(" || ' ' || ")
        } else {
            format!("CAST({table} AS TEXT)")
        };
        let rows = sqlx::query(AssertSqlSafe(format!("SELECT {line} AS line FROM {table}"))).fetch_all(&mut c).await.expect("read");
        if rows.iter().any(|row| row.get::<String, _>("line").contains(what)) {
            found.push(table);
        }
    }
    found
}
