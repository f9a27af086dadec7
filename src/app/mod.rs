//! The composition root: configuration, start and shutdown order, the command line. It uses everything; nothing uses it.

pub mod config;
