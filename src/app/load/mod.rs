//! The load generator: real peers with real media, for `ferric load`, `ferric demo` and the tests.

mod calls;
mod command;
pub mod measure;
mod own_node;
mod rtpengine;
pub mod siprec;
mod streams;
pub mod whip;

pub use command::{Load, run};
pub use own_node::Target;
