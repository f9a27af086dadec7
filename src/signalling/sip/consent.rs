//! `X-Ferric-Consent`: what somebody answered before the call came here, told by the platform that sends it.
//!
//! `granted`, `declined` or `withdrawn`, then parameters: `party` (whose answer it is, by role), `flow`, `at` (RFC 3339), `text`, `language`, `number`.
//! Several answers stand in several fields or behind commas.

use rsipstack::sip::Headers;

use crate::model::command::Verb;
use crate::model::consent::{AnswerContext, AnswerSource};
use crate::model::redact::Personal;
use crate::model::role::Role;
use crate::model::time::WallClock;

use super::fields;
use super::reply::Reply;

/// The field.
const FIELD: &str = "X-Ferric-Consent";
const MOST_CHARS: usize = 128;

/// An answer that came with the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// Whose; `None`: of whoever comes by this call.
    pub(super) party: Option<Role>,
    /// What.
    pub(super) verb: Verb,
    /// How.
    pub(super) how: AnswerContext,
}

impl Given {
    /// Whether it is the answer of a party with this role.
    pub(super) fn is_of(&self, role: Role) -> bool {
        self.party.is_none_or(|party| party == role)
    }
}

fn refuse(what: &str) -> Reply {
    Reply::refuse(400, &format!("X-Ferric-Consent: {what}"))
}

fn read_one(text: &str, otherwise: Option<Role>) -> Result<Given, Reply> {
    let mut parts = text.split(';').map(str::trim);
    let verb = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "granted" => Verb::ConsentGrant,
        "declined" => Verb::ConsentDecline,
        "withdrawn" => Verb::ConsentWithdraw,
        _ => return Err(refuse("none of granted, declined, withdrawn")),
    };
    let mut given = Given { party: otherwise, verb, how: AnswerContext::of(AnswerSource::Sip) };
    for part in parts.filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or_else(|| refuse("a parameter without a value"))?;
        let value = value.trim().trim_matches('"');
        if value.is_empty() || value.chars().count() > MOST_CHARS || value.chars().any(char::is_control) {
            return Err(refuse("a parameter has 1 to 128 characters"));
        }
        match name.trim().to_ascii_lowercase().as_str() {
            "party" => given.party = Some(role_named(value).ok_or_else(|| refuse("party is none of agent, customer, third_party"))?),
            "flow" => {
                // A voice dialogue is what flows: the answer is an IVR's, only told by signalling.
                given.how.source = AnswerSource::Ivr;
                given.how.flow = Some(value.to_owned());
            }
            "at" => {
                let at: WallClock = serde_json::from_value(value.into()).map_err(|_| refuse("at is no RFC 3339 time"))?;
                given.how.answered_at = Some(at);
            }
            "text" => given.how.text_version = Some(value.to_owned()),
            "language" => given.how.language = Some(value.to_owned()),
            "number" => given.how.caller_number = Some(Personal::new(value)),
            _ => return Err(refuse("a parameter is none of party, flow, at, text, language, number")),
        }
    }
    Ok(given)
}

/// A role by its name.
pub(super) fn role_named(text: &str) -> Option<Role> {
    [Role::Agent, Role::Customer, Role::ThirdParty].into_iter().find(|role| role.as_str().eq_ignore_ascii_case(text.trim()))
}

/// Every answer of a call. Without `party` it is the customer's in a recording session, and in a plain call its caller's.
pub(super) fn read(headers: &Headers, siprec: bool) -> Result<Vec<Given>, Reply> {
    let otherwise = siprec.then_some(Role::Customer);
    let texts = fields::values(headers, FIELD).flat_map(|value| value.split(',')).map(str::trim).filter(|text| !text.is_empty());
    texts.map(|text| read_one(text, otherwise)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_with_everything_reads() {
        let given =
            read_one("Granted;flow=ivr/7;at=2026-11-22T20:00:00Z; text=v3;language=no;number=+4799", Some(Role::Customer)).expect("reads");
        assert_eq!((given.party, given.verb, given.how.source), (Some(Role::Customer), Verb::ConsentGrant, AnswerSource::Ivr));
        assert_eq!(given.how.answered_at.map(WallClock::as_unix_ms), Some(1_795_377_600_000));
        assert_eq!((given.how.flow.as_deref(), given.how.text_version.as_deref()), (Some("ivr/7"), Some("v3")));
        assert!(given.is_of(Role::Customer) && !given.is_of(Role::Agent));
        assert!(read_one("declined", None).expect("reads").is_of(Role::ThirdParty));
    }

    #[test]
    fn what_does_not_read_refuses_the_call() {
        for text in ["yes", "granted;party=boss", "granted;at=yesterday", "granted;flow", "granted;flow=", "granted;colour=red"] {
            assert!(read_one(text, None).is_err(), "{text}");
        }
    }
}
