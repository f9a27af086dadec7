//! What letters say: the one with the link, and the one with the code. Pure (archive.md C1, C4, C8).

use super::code::LIFE_MINUTES;
use super::words::Words;
use crate::model::language::Language;
use crate::model::redact::Secret;
use crate::model::text::holds_controls;

/// Where the link stands in a letter's text.
pub const LINK: &str = "{{link}}";
/// Where the recipient's name stands.
pub const RECIPIENT: &str = "{{recipient}}";

/// Characters of a subject.
const SUBJECT: usize = 200;
/// Characters of a text.
const BODY: usize = 10_000;

/// What is wrong with a subject.
#[must_use]
pub fn subject_fault(text: &str) -> Option<String> {
    let bad = text.trim().is_empty() || text.chars().count() > SUBJECT || text.chars().any(char::is_control);
    bad.then(|| format!("one line of 1 to {SUBJECT} characters"))
}

/// What is wrong with a letter's text.
#[must_use]
pub fn body_fault(text: &str) -> Option<String> {
    if text.chars().count() > BODY {
        return Some(format!("at most {BODY} characters"));
    }
    if holds_controls(text) {
        return Some("holds a character that is none of a text".to_owned());
    }
    (!text.contains(LINK)).then(|| format!("has to keep `{LINK}`: without it nobody finds the recordings"))
}

/// The subject that a letter begins with.
#[must_use]
pub fn subject(language: Language) -> String {
    Words::of(language).t("letter-subject")
}

/// The text that a letter begins with, with its marks in it.
#[must_use]
pub fn body(language: Language) -> String {
    Words::of(language).with("letter-body", &[("recipient", RECIPIENT), ("link", LINK)])
}

/// A letter's text with the recipient's name and the link.
#[must_use]
pub fn written(body: &str, name: &str, link: &str) -> String {
    // The link last: a name cannot bring a second one in.
    let parts: Vec<String> = body.split(LINK).map(|part| part.replace(RECIPIENT, name)).collect();
    parts.join(link).replace("\r\n", "\n")
}

/// Subject and text of the letter with a code.
#[must_use]
pub fn with_code(language: Language, code: &Secret) -> (String, String) {
    let words = Words::of(language);
    let minutes = LIFE_MINUTES.to_string();
    (words.t("code-subject"), words.with("code-body", &[("code", code.reveal()), ("minutes", &minutes)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_languages_own_letter_can_be_sent_as_it_is() {
        for language in Language::ALL {
            let (subject, body) = (subject(language), body(language));
            assert_eq!((subject_fault(&subject), body_fault(&body)), (None, None), "{language}: {subject} {body}");
            assert_eq!(body.matches(LINK).count(), 1);
            let text = written(&body, "Bob Smith", "https://rec.example/e/x");
            assert!(text.contains("Bob Smith") && text.contains("https://rec.example/e/x") && !text.contains("{{"), "{text}");
            let (subject, text) = with_code(language, &Secret::new("012345"));
            assert!(text.contains("012345") && text.contains("10") && !subject.contains("012345"), "{language}: {text}");
        }
    }

    #[test]
    fn a_text_without_the_link_is_refused_and_a_name_is_only_a_name() {
        assert!(body_fault("Dear {{recipient}}").is_some_and(|why| why.contains("{{link}}")));
        assert!(body_fault("{{link}}").is_none());
        assert!(body_fault(&format!("{{{{link}}}}{}", "x".repeat(10_000))).is_some());
        assert_eq!(written("{{recipient}}: {{link}}", "{{link}}", "L"), "{{link}}: L");
    }
}
