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
mod smtp;
#[allow(dead_code)]
#[path = "../api/started.rs"]
mod started;
mod tus;
#[path = "../node/two_tones.rs"]
mod two_tones;
