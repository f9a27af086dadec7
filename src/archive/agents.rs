//! Whose address this is: the configured agent behind an address of record, if there is one.
//!
//! Addresses come as SIP, SIPS and tel URIs (RFC 3261 §19.1, RFC 3966), with or without scheme, name, angle brackets, port, parameters and visual separators.

use super::rows::AgentRow;
use crate::model::id::ProjectSlug;

/// The agent that an address belongs to in a project: an exact address before a user part before a pattern, a longer pattern before a shorter one, and
/// then the agent whose name comes first.
#[must_use]
pub fn find<'a>(agents: &'a [AgentRow], project: &ProjectSlug, address: &str) -> Option<&'a AgentRow> {
    let sought = Address::parse(address)?;
    agents
        .iter()
        .filter(|agent| agent.projects.is_empty() || agent.projects.contains(project))
        .filter_map(|agent| {
            let best = agent.addresses.iter().filter_map(|own| Address::parse(own.reveal())?.fits(&sought)).max()?;
            Some((best, agent))
        })
        .min_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.name.cmp(&other.name)))
        .map(|(_, agent)| agent)
}

/// Whether there is a project in which both agents are looked for.
pub(super) fn overlap(one: &AgentRow, other: &AgentRow) -> bool {
    one.projects.is_empty() || other.projects.is_empty() || one.projects.iter().any(|p| other.projects.contains(p))
}

/// An address in the one form in which addresses are compared.
#[derive(PartialEq, Eq)]
pub(super) struct Address {
    /// Part before the `@`, percent-decoded; case counts (RFC 3261 §19.1.4). Digits without separators where it is a telephone number.
    user: String,
    /// Host, lower case, without port.
    host: Option<String>,
}

impl Address {
    /// Reads an address or a pattern; `None` where nothing is left of it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        // `"Name" <sip:a@b>;tag=x`: what stands between the brackets.
        let text = match text.find('<') {
            Some(open) => text[open + 1..].split('>').next()?,
            None => text,
        };
        let text = without_scheme(text.trim());
        let text = text.split(['?']).next()?;
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (user, Some(host)),
            None => (text, None),
        };
        // A user part may carry parameters of its own (`+4712;phone-context=x@host`); a password never counts.
        let user = user.split([';', ':']).next()?;
        let user = bare_number(&percent_decoded(user));
        let host = host.map(bare_host).filter(|h| !h.is_empty());
        if user.is_empty() { None } else { Some(Self { user, host }) }
    }

    /// Its part before the `@`: a telephone number without separators, where it is one.
    pub(super) fn into_user(self) -> String {
        self.user
    }

    /// A pattern that leaves nobody out.
    pub(super) fn matches_everybody(&self) -> bool {
        let stars = |text: &str| text.bytes().all(|b| b == b'*');
        stars(&self.user) && self.host.as_deref().is_none_or(stars)
    }

    fn is_pattern(&self) -> bool {
        self.user.contains('*') || self.host.as_deref().is_some_and(|h| h.contains('*'))
    }

    /// How well this configured address fits a real one, `None` where it does not.
    fn fits(&self, real: &Self) -> Option<Fit> {
        let host_fits = match (&self.host, &real.host) {
            (None, _) => true,
            (Some(own), Some(theirs)) => glob(own, theirs),
            (Some(own), None) => own == "*",
        };
        if !host_fits || !glob(&self.user, &real.user) {
            return None;
        }
        let length = self.user.len() + self.host.as_ref().map_or(0, String::len);
        Some(match (self.is_pattern(), &self.host) {
            (true, _) => Fit::Pattern(length),
            (false, None) => Fit::User,
            (false, Some(_)) => Fit::Exact,
        })
    }
}

/// From the weakest to the strongest.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Pattern(usize),
    User,
    Exact,
}

fn without_scheme(text: &str) -> &str {
    for scheme in ["sip:", "sips:", "tel:"] {
        if let Some(head) = text.get(..scheme.len())
            && head.eq_ignore_ascii_case(scheme)
        {
            return &text[scheme.len()..];
        }
    }
    text
}

/// Lower case, without parameters and port; an IPv6 reference keeps its brackets.
fn bare_host(text: &str) -> String {
    let text = text.split(';').next().unwrap_or_default();
    let end = match text.find(']') {
        Some(close) => close + 1,
        None => text.find(':').unwrap_or(text.len()),
    };
    text[..end].trim_end_matches('.').to_ascii_lowercase()
}

