//! Rows of archive.md, each through the real surface: a test is named after its row's id. `docs/requirements.md` lists them.

#![allow(clippy::unwrap_used)]

mod a3_recordings_lie_in_their_region_and_nowhere_else;
mod a3_what_a_party_declined_leaves_its_region;
mod a5_recordings_are_sorted;
mod a7_files_that_are_sent_in_become_recordings;
mod a8_chat_logs_are_attached_to_sessions;
mod b6_a_recordings_link_opens_for_whom_it_is_set;
mod b7_selected_people_come_by_a_temporary_link;
mod c11_letters_go_out_by_smtp;
mod c11_the_log_shows_what_became_of_each_letter;
mod c1_recordings_are_shared_by_a_letter_with_a_link;
mod c2_days_end_where_the_workspace_is;
mod c3_copies_are_gone_with_their_share;
mod c4_a_code_opens_the_page_for_its_address_alone;
mod c5_somebody_outside_plays_on_a_phone_and_at_a_desk;
mod c5_terms_stand_before_what_is_played_in_pieces;
mod c6_all_that_is_valid_stands_on_one_page;
mod c7_a_web_session_lasts_as_configured;
mod c8_page_and_letters_speak_eight_languages;
mod c9_every_play_is_in_the_audit_log;
#[allow(dead_code)]
#[path = "../node/declined.rs"]
mod declined;
#[allow(dead_code)]
#[path = "../node/heard.rs"]
mod heard;
#[allow(dead_code)]
#[path = "../node/running_node.rs"]
mod running_node;
#[allow(dead_code)]
#[path = "../store/server.rs"]
mod server;
#[allow(dead_code)]
mod sharing;
mod smtp;
#[allow(dead_code)]
#[path = "../api/started.rs"]
mod started;
mod tus;
#[path = "../node/two_tones.rs"]
mod two_tones;
