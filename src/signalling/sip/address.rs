//! `From`, `To`, `Contact`, `Route` …: a name, a URI, parameters (RFC 3261 §20.10). Forgiving: what makes no sense is left out.

use crate::model::text::in_one_line;

/// `"Name" <uri>;params` or `uri;params`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NameAddress {
    pub(super) name: Option<String>,
    pub(super) uri: String,
    pub(super) params: Vec<(String, Option<String>)>,
}

/// Where the first value of a comma-separated list ends, quotes and angle brackets left whole.
fn end_of_first(text: &str) -> usize {
    let (mut quoted, mut escaped, mut inside) = (false, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => inside = true,
            '>' if !quoted => inside = false,
            ',' if !quoted && !inside => return at,
            _ => {}
        }
    }
    text.len()
}

/// Splits a list of addresses.
pub(super) fn split_list(text: &str) -> Vec<&str> {
    let mut rest = text;
    let mut out = Vec::new();
    loop {
        let end = end_of_first(rest);
        let piece = rest[..end].trim();
        if !piece.is_empty() {
            out.push(piece);
        }
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => return out,
        }
    }
}

fn params(text: &str) -> Vec<(String, Option<String>)> {
    text.split(';')
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .map(|p| match p.split_once('=') {
            Some((name, value)) => (name.trim().to_ascii_lowercase(), Some(value.trim().trim_matches('"').to_owned())),
            None => (p.to_ascii_lowercase(), None),
        })
        .collect()
}

/// A display name without its quotes and backslashes.
fn unquoted(name: &str) -> String {
    let name = name.trim();
    let Some(quoted) = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return name.trim_matches('"').to_owned() };
    let mut escaped = false;
    let kept = quoted.chars().filter(|c| {
        escaped = *c == '\\' && !escaped;
        !escaped
    });
    kept.collect::<String>().trim().to_owned()
}

impl NameAddress {
    /// Control characters, which a quoted name may hold (RFC 3261 §25.1, `quoted-pair`), are blanks.
    pub(super) fn parse(text: &str) -> Self {
        let text = &in_one_line(text);
        let text = &text[..end_of_first(text)];
        let quoted_end = text.starts_with('"').then(|| {
            let mut escaped = false;
            text[1..].char_indices().find_map(|(at, c)| match c {
                _ if escaped => {
                    escaped = false;
                    None
                }
                '\\' => {
                    escaped = true;
                    None
                }
                '"' => Some(at + 2),
                _ => None,
            })
        });
        let name_end = quoted_end.flatten().unwrap_or(0);
        let Some(open) = text[name_end..].find('<').map(|at| at + name_end) else {
            let (uri, rest) = text.split_once(';').unwrap_or((text, ""));
            return Self { name: None, uri: uri.trim().to_owned(), params: params(rest) };
        };
        let name = unquoted(&text[..open]);
        let (uri, rest) = text[open + 1..].split_once('>').unwrap_or((&text[open + 1..], ""));
        Self { name: Some(name).filter(|n| !n.is_empty()), uri: uri.trim().to_owned(), params: params(rest) }
    }

    pub(super) fn tag(&self) -> Option<&str> {
        self.params.iter().find(|(name, _)| name == "tag").and_then(|(_, value)| value.as_deref()).filter(|tag| !tag.is_empty())
    }

    /// Whether a feature is there, also where a sender leaves out the `+sip.`.
    pub(super) fn has_feature(&self, feature: &str) -> bool {
        self.params.iter().any(|(name, _)| name == feature || name.strip_prefix("+sip.") == Some(feature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_uris_and_parameters_are_told_apart() {
        let full = NameAddress::parse("\"Doe, <J\\\">\" <sip:jd@example.com;transport=tcp>;tag=a1;+sip.src");
        assert_eq!(
            (full.name.as_deref(), full.uri.as_str(), full.tag()),
            (Some("Doe, <J\">"), "sip:jd@example.com;transport=tcp", Some("a1"))
        );
        assert!(full.has_feature("src") && !full.has_feature("srs"));
        let bare = NameAddress::parse("sip:jd@example.com;tag=b");
        assert_eq!((bare.name, bare.uri.as_str()), (None, "sip:jd@example.com"));
        assert!(NameAddress::parse("<sip:x@y>;src").has_feature("src"));
        // The name of RFC 4475 §3.1.1.2.
        assert_eq!(NameAddress::parse("\"BEL:\\\u{7} NUL:\\\0 DEL:\\\u{7f}\" <sip:a@b>").name.as_deref(), Some("BEL:  NUL:  DEL:"));
        assert_eq!(NameAddress::parse(r#""A \\ \B" <sip:a@b>"#).name.as_deref(), Some(r"A \ B"));
        assert_eq!(split_list("<sip:a;lr>, \"b, c\" <sip:b,d>,sip:e"), ["<sip:a;lr>", "\"b, c\" <sip:b,d>", "sip:e"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}", quoted in "[\"<>;,\\\\ a=ä]{0,30}") {
            let _ = (NameAddress::parse(&text), split_list(&text), NameAddress::parse(&quoted), split_list(&quoted));
        }
    }
}
