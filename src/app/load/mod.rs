//! The load generator: real peers with real media, for `ferric load`, `ferric demo` and the tests.

pub mod siprec;
