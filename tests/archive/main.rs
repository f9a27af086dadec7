//! The archive: the catalogue on SQLite and on PostgreSQL, keys, agents. Each behaviour is a function over a fresh catalogue, run on both databases.

#![allow(clippy::unwrap_used)]

mod agents_and_projects_are_checked_field_by_field;
#[allow(dead_code)]
mod catalogues;
mod events_rise_for_every_reader;
mod every_change_is_noted_with_it;
mod lists_hold_what_is_asked_for_and_covered;
mod many_write_at_once;
mod postgres_runs_the_same_catalogue;
mod recordings_are_sorted_once;
mod recordings_page_newest_first;
mod rights_agree_with_a_second_model;
mod support;
mod the_admin_key_is_kept_or_made_anew;
mod the_audit_log_is_a_chain;
mod the_first_start_makes_the_catalogue;
mod verify_says_the_first_broken_entry;
mod what_is_deleted_names_nobody;
mod what_is_kept_comes_back;
mod what_people_say_stays_with_a_recording;
