//! What is ordered, checked field by field.

use serde::Deserialize;

use crate::api::problem::Problem;
use crate::archive::shares::{MOST_DAYS, MOST_ITEMS, ShareSettings};
use crate::model::email::EmailAddress;
use crate::model::id::{RecordingId, SessionId};
use crate::model::language::Language;
use crate::model::redact::Personal;
use crate::share::letter;

/// Characters of a name, and of a reason.
const NAME: usize = 200;
const REASON: usize = 1_000;

/// Who gets the letter.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecipientBody {
    /// Their name, 1 to 200 characters.
    #[schema(value_type = String)]
    #[serde(default)]
    pub name: Personal,
    /// Their e-mail address.
    #[schema(value_type = String)]
    #[serde(default)]
    pub email: Personal,
}

/// What is shared, with whom, why, and how. What is left out is as the configuration says.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareBody {
    /// Recordings, by id. With `sessions` together 1 to 40.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub recordings: Vec<RecordingId>,
    /// Sessions whose chat logs are shared.
    #[schema(value_type = Vec<String>)]
    #[serde(default)]
    pub sessions: Vec<SessionId>,
    /// Who gets the letter.
    #[serde(default)]
    pub recipient: RecipientBody,
    /// Why, for the log: 1 to 1,000 characters.
    #[serde(default)]
    pub reason: String,
    /// Days after today, 1 to 365: valid until 23:59:59 of the last.
    pub days: Option<u32>,
    /// The letter's subject.
    pub subject: Option<String>,
    /// The letter's text; it has to keep `{{link}}`, and may have `{{recipient}}`.
    pub body: Option<String>,
    /// `en`, `no`, `se`, `dk`, `fi`, `lv`, `lt`, `ee`: one that has terms of use.
    #[schema(value_type = Option<String>)]
    pub language: Option<String>,
    /// The recipient's page shows the number that was called.
    pub show_access_number: Option<bool>,
    /// The recipient's page shows the queue.
    pub show_queue_name: Option<bool>,
}

/// An order that can be carried out, as far as its words go.
#[derive(Clone, Debug)]
pub struct Order {
    /// Recordings.
    pub recordings: Vec<RecordingId>,
    /// Sessions whose chat logs.
    pub sessions: Vec<SessionId>,
    /// The recipient's name.
    pub name: Personal,
    /// Their address.
    pub address: EmailAddress,
    /// Why.
    pub reason: String,
    /// Days after today.
    pub days: u32,
    /// The letter's subject.
    pub subject: String,
    /// Its text, with its marks.
    pub body: String,
    /// Its language.
    pub language: Language,
    /// The page shows the number that was called.
    pub show_access_number: bool,
    /// The page shows the queue.
    pub show_queue_name: bool,
}

fn no(field: &str, why: impl std::fmt::Display) -> Problem {
    Problem::invalid(format!("{field}: {why}"))
}

