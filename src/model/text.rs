//! Texts from outside that are kept and shown.

/// Whether a text of several lines holds characters that are none: PostgreSQL keeps no NUL, and nobody sees the others. Ends of lines and tabs are none of
/// these.
#[must_use]
pub fn holds_controls(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

/// A text of one line without control characters: each is a blank. For what a peer says of itself, which is not refused for that.
#[must_use]
pub fn in_one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_kept_where_there_may_be_some_and_blanks_where_not() {
        assert!(!holds_controls("a note\r\n\tof two lines, ø"));
        assert!(holds_controls("a\0b") && holds_controls("bell\u{7}") && holds_controls("\u{85}"));
        assert_eq!(in_one_line("\0 Ann\u{7}Lind\r\n"), "Ann Lind");
        assert_eq!(in_one_line("Ø å"), "Ø å");
    }
}
