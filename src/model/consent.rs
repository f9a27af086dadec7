//! Who was asked what, and answered what, when and by which way: the questions of consent and of the host's prompt, and the record of both.
//!
//! The record is read off the tape's events alone ([`Ledger::note`]), so that the live session, the manifest and a recovered tape say the same.

use serde::{Deserialize, Serialize};

use super::command::Verb;
use super::event::TapeEvent;
use super::id::ParticipantId;
use super::redact::Personal;
use super::time::{MediaTime, WallClock};

/// What somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Whether they agree to being recorded.
    Consent,
    /// Whether the session shall be recorded (the first host).
    Prompt,
}

/// By which way a question or an answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum AnswerSource {
    /// A page: this node's, or a platform's own that speaks with the participant's token.
    Page,
    /// A platform, with its API key.
    Api,
    /// A voice dialogue before or during the call, told by the platform.
    Ivr,
    /// Signalling: a header field of the call.
    Sip,
    /// Nobody said it: their stream carries the voice of somebody who did.
    SharedStream,
}

/// How an answer came about. Kept in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerContext {
    /// By which way.
    pub source: AnswerSource,
    /// The platform's name of its dialogue, as `main-menu/consent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// The number that the answering person called from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_number: Option<Personal>,
    /// Which version of the question's text they saw or heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_version: Option<String>,
    /// In which language (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When they answered, where that was before the node heard of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<WallClock>,
}

impl AnswerContext {
    /// Of a way, and nothing else known.
    #[must_use]
    pub fn of(source: AnswerSource) -> Self {
        Self { source, flow: None, caller_number: None, text_version: None, language: None, answered_at: None }
    }
}

/// An answer as people say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Answer {
    /// Consent given.
    Granted,
    /// Consent refused: nothing of theirs is kept. Of the host's prompt: not now.
    Declined,
    /// Consent taken back: nothing of theirs from then on.
    Withdrawn,
    /// The host's prompt answered with yes.
    Accepted,
}

/// Which question a command answers, and how; `None` for all other commands.
#[must_use]
pub fn answer_of(verb: Verb) -> Option<(Question, Answer)> {
    match verb {
        Verb::ConsentGrant => Some((Question::Consent, Answer::Granted)),
        Verb::ConsentDecline => Some((Question::Consent, Answer::Declined)),
        Verb::ConsentWithdraw => Some((Question::Consent, Answer::Withdrawn)),
        Verb::PromptAccept => Some((Question::Prompt, Answer::Accepted)),
        Verb::PromptDecline => Some((Question::Prompt, Answer::Declined)),
        Verb::Start
        | Verb::Stop
        | Verb::Pause
        | Verb::Resume
        | Verb::CustomerOn
        | Verb::CustomerOff
        | Verb::CensorOn
        | Verb::CensorOff
        | Verb::ReceiptStart
        | Verb::ReceiptStop => None,
    }
}

/// A question that was put to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Which.
    pub what: Question,
    /// Session time, milliseconds.
    pub at_ms: u64,
    /// Wall-clock time.
    pub at: WallClock,
    /// Who showed or read it out; absent where the node asked for it to be put (by its events).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<AnswerSource>,
    /// Which version of its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_version: Option<String>,
    /// In which language (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// An answer that was given and taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// To which question.
    pub what: Question,
    /// What.
    pub answer: Answer,
    /// Session time at which it took effect, milliseconds.
    pub at_ms: u64,
    /// Wall-clock time of that.
    pub at: WallClock,
    /// How it came about, where that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AnswerContext>,
}

/// Everything asked of one participant and answered by them, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRecord {
    /// Who.
    pub participant: ParticipantId,
    /// The consent that stands: `granted`, `declined`, `withdrawn`; null where they never answered.
    pub consent: Option<Answer>,
    /// What they were asked.
    pub asked: Vec<Asked>,
    /// What they answered.
    pub answers: Vec<Answered>,
}

