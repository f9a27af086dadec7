//! Languages of what people outside see, by the codes that operators know them by (archive.md C8).

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Norwegian (Bokmål).
    No,
    /// Swedish.
    Se,
    /// Danish.
    Dk,
    /// Finnish.
    Fi,
    /// Latvian.
    Lv,
    /// Lithuanian.
    Lt,
    /// Estonian.
    Ee,
}

impl Language {
    /// Every language, in the order in which they are offered.
    pub const ALL: [Self; 8] = [Self::En, Self::No, Self::Se, Self::Dk, Self::Fi, Self::Lv, Self::Lt, Self::Ee];

    /// Its code: that of a country for most.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::No => "no",
            Self::Se => "se",
            Self::Dk => "dk",
            Self::Fi => "fi",
            Self::Lv => "lv",
            Self::Lt => "lt",
            Self::Ee => "ee",
        }
    }

    /// Its tag (BCP 47), for `<html lang>` and letters.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::No => "nb",
            Self::Se => "sv",
            Self::Dk => "da",
            Self::Fi => "fi",
            Self::Lv => "lv",
            Self::Lt => "lt",
            Self::Ee => "et",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::No => "Norsk",
            Self::Se => "Svenska",
            Self::Dk => "Dansk",
            Self::Fi => "Suomi",
            Self::Lv => "Latviešu",
            Self::Lt => "Lietuvių",
            Self::Ee => "Eesti",
        }
    }

    /// The first language of an `Accept-Language` (RFC 9110 §12.5.4) that is one of these.
    #[must_use]
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for part in header.split(',').take(32) {
            let (range, weight) = part.split_once(";q=").unwrap_or((part, "1"));
            let weight: f32 = weight.trim().parse().unwrap_or(0.0);
            let primary = range.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
            let found = Self::ALL.into_iter().find(|one| one.tag() == primary || (primary == "no" || primary == "nn") && *one == Self::No);
            if let Some(found) = found
                && weight > 0.0
                && best.is_none_or(|(most, _)| weight > most)
            {
                best = Some((weight, found));
            }
        }
        best.map(|(_, found)| found)
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

/// A text that is no language's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of en, no, se, dk, fi, lv, lt, ee")]
pub struct NoLanguage;

impl std::str::FromStr for Language {
    type Err = NoLanguage;
    fn from_str(code: &str) -> Result<Self, NoLanguage> {
        Self::ALL.into_iter().find(|one| one.code() == code).ok_or(NoLanguage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_not_a_tag() {
        let tags: Vec<&str> = Language::ALL.iter().map(|one| one.tag()).collect();
        assert_eq!(tags, ["en", "nb", "sv", "da", "fi", "lv", "lt", "et"]);
        for one in Language::ALL {
            assert_eq!(one.code().parse(), Ok(one));
            assert_eq!(serde_json::to_value(one).unwrap(), one.code());
        }
        assert_eq!("sv".parse::<Language>(), Err(NoLanguage));
    }

    #[test]
    fn the_language_that_is_wanted_most_is_taken() {
        for (header, found) in [
            ("nb-NO,nb;q=0.9,en;q=0.8", Some(Language::No)),
            ("de, sv;q=0.5, fi;q=0.7", Some(Language::Fi)),
            ("nn", Some(Language::No)),
            ("et-EE", Some(Language::Ee)),
            ("de, *;q=0.1", None),
            ("fi;q=0", None),
            ("", None),
        ] {
            assert_eq!(Language::accepted(header), found, "{header}");
        }
    }
}
