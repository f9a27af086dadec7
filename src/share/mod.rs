//! Links to people outside: letters, one-time codes, playback sessions, the external store. Machines are pure, with time as an argument; drivers are thin.

pub mod mail;
pub mod visits;
