//! Ferric: a real-time recording engine for calls and video sessions. See `ARCHITECTURE.md` for the plan of the house.

pub mod api;
pub mod app;
pub mod archive;
pub mod ingest;
pub mod model;
pub mod policy;
pub mod render;
pub mod session;
pub mod share;
pub mod signalling;
pub mod store;
pub mod tape;
