//! A catalogue that fails in one table, as it would where it is away, while the rest goes on.

use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use crate::catalogues::{on_postgres, url_in};
use crate::started::Started;

async fn run(node: &Started, statements: &[String]) {
    let mut c = AnyConnection::connect(&url_in(node.dir.path())).await.expect("connects");
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut c).await.expect("done");
    }
    c.close().await.expect("closes");
}

/// While something goes on, a table can be neither read nor written.
pub async fn table<T>(node: &Started, table: &str, meanwhile: impl Future<Output = T>) -> T {
    run(node, &[format!("ALTER TABLE {table} RENAME TO {table}_away")]).await;
    let done = meanwhile.await;
    run(node, &[format!("ALTER TABLE {table}_away RENAME TO {table}")]).await;
    done
}

/// While something goes on, rows of a table cannot be changed; new ones can be made.
pub async fn changes<T>(node: &Started, table: &str, meanwhile: impl Future<Output = T>) -> T {
    if on_postgres() {
        let full =
            "CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$";
        run(node, &[full.to_owned(), format!("CREATE TRIGGER away BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION away()")]).await;
    } else {
        run(node, &[format!("CREATE TRIGGER away BEFORE UPDATE ON {table} BEGIN INSERT INTO nowhere VALUES (1); END")]).await;
    }
    let done = meanwhile.await;
    run(node, &[if on_postgres() { format!("DROP TRIGGER away ON {table}") } else { "DROP TRIGGER away".to_owned() }]).await;
    done
}
