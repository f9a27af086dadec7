//! What two rooms share and nothing else: ids, roles, settings, spans, tape events, the manifest, units.
//!
//! Nothing here knows of sockets, clocks, files or tokio. Every room may use it; it uses none.

pub mod beginning;
mod by_name;
pub mod command;
pub mod consent;
pub mod email;
pub mod event;
pub mod event_kind;
pub mod g711;
pub mod gate;
pub mod id;
pub mod language;
pub mod manifest;
pub mod media;
pub mod preference;
pub mod project_kind;
pub mod redact;
pub mod region;
pub mod role;
pub mod rtp;
pub mod settings;
pub mod switchboard;
pub mod text;
pub mod time;
pub mod visibility;
pub mod zone;
