//! Rows of archive.md, each through the real surface: a test is named after its row's id. `docs/requirements.md` lists them.

#![allow(clippy::unwrap_used)]

mod a1_a_recording_keeps_what_it_is_found_and_judged_by;
mod a2_a_recording_goes_through_its_states;
mod a3_recordings_lie_in_their_region_and_nowhere_else;
mod a3_what_a_party_declined_leaves_its_region;
mod a4_holds_keep_what_they_cover;
mod a4_recordings_go_when_their_time_is_over;
mod a5_recordings_are_sorted;
mod a6_the_archive_is_searched;
mod a7_files_that_are_sent_in_become_recordings;
mod a7_files_that_were_sent_in_outlive_a_catalogue_that_is_away;
mod a8_chat_logs_are_attached_to_sessions;
mod a9_ready_is_what_was_read_back;
mod aged;
mod b1_people_sign_in_and_keys_have_scopes;
mod b1_people_sign_in_by_openid_connect;
mod b2_an_agents_calls_are_recorded_as_properties_say;
mod b2_properties_decide_what_people_may;
mod b3_every_route_asks_who;
mod b3_people_find_what_is_theirs;
mod b4_nothing_plays_before_its_reason;
mod b5_the_audit_log_is_a_chain;
mod b6_a_recordings_link_opens_for_whom_it_is_set;
mod b7_selected_people_come_by_a_temporary_link;
mod c10_what_was_sent_outside_is_in_a_log_and_pages_are_configured;
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
#[path = "../archive/catalogues.rs"]
mod catalogues;
mod d1_a_colleague_finds_what_was_sent_and_only_what_is_theirs;
#[allow(dead_code)]
#[path = "../node/declined.rs"]
mod declined;
mod forms;
#[allow(dead_code)]
#[path = "../node/heard.rs"]
mod heard;
#[allow(dead_code)]
#[path = "../sip/peer.rs"]
mod peer;
#[allow(dead_code)]
mod people;
#[allow(dead_code)]
#[path = "../node/running_node.rs"]
mod running_node;
#[allow(dead_code)]
#[path = "../store/server.rs"]
mod server;
#[allow(dead_code)]
mod sharing;
mod siprec;
mod smtp;
#[allow(dead_code)]
#[path = "../api/started.rs"]
mod started;
#[path = "../archive/tables.rs"]
mod tables;
mod tus;
#[path = "../node/two_tones.rs"]
mod two_tones;
