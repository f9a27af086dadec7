//! The HTTP surface, asked by a real client over a real socket of a real node.

#![allow(clippy::unwrap_used)]

mod away;
#[allow(dead_code)]
#[path = "../archive/catalogues.rs"]
mod catalogues;
mod receiver;
mod started;
mod stream;

mod a_browser_signs_in_and_forged_requests_do_not;
mod a_recording_is_listed_labelled_and_deleted;
mod a_refusal_says_what_and_where;
mod a_request_that_is_sent_twice_is_carried_out_once;
mod a_room_goes_from_invitation_to_end;
mod an_agents_desk_shows_their_calls_and_nobody_elses;
mod configuration_is_kept;
mod consent_answers_are_kept_with_how_they_came_about;
mod events_are_taken_up_where_they_broke_off;
mod files_come_whole_in_parts_or_not_at_all;
mod nothing_answers_without_authentication;
mod pages_are_readable_before_scripts;
mod settings_are_checked_noted_and_for_new_sessions;
mod settings_pages_say_what_is_and_what_cannot_be;
#[path = "../archive/tables.rs"]
mod tables;
mod watching_shows_the_state_at_once;
mod webhooks_reach_their_receiver;
mod what_is_refused_to_a_browser_is_a_page;
mod what_operators_do_is_in_the_audit_log;
