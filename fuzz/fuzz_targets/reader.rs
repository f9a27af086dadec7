//! One program for every reader: `FERRIC_FUZZ` says which (see `readers.rs` for the names).
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

#[path = "../src/readers.rs"]
mod readers;

fuzz_target!(|bytes: &[u8]| {
    static READER: OnceLock<fn(&[u8])> = OnceLock::new();
    READER.get_or_init(|| {
        let name = std::env::var("FERRIC_FUZZ").unwrap_or_default();
        readers::named(&name).unwrap_or_else(|| panic!("FERRIC_FUZZ has to be one of {:?}", readers::NAMES))
    })(bytes);
});