/// The record of a session. Fed with every event of its tape in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    records: Vec<ConsentRecord>,
    noted: usize,
}

impl Ledger {
    /// Takes an event; what is neither question nor answer changes nothing.
    pub fn note(&mut self, at: MediaTime, session_began: WallClock, event: &TapeEvent) {
        let (at_ms, wall) = (at.as_ms(), session_began.plus_ns(at.as_ns()));
        match event {
            TapeEvent::Asked { participant, what, source, text_version, language } => {
                let (source, text_version, language) = (*source, text_version.clone(), language.clone());
                self.of(participant).asked.push(Asked { what: *what, at_ms, at: wall, source, text_version, language });
            }
            TapeEvent::Command { by, verb, refused: None, context, .. } => {
                let Some((what, answer)) = answer_of(*verb) else { return };
                let record = self.of(by);
                if what == Question::Consent {
                    record.consent = Some(answer);
                }
                record.answers.push(Answered { what, answer, at_ms, at: wall, by: context.as_deref().cloned() });
            }
            _ => return,
        }
        self.noted += 1;
    }

    fn of(&mut self, participant: &ParticipantId) -> &mut ConsentRecord {
        let at = self.records.iter().position(|r| r.participant == *participant).unwrap_or_else(|| {
            let (asked, answers) = (Vec::new(), Vec::new());
            self.records.push(ConsentRecord { participant: participant.clone(), consent: None, asked, answers });
            self.records.len() - 1
        });
        &mut self.records[at]
    }

    /// Everybody who was asked or answered, in the order of their first question or answer.
    #[must_use]
    pub fn records(&self) -> &[ConsentRecord] {
        &self.records
    }

    /// How many questions and answers were noted.
    #[must_use]
    pub fn noted(&self) -> usize {
        self.noted
    }
}

super::by_name::by_name!(AnswerSource, Answer);

#[cfg(test)]
mod tests {
    use super::*;

    fn command(verb: Verb, refused: Option<super::super::command::Reason>) -> TapeEvent {
        let by = "c1".parse().expect("an id");
        TapeEvent::Command { by, verb, order: None, refused, context: None }
    }

    #[test]
    fn answers_stand_in_order_and_the_last_one_counts() {
        let mut ledger = Ledger::default();
        let zero = WallClock::from_unix_ms(1_000);
        let asked = TapeEvent::Asked {
            participant: "c1".parse().expect("an id"),
            what: Question::Consent,
            source: None,
            text_version: None,
            language: None,
        };
        ledger.note(MediaTime::from_ms(5), zero, &asked);
        assert_eq!(ledger.records()[0].consent, None, "asked and not answered");
        ledger.note(MediaTime::from_ms(10), zero, &command(Verb::ConsentGrant, None));
        ledger.note(MediaTime::from_ms(11), zero, &command(Verb::ConsentGrant, Some(super::super::command::Reason::Already)));
        ledger.note(MediaTime::from_ms(12), zero, &command(Verb::Pause, None));
        ledger.note(MediaTime::from_ms(20), zero, &command(Verb::ConsentWithdraw, None));
        let record = &ledger.records()[0];
        assert_eq!(record.consent, Some(Answer::Withdrawn));
        let answers: Vec<_> = record.answers.iter().map(|a| (a.answer, a.at_ms, a.at.as_unix_ms())).collect();
        assert_eq!(answers, [(Answer::Granted, 10, 1_010), (Answer::Withdrawn, 20, 1_020)]);
        assert_eq!((record.asked.len(), ledger.noted()), (1, 3));
    }

    #[test]
    fn tapes_of_before_read() {
        let old = r#"{"event":"command","by":"c1","do":"consent_grant"}"#;
        let event: TapeEvent = serde_json::from_str(old).expect("reads");
        assert_eq!(event, command(Verb::ConsentGrant, None));
    }
}
