//! The stores: a folder, and a real S3 server in the test's own process.

mod a_folder_keeps_whole_objects;
mod behaviour;
mod files;