impl ShareBody {
    /// Checks it, and fills in what is left out.
    ///
    /// # Errors
    /// 422 with the first field that cannot be.
    pub fn checked(self, settings: &ShareSettings) -> Result<Order, Problem> {
        let items = self.recordings.len() + self.sessions.len();
        if items == 0 {
            return Err(no("recordings", "at least one recording or chat log is needed"));
        }
        if items > MOST_ITEMS {
            return Err(no("recordings", format!("at most {MOST_ITEMS} recordings and chat logs together, these are {items}")));
        }
        for (n, id) in self.recordings.iter().enumerate() {
            if self.recordings[..n].contains(id) {
                return Err(no(&format!("recordings[{n}]"), "is there twice"));
            }
        }
        for (n, id) in self.sessions.iter().enumerate() {
            if self.sessions[..n].contains(id) {
                return Err(no(&format!("sessions[{n}]"), "is there twice"));
            }
        }
        let name = self.recipient.name.reveal().trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME || name.chars().any(char::is_control) {
            return Err(no("recipient.name", format!("1 to {NAME} characters")));
        }
        let address: EmailAddress = self.recipient.email.reveal().parse().map_err(|bad| no("recipient.email", bad))?;
        let reason = self.reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > REASON || reason.chars().any(|c| c.is_control() && c != '\n' && c != '\r') {
            return Err(no("reason", format!("1 to {REASON} characters")));
        }
        let days = self.days.unwrap_or(settings.days);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(no("days", format!("1 to {MOST_DAYS}")));
        }
        let language = match self.language.as_deref() {
            None => settings.language,
            Some(code) => code.parse().map_err(|bad| no("language", format!("`{code}` {bad}")))?,
        };
        if !settings.terms.contains_key(&language) {
            return Err(no("language", format!("`{language}` has no terms of use")));
        }
        let subject = self.subject.or_else(|| settings.subject.clone()).unwrap_or_else(|| letter::subject(language));
        if let Some(why) = letter::subject_fault(&subject) {
            return Err(no("subject", why));
        }
        let body = self.body.or_else(|| settings.body.clone()).unwrap_or_else(|| letter::body(language));
        if let Some(why) = letter::body_fault(&body) {
            return Err(no("body", why));
        }
        Ok(Order {
            recordings: self.recordings,
            sessions: self.sessions,
            name: Personal::new(name),
            address,
            reason,
            days,
            subject: subject.trim().to_owned(),
            body,
            language,
            show_access_number: self.show_access_number.unwrap_or(settings.show_access_number),
            show_queue_name: self.show_queue_name.unwrap_or(settings.show_queue_name),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn whole() -> Value {
        json!({ "recordings": ["a"], "recipient": { "name": "Kari", "email": "kari@example.com" }, "reason": "asked for it" })
    }

    fn refused(change: impl FnOnce(&mut Value)) -> String {
        let mut body = whole();
        change(&mut body);
        let body: ShareBody = serde_json::from_value(body).unwrap();
        body.checked(&ShareSettings::default()).expect_err("refused").detail
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let body: ShareBody = serde_json::from_value(whole()).unwrap();
        let order = body.checked(&ShareSettings::default()).unwrap();
        assert_eq!((order.days, order.language, order.show_queue_name), (7, Language::En, false));
        assert!(order.body.contains("{{link}}") && !order.subject.is_empty());
    }

    #[test]
    fn each_field_says_what_is_wrong_with_it() {
        let many: Vec<String> = (0..41).map(|n| format!("r{n}")).collect();
        for (detail, begins) in [
            (refused(|b| b["recordings"] = json!([])), "recordings: "),
            (refused(|b| b["recordings"] = json!(many)), "recordings: at most 40"),
            (refused(|b| b["recordings"] = json!(["a", "a"])), "recordings[1]: "),
            (refused(|b| b["sessions"] = json!(["s", "s"])), "sessions[1]: "),
            (refused(|b| b["recipient"] = json!({ "email": "kari@example.com" })), "recipient.name: "),
            (refused(|b| b["recipient"]["email"] = json!("kari")), "recipient.email: "),
            (refused(|b| b["recipient"]["email"] = json!("a@b.example\r\nBcc: c@d.example")), "recipient.email: "),
            (refused(|b| b["reason"] = json!("  ")), "reason: "),
            (refused(|b| b["days"] = json!(0)), "days: "),
            (refused(|b| b["days"] = json!(366)), "days: "),
            (refused(|b| b["language"] = json!("fi")), "language: `fi` has no terms"),
            (refused(|b| b["language"] = json!("sv")), "language: `sv` is none of"),
            (refused(|b| b["subject"] = json!("a\nBcc: x")), "subject: "),
            (refused(|b| b["body"] = json!("see you")), "body: has to keep `{{link}}`"),
        ] {
            assert!(detail.starts_with(begins), "{detail}");
            assert!(!detail.contains("kari") && !detail.contains("d.example"), "{detail}");
        }
    }
}
