//! The tape, from outside: what is written comes back, whatever happens to the process, the bytes, the keys and the disk.

mod support;

mod what_is_written_comes_back;