/// Takes visual separators (RFC 3966 §5.1.1) out of what is a telephone number; leaves every other user part alone.
fn bare_number(user: &str) -> String {
    let digits = user.strip_prefix('+').unwrap_or(user);
    let number = digits.bytes().any(|b| b.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.' | b'(' | b')' | b'*' | b'#'));
    if number { user.chars().filter(|c| !matches!(c, '-' | '.' | '(' | ')')).collect() } else { user.to_owned() }
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok())).flatten();
        if let Some(byte) = escape {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `*` stands for any number of characters, none too. Linear in both: the last `*` is the only place ever gone back to.
fn glob(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while j < t.len() {
        if p.get(i) == Some(&b'*') {
            back = Some((i + 1, j));
            i += 1;
        } else if p.get(i) == Some(&t[j]) {
            i += 1;
            j += 1;
        } else if let Some((after, from)) = back {
            i = after;
            j = from + 1;
            back = Some((after, j));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::redact::Personal;
    use proptest::prelude::*;

    fn agent(name: &str, addresses: &[&str], projects: &[&str]) -> AgentRow {
        AgentRow {
            name: name.into(),
            addresses: addresses.iter().map(|a| Personal::new(*a)).collect(),
            projects: projects.iter().map(|p| p.parse().unwrap()).collect(),
            properties: crate::model::settings::AgentProperties::default(),
        }
    }

    fn found<'a>(agents: &'a [AgentRow], address: &str) -> Option<&'a str> {
        find(agents, &"default".parse().unwrap(), address).map(|a| a.name.as_str())
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        let agents = [agent("anna", &["sip:anna@pbx.example"], &[])];
        for address in [
            "sip:anna@pbx.example",
            "sips:anna@pbx.example",
            "SIP:anna@PBX.Example",
            "anna@pbx.example",
            "sip:anna@pbx.example:5061;transport=tls",
            "sip:anna:secret@pbx.example?subject=x",
            "\"Anna <3\" <sip:anna@pbx.example>;tag=77",
            "<sip:%61nna@pbx.example.>",
        ] {
            let address = address.replace("\"Anna <3\"", "Anna");
            assert_eq!(found(&agents, &address), Some("anna"), "{address}");
        }
        for address in ["sip:Anna@pbx.example", "sip:anna@other.example", "anna", "", "sip:", "sip:@pbx.example", "<>"] {
            assert_eq!(found(&agents, address), None, "{address}");
        }
    }

    #[test]
    fn a_number_is_the_same_with_and_without_separators() {
        let agents = [agent("line", &["+47 22".replace(' ', "").as_str()], &[]), agent("six", &["sip:7@[2001:db8::1]:5060"], &[])];
        assert_eq!(found(&agents, "tel:+4-7(2)2"), Some("line"));
        assert_eq!(found(&agents, "sip:+4722;phone-context=x@any.example;user=phone"), Some("line"));
        assert_eq!(found(&agents, "sip:7@[2001:DB8::1]"), Some("six"));
    }

    #[test]
    fn the_closer_address_wins() {
        let agents = [
            agent("b-all", &["*@pbx.example"], &[]),
            agent("a-tens", &["10*"], &[]),
            agent("c-user", &["1001"], &[]),
            agent("d-exact", &["sip:1001@pbx.example"], &[]),
        ];
        assert_eq!(found(&agents, "sip:1001@pbx.example"), Some("d-exact"));
        assert_eq!(found(&agents, "sip:1001@other.example"), Some("c-user"));
        assert_eq!(found(&agents, "sip:1002@other.example"), Some("a-tens"));
        assert_eq!(found(&agents, "sip:1002@pbx.example"), Some("b-all"), "the longer pattern");
        assert_eq!(found(&agents, "sip:2@other.example"), None);
    }

    #[test]
    fn an_agent_is_found_in_its_projects_only() {
        let agents = [agent("sales", &["1"], &["sales"]), agent("anywhere", &["2"], &[])];
        assert_eq!(found(&agents, "1"), None);
        assert_eq!(found(&agents, "2"), Some("anywhere"));
        assert_eq!(find(&agents, &"sales".parse().unwrap(), "1").map(|a| a.name.as_str()), Some("sales"));
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(address in ".{0,40}", own in "[a-z*@:;<>%\\[\\]]{0,20}") {
            let agents = [agent("x", &[own.as_str()], &[])];
            let _ = found(&agents, &address);
        }

        #[test]
        fn glob_agrees_with_a_slow_one(pattern in "[ab*]{0,7}", text in "[ab]{0,9}") {
            fn slow(p: &[u8], t: &[u8]) -> bool {
                match (p.first(), t.first()) {
                    (None, None) => true,
                    (Some(b'*'), _) => slow(&p[1..], t) || (!t.is_empty() && slow(p, &t[1..])),
                    (Some(a), Some(b)) => a == b && slow(&p[1..], &t[1..]),
                    _ => false,
                }
            }
            prop_assert_eq!(glob(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }
}
