//! A PostgreSQL cluster in a temporary folder, on a Unix socket of its own, gone with the test.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ferric::archive::Catalogue;
use sqlx::{Connection, Executor};

use crate::{
    agents_and_projects_are_checked_field_by_field as checks, events_rise_for_every_reader as events,
    every_change_is_noted_with_it as changes, lists_hold_what_is_asked_for_and_covered as lists, many_write_at_once as writers,
    recordings_are_sorted_once as sorted, recordings_page_newest_first as pages, the_admin_key_is_kept_or_made_anew as key,
    the_audit_log_is_a_chain as audit, the_first_start_makes_the_catalogue as start, what_is_kept_comes_back as kept,
    what_people_say_stays_with_a_recording as said,
};

struct Cluster {
    dir: tempfile::TempDir,
    programs: PathBuf,
}

impl Cluster {
    fn start() -> Self {
        let programs = programs().expect("PostgreSQL is installed (Debian package `postgresql`)");
        let dir = tempfile::tempdir().expect("a folder");
        let cluster = Self { dir, programs };
        if is_root() {
            let given = Command::new("chown").arg("postgres:").arg(cluster.dir.path()).status().expect("starts");
            assert!(given.success(), "the package makes the user postgres");
        }
        cluster.run("initdb", &["-D", &cluster.data(), "-U", "ferric", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]);
        let options = format!("-c listen_addresses= -c unix_socket_directories={} -c fsync=off", cluster.dir.path().display());
        cluster.run(
            "pg_ctl",
            &["-D", &cluster.data(), "-w", "-t", "60", "-l", &format!("{}/log", cluster.dir.path().display()), "-o", &options, "start"],
        );
        cluster
    }

    fn data(&self) -> String {
        self.dir.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut c = Command::new("setpriv");
            c.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            c
        } else {
            Command::new(program)
        };
        let status = command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("starts").success(), "{arguments:?}");
    }

    fn url(&self, database: &str) -> String {
        let socket: String = self.dir.path().display().to_string().replace('/', "%2F");
        format!("postgres://ferric@{socket}/{database}")
    }

    async fn fresh<F: Future<Output = ()>>(&self, name: &str, behaviour: impl FnOnce(Catalogue) -> F) {
        let mut admin = sqlx::PgConnection::connect(&self.url("postgres")).await.expect("connects");
        admin.execute(sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.expect("made");
        let catalogue = Catalogue::open(&self.url(name)).await.expect("opens");
        behaviour(catalogue.clone()).await;
        catalogue.close().await;
        Catalogue::open(&self.url(name)).await.expect("opens again").close().await;
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
        }
    }
}

/// PostgreSQL does not start as root.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// The newest version below Debian's folder, or what is on the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = versions.map(|v| v.path().join("bin")).filter(|bin| bin.join("initdb").exists()).max();
    packaged.or_else(|| {
        std::env::split_paths(&std::env::var_os("PATH")?).find(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_behaviour_of_the_catalogue_holds_on_postgres() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("starts");
    cluster.fresh("first_start", start::a_call_has_somewhere_to_go).await;
    cluster.fresh("kept", kept::every_column_comes_back).await;
    cluster.fresh("said", said::what_people_say_is_noted_and_never_written_over).await;
    cluster.fresh("sorted", sorted::recordings_are_sorted_once).await;
    cluster.fresh("checks", checks::messages_name_the_field).await;
    cluster.fresh("in_use", checks::a_project_in_use_stays).await;
    cluster.fresh("events", events::events_rise).await;
    cluster.fresh("behind", events::ten_thousand_behind).await;
    cluster.fresh("followed", events::a_reader_that_follows_misses_none).await;
    cluster.fresh("writers", writers::no_change_is_lost).await;
    cluster.fresh("names", writers::one_of_many_gets_the_name).await;
    cluster.fresh("filters", pages::filters_and_limits_hold).await;
    cluster.fresh("lists", |c| lists::a_list_is_what_a_look_at_every_row_finds(c, 200)).await;
    cluster.fresh("pages", |c| pages::pages_without_gap_or_repeat(c, 2_000)).await;
    cluster.fresh("changes", changes::a_change_and_its_entry_come_together_or_not_at_all).await;
    cluster.fresh("wordings", changes::a_wording_is_never_lost).await;
    cluster.fresh("audit", audit::entries_are_found_by_what_they_say).await;
    cluster.fresh("audit_writers", audit::many_who_note_at_once_form_one_line).await;
    cluster.fresh("audit_refusals", audit::what_is_no_entry_is_refused_and_changes_nothing).await;
    cluster.fresh("admin_key", key::the_key_lives_as_long_as_its_file).await;
}
