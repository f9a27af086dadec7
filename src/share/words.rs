//! The words of recipients' pages and letters, in eight languages: `web/locales/share` (archive.md C8).

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

use crate::model::language::Language;

/// A file for each language.
const fn text_of(language: Language) -> &'static str {
    match language {
        Language::En => include_str!("../../web/locales/share/en.ftl"),
        Language::No => include_str!("../../web/locales/share/nb.ftl"),
        Language::Se => include_str!("../../web/locales/share/sv.ftl"),
        Language::Dk => include_str!("../../web/locales/share/da.ftl"),
        Language::Fi => include_str!("../../web/locales/share/fi.ftl"),
        Language::Lv => include_str!("../../web/locales/share/lv.ftl"),
        Language::Lt => include_str!("../../web/locales/share/lt.ftl"),
        Language::Ee => include_str!("../../web/locales/share/et.ftl"),
    }
}

/// A language's words.
#[derive(Clone, Copy)]
pub struct Words(&'static FluentBundle<FluentResource>, Language);

impl Words {
    /// Those of a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        static BUNDLES: OnceLock<Vec<FluentBundle<FluentResource>>> = OnceLock::new();
        let bundles = BUNDLES.get_or_init(|| Language::ALL.into_iter().map(bundle_of).collect());
        let place = Language::ALL.into_iter().position(|one| one == language).unwrap_or_default();
        Self(&bundles[place], language)
    }

    /// Which language.
    #[must_use]
    pub fn language(self) -> Language {
        self.1
    }

    /// A message without variables. An unknown one shows its name, so that a test or a reader sees it.
    #[must_use]
    pub fn t(self, id: &str) -> String {
        self.say(id, None)
    }

    /// A message with texts.
    #[must_use]
    pub fn with(self, id: &str, values: &[(&'static str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, (*value).to_owned());
        }
        self.say(id, Some(&args))
    }

    /// A message with one text.
    #[must_use]
    pub fn t1(self, id: &str, name: &'static str, value: impl std::fmt::Display) -> String {
        self.with(id, &[(name, &value.to_string())])
    }

    fn say(self, id: &str, args: Option<&FluentArgs<'_>>) -> String {
        match self.0.get_message(id).and_then(|message| message.value()) {
            Some(pattern) => self.0.format_pattern(pattern, args, &mut Vec::new()).into_owned(),
            None => format!("⟨{id}⟩"),
        }
    }
}

fn bundle_of(language: Language) -> FluentBundle<FluentResource> {
    let tag = language.tag().parse().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    bundle.set_use_isolating(false);
    // A faulty message falls out of the file alone; the test below keeps faults out.
    bundle.add_resource_overriding(FluentResource::try_new(text_of(language).to_owned()).unwrap_or_else(|(rest, _)| rest));
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Messages with the variables that they name.
    fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
        FluentResource::try_new(text_of(language).to_owned()).expect("the file parses");
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut here = String::new();
        for line in text_of(language).lines() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if !line.starts_with([' ', '}', '.']) {
                here = line.split_once('=').expect("a message").0.trim().to_owned();
                assert!(found.insert(here.clone(), BTreeSet::new()).is_none(), "{language}: {here} twice");
            }
            for part in line.split('$').skip(1) {
                let name = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                found.get_mut(&here).expect("in a message").insert(name);
            }
        }
        found
    }

    #[test]
    fn each_language_has_every_message_of_english_and_no_other_with_the_same_variables() {
        let english = messages(Language::En);
        assert!(english.len() > 30);
        for language in Language::ALL {
            assert_eq!(messages(language), english, "{language}");
        }
    }

    #[test]
    fn no_language_borrows_the_english_words() {
        let said = |language: Language, id: &str| Words::of(language).t(id);
        let english = messages(Language::En);
        for language in Language::ALL.into_iter().skip(1) {
            let same: Vec<&String> = english.keys().filter(|id| said(language, id) == said(Language::En, id)).collect();
            assert!(same.len() <= 2, "{language}: {same:?}");
            assert_eq!(Words::of(language).language(), language);
        }
    }
}
