//! The composition root: configuration, start and shutdown order, the command line. It uses everything; nothing uses it.

pub mod config;
pub mod directory;
pub mod events;
pub mod load;
pub mod metrics;
pub mod render_pool;
pub mod rows;
