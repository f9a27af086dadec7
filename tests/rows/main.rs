//! Rows of archive.md, each through the real surface: a test is named after its row's id. `docs/requirements.md` lists them.

#![allow(clippy::unwrap_used)]

mod a7_files_that_are_sent_in_become_recordings;
mod a8_chat_logs_are_attached_to_sessions;
#[allow(dead_code)]
#[path = "../node/running_node.rs"]
mod running_node;
mod tus;
