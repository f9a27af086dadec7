//! The stores: a folder, and a real S3 server in the test's own process.

#![allow(clippy::unwrap_used)]

mod a_bucket_keeps_whole_objects;
mod a_folder_keeps_whole_objects;
mod an_upload_goes_on_where_it_stopped;
mod behaviour;
mod files;
mod server;
mod the_queue_never_gives_up;
