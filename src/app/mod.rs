//! The composition root: configuration, start and shutdown order, the command line. It uses everything; nothing uses it.

pub mod command_line;
pub mod config;
pub mod conveyor;
pub mod demo;
pub mod directory;
pub mod erasure;
pub mod events;
pub mod first_visibility;
mod in_work;
pub mod load;
mod mail;
pub mod metrics;
pub mod node;
mod notice;
mod oidc;
pub mod render_command;
pub mod render_pool;
mod retention;
pub mod rows;
pub mod serve;
mod sharing;
pub mod simulate;
pub mod tape_commands;
pub mod uploads;
pub mod verify;
pub mod ways;
mod webhooks;
