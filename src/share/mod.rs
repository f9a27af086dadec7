//! Links to people outside: letters, one-time codes, playback sessions, the external store. Machines are pure, with time as an argument; drivers are thin.

pub mod code;
pub mod copying;
pub mod days;
pub mod external;
pub mod internal_letter;
pub mod letter;
pub mod logo;
pub mod mail;
pub mod piece;
pub mod terms;
pub mod visits;
pub mod words;
