//! The words of the pages: Fluent messages from `web/locales`, the same files that the scripts bundle.

use std::borrow::Borrow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use unic_langid::langid;

/// A file for each part of the pages, the same as in `web/src/words.ts`.
const ENGLISH: [&str; 6] = [
    include_str!("../../../web/locales/en.ftl"),
    include_str!("../../../web/locales/en/archive.ftl"),
    include_str!("../../../web/locales/en/people.ftl"),
    include_str!("../../../web/locales/en/retention.ftl"),
    include_str!("../../../web/locales/en/sharing.ftl"),
    include_str!("../../../web/locales/en/sorting.ftl"),
];

/// A language's words.
#[derive(Clone, Copy)]
pub struct Words(&'static FluentBundle<FluentResource>);

impl Words {
    /// English: the only language so far. Others go here, chosen by `Accept-Language`.
    pub fn english() -> Self {
        static BUNDLE: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
        Self(BUNDLE.get_or_init(|| {
            let mut bundle = FluentBundle::new_concurrent(vec![langid!("en")]);
            bundle.set_use_isolating(false);
            // A faulty message falls out of the file alone; the test below keeps faults out.
            for file in ENGLISH {
                bundle.add_resource_overriding(FluentResource::try_new(file.to_owned()).unwrap_or_else(|(rest, _)| rest));
            }
            bundle
        }))
    }

    /// The language's tag for `<html lang>`.
    #[allow(clippy::unused_self)]
    pub fn lang(self) -> &'static str {
        "en"
    }

    /// A message without variables. An unknown one shows its name, so that a test or a reader sees it.
    pub fn t(self, id: &str) -> String {
        self.say(id, None)
    }

    /// A message with one text.
    pub fn t1(self, id: &str, name: &str, value: impl std::fmt::Display) -> String {
        let mut args = FluentArgs::new();
        args.set(name, value.to_string());
        self.say(id, Some(&args))
    }

    /// A message with one number, whose plural it may choose by.
    pub fn tn(self, id: &str, name: &str, value: impl Borrow<usize>) -> String {
        let mut args = FluentArgs::new();
        args.set(name, *value.borrow());
        self.say(id, Some(&args))
    }

    /// A message with two variables.
    pub fn t2(self, id: &str, first: (&str, &str), second: (&str, &str)) -> String {
        let mut args = FluentArgs::new();
        args.set(first.0, first.1);
        args.set(second.0, second.1);
        self.say(id, Some(&args))
    }

    /// A message with three variables.
    pub fn t3(self, id: &str, first: (&str, &str), second: (&str, &str), third: (&str, &str)) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in [first, second, third] {
            args.set(name, value);
        }
        self.say(id, Some(&args))
    }

    /// `family-member`, for names that come from the model: `state-recording`.
    pub fn of(self, family: &str, member: &str) -> String {
        self.t(&format!("{family}-{member}"))
    }

    /// `family-member` where there are words for it, else the name itself: for names that come from outside.
    pub fn known(self, family: &str, member: &str) -> String {
        let id = format!("{family}-{member}");
        if self.0.has_message(&id) { self.t(&id) } else { member.to_owned() }
    }

    /// A message with any variables.
    pub fn say(self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        let pattern = self.0.get_message(id).and_then(|m| m.value());
        match pattern {
            Some(pattern) => self.0.format_pattern(pattern, args, &mut Vec::new()).into_owned(),
            None => format!("⟨{id}⟩"),
        }
    }
}

/// A size for people: `3.4 MB`.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A length for people: `0:07`, `12:04`, `1:02:03`.
pub fn length(ms: u64) -> String {
    let s = ms / 1_000;
    if s >= 3_600 { format!("{}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60) } else { format!("{}:{:02}", s / 60, s % 60) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_have_no_fault_and_no_name_twice() {
        let mut bundle = FluentBundle::new_concurrent(vec![langid!("en")]);
        for file in ENGLISH {
            let resource = FluentResource::try_new(file.to_owned()).expect("a file of web/locales parses");
            bundle.add_resource(resource).expect("no name twice");
        }
    }

    #[test]
    fn every_word_that_a_template_or_a_script_asks_for_is_there() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
        let mut asked = 0;
        for (folder, calls) in [("templates", &["w.t(\"", "w.t1(\"", "w.t2(\"", "w.tn(\""][..]), ("src", &["say(\""][..])] {
            for entry in std::fs::read_dir(root.join(folder)).expect("there") {
                let path = entry.expect("entry").path();
                if !path.is_file() {
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("text");
                for call in calls {
                    for (at, _) in text.match_indices(call) {
                        let id: String = text[at + call.len()..].chars().take_while(|c| *c != '"').collect();
                        asked += 1;
                        assert!(Words::english().0.has_message(&id), "{id}, asked for by {}", path.display());
                    }
                }
            }
        }
        assert!(asked > 50, "only {asked} words were looked at");
    }

    #[test]
    fn lengths_and_sizes_read_well() {
        assert_eq!((length(7_400), length(724_000), length(3_723_000)), ("0:07".into(), "12:04".into(), "1:02:03".into()));
        assert_eq!((size(12), size(3_400_000)), ("12 B".into(), "3.4 MB".into()));
        assert_eq!(Words::english().tn("live-count", "n", 1), "1 session");
    }
}
