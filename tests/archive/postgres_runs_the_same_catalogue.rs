//! A PostgreSQL cluster in a temporary folder, on a Unix socket of its own, gone with the test.

use std::future::Future;

use ferric::archive::Catalogue;
use sqlx::{Connection, Executor};

use crate::catalogues::Cluster;
use crate::{
    agents_and_projects_are_checked_field_by_field as checks, events_rise_for_every_reader as events,
    every_change_is_noted_with_it as changes, lists_hold_what_is_asked_for_and_covered as lists, many_write_at_once as writers,
    recordings_are_sorted_once as sorted, recordings_page_newest_first as pages, the_admin_key_is_kept_or_made_anew as key,
    the_audit_log_is_a_chain as audit, the_first_start_makes_the_catalogue as start, what_is_deleted_names_nobody as gone,
    what_is_kept_comes_back as kept, what_people_say_stays_with_a_recording as said,
};

impl Cluster {
    async fn fresh<F: Future<Output = ()>>(&self, name: &str, behaviour: impl FnOnce(Catalogue) -> F) {
        let mut admin = sqlx::PgConnection::connect(&self.url("postgres")).await.expect("connects");
        admin.execute(sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))).await.expect("made");
        let catalogue = Catalogue::open(&self.url(name)).await.expect("opens");
        behaviour(catalogue.clone()).await;
        catalogue.close().await;
        Catalogue::open(&self.url(name)).await.expect("opens again").close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_behaviour_of_the_catalogue_holds_on_postgres() {
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.expect("starts");
    cluster.fresh("first_start", start::a_call_has_somewhere_to_go).await;
    cluster.fresh("kept", kept::every_column_comes_back).await;
    cluster.fresh("gone", gone::addresses_go_with_the_recording_that_they_were_for).await;
    cluster.fresh("said", said::what_people_say_is_noted_and_never_written_over).await;
    cluster.fresh("sorted", sorted::recordings_are_sorted_once).await;
    cluster.fresh("checks", checks::messages_name_the_field).await;
    cluster.fresh("in_use", checks::a_project_in_use_stays).await;
    cluster.fresh("events", events::events_rise).await;
    cluster.fresh("event_names", events::names_go_from_wherever_events_lie).await;
    cluster.fresh("behind", events::ten_thousand_behind).await;
    cluster.fresh("followed", events::a_reader_that_follows_misses_none).await;
    cluster.fresh("writers", writers::no_change_is_lost).await;
    cluster.fresh("declines", writers::declines_and_deletions_wait_for_each_other).await;
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
