//! Terms of use, and what else an administrator says of recipients' pages and letters: checked here, pure (archive.md C5, C8, C10).

use crate::archive::shares::{MOST_DAYS, ShareSettings};
use crate::model::language::Language;

use super::letter::{LINK, body_fault, subject_fault};
use super::mail::is_sender;

/// Lines below the page.
const FOOTER_LINES: usize = 3;
/// Characters of one.
const FOOTER_LINE: usize = 200;
/// Characters of terms of use.
const TERMS: usize = 5_000;

/// A field that cannot be, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct Fault {
    /// Which.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

impl Fault {
    /// A fault of a field.
    pub fn new(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into() }
    }
}

/// The terms of use that somebody who reads the page in `language` sees, with the language that they are written in: English where there are none.
#[must_use]
pub fn terms_in(settings: &ShareSettings, language: Language) -> (Language, &str) {
    let of = |language| settings.terms.get(&language).map(|text| (language, text.as_str()));
    of(language).or_else(|| of(Language::En)).unwrap_or((Language::En, ""))
}

/// Languages that a sender may choose: those with terms of use.
#[must_use]
pub fn offered(settings: &ShareSettings) -> Vec<Language> {
    Language::ALL.into_iter().filter(|language| settings.terms.contains_key(language)).collect()
}

/// Settings as they are kept: without spaces around, without what is empty.
///
/// # Errors
/// The first field that cannot be.
pub fn checked(mut settings: ShareSettings) -> Result<ShareSettings, Fault> {
    let trimmed = |text: &mut Option<String>| {
        *text = text.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    };
    for text in [&mut settings.subject, &mut settings.body, &mut settings.internal_body, &mut settings.from] {
        trimmed(text);
    }
    for line in &mut settings.footer {
        *line = line.trim().to_owned();
    }
    while settings.footer.last().is_some_and(String::is_empty) {
        settings.footer.pop();
    }
    if settings.footer.len() > FOOTER_LINES {
        return Err(Fault::new("footer", format!("at most {FOOTER_LINES} lines")));
    }
    for (n, line) in settings.footer.iter().enumerate() {
        if line.chars().count() > FOOTER_LINE || line.chars().any(char::is_control) {
            return Err(Fault::new(format!("footer[{n}]"), format!("one line of at most {FOOTER_LINE} characters")));
        }
    }
    if !(1..=24).contains(&settings.session_hours) {
        return Err(Fault::new("session_hours", "1 to 24"));
    }
    for text in settings.terms.values_mut() {
        *text = text.trim().replace("\r\n", "\n");
    }
    settings.terms.retain(|_, text| !text.is_empty());
    for (language, text) in &settings.terms {
        if text.chars().count() > TERMS || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            return Err(Fault::new(format!("terms.{language}"), format!("text of at most {TERMS} characters")));
        }
    }
    if !settings.terms.contains_key(&Language::En) {
        return Err(Fault::new("terms.en", "there have to be English terms of use: they stand in where a language has none"));
    }
    if !settings.terms.contains_key(&settings.language) {
        return Err(Fault::new("language", "has no terms of use; write them first, or choose another language"));
    }
    if !(1..=MOST_DAYS).contains(&settings.days) {
        return Err(Fault::new("days", format!("1 to {MOST_DAYS}")));
    }
    if let Some(why) = settings.subject.as_deref().and_then(subject_fault) {
        return Err(Fault::new("subject", why));
    }
    if let Some(why) = settings.body.as_deref().and_then(body_fault) {
        return Err(Fault::new("body", why));
    }
    if let Some(why) = settings.internal_body.as_deref().and_then(body_fault) {
        return Err(Fault::new("internal_body", why));
    }
    if settings.from.as_deref().is_some_and(|from| !is_sender(from)) {
        return Err(Fault::new("from", "is no address, as `no-reply@example.com` or `Example <no-reply@example.com>`"));
    }
    debug_assert!(LINK.starts_with("{{"));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut ShareSettings)) -> String {
        let mut settings = ShareSettings::default();
        change(&mut settings);
        checked(settings).expect_err("refused").to_string()
    }

    #[test]
    fn english_stands_in_and_only_what_has_terms_is_offered() {
        let mut settings = ShareSettings::default();
        settings.terms.insert(Language::No, "Vilkår".into());
        assert_eq!(terms_in(&settings, Language::No), (Language::No, "Vilkår"));
        assert_eq!(terms_in(&settings, Language::Fi).0, Language::En);
        assert_eq!(offered(&settings), [Language::En, Language::No]);
        settings.terms.insert(Language::Fi, "  ".into());
        settings.footer = vec![" My company ".into(), String::new()];
        let kept = checked(settings).unwrap();
        assert_eq!((offered(&kept), kept.footer), (vec![Language::En, Language::No], vec!["My company".to_owned()]));
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (fault, begins) in [
            (refused(|s| s.footer = vec!["a".into(); 4]), "footer: "),
            (refused(|s| s.footer = vec!["a".into(), "b\nc".into()]), "footer[1]: "),
            (refused(|s| s.session_hours = 0), "session_hours: "),
            (refused(|s| s.session_hours = 25), "session_hours: "),
            (refused(|s| s.terms.clear()), "terms.en: "),
            (
                refused(|s| {
                    s.terms.insert(Language::Fi, "x".repeat(5_001));
                }),
                "terms.fi: ",
            ),
            (refused(|s| s.language = Language::Ee), "language: "),
            (refused(|s| s.days = 0), "days: "),
            (refused(|s| s.days = 366), "days: "),
            (refused(|s| s.subject = Some("a\nb".into())), "subject: "),
            (refused(|s| s.body = Some("no link".into())), "body: "),
            (refused(|s| s.internal_body = Some("no link".into())), "internal_body: "),
            (refused(|s| s.from = Some("nobody".into())), "from: "),
        ] {
            assert!(fault.starts_with(begins), "{fault}");
        }
    }
}
