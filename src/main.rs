//! The program `ferric`.

fn main() {}
