//! `a=record` and `a=recordpref`: what a party of the call is told of its recording, and what it asks (RFC 7866 §7.1.2, §7.3.2).

use crate::model::gate::State;
use crate::model::preference::RecordPreference;

use super::description::{MediaDescription, SessionDescription};

/// The recording state of a medium, as the other side is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Indication {
    /// Recording is in progress.
    On,
    /// None is.
    Off,
    /// It is in progress, and takes nothing in.
    Paused,
}

impl Indication {
    /// What a session's state is to its parties. Censored is paused: the recording goes on and no media gets into it. Where the agent alone is recorded
    /// because the caller refused, the call is being recorded all the same, and nobody is told less than is true.
    #[must_use]
    pub fn of(state: State) -> Self {
        match state {
            State::Recording | State::AutomaticWithoutCaller => Self::On,
            State::Paused | State::Censored => Self::Paused,
            State::Idle | State::AwaitingConsent | State::Stopped | State::Disabled => Self::Off,
        }
    }

    /// The attribute's value.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Paused => "paused",
        }
    }
}

/// What an m-line asks: its own `a=recordpref`, else the session's. An unknown word asks nothing.
#[must_use]
pub fn preference_of(session: &SessionDescription, media: &MediaDescription) -> Option<RecordPreference> {
    let of_session = session.attributes.iter().find(|a| a.name == "recordpref").and_then(|a| a.value.as_deref());
    RecordPreference::parse(media.value("recordpref").or(of_session)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signalling::sdp::parse;

    #[test]
    fn a_lines_own_wish_stands_over_the_sessions() {
        let wishes = |body: &str| {
            let session = parse(body.as_bytes()).unwrap();
            session.media.iter().map(|m| preference_of(&session, m)).collect::<Vec<_>>()
        };
        let line = "m=audio 4 RTP/AVP 0\n";
        assert_eq!(wishes(&format!("v=0\n{line}")), [None]);
        assert_eq!(
            wishes(&format!("v=0\na=recordpref:off\n{line}{line}a=recordpref: ON \n{line}a=recordpref:maybe\n")),
            [Some(RecordPreference::Off), Some(RecordPreference::On), None]
        );
    }
}
