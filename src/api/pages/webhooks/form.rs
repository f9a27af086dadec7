//! What the webhooks' forms send, and how they are filled in.

use axum::extract::{FromRequest, Request};

use crate::api::pages::form::Form;
use crate::api::problem::Problem;
use crate::api::rest::webhooks::{ReplayBody, WebhookBody};
use crate::archive::webhooks::Webhook;
use crate::model::event_kind::EventKind;

/// A form's fields as they were sent; a name may come more than once.
#[derive(Default)]
pub(super) struct Sent(Vec<(String, String)>);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Form::<Vec<(String, String)>>::from_request(request, state).await.map(|Form(pairs)| Self(pairs))
    }
}

impl Sent {
    /// As the form of a webhook that is would send it.
    pub(super) fn of(hook: &Webhook) -> Self {
        let mut pairs = vec![("url".to_owned(), hook.url.clone())];
        pairs.extend(hook.kinds.iter().map(|kind| ("kinds".to_owned(), kind.as_str().to_owned())));
        pairs.extend(hook.projects.iter().map(|project| ("projects".to_owned(), project.to_string())));
        Self(pairs)
    }

    /// The field's text without blanks around it, empty where it was not sent.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.trim())
    }

    fn all<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The webhook that was filled in.
    ///
    /// # Errors
    /// 422 by the field: forms offer only what there is, but anybody may send one.
    pub(super) fn body(&self, active: bool) -> Result<WebhookBody, Problem> {
        let kind = |name: &str| EventKind::ALL.iter().copied().find(|kind| kind.as_str() == name);
        let kinds = self.all("kinds").map(|name| kind(name).ok_or_else(|| Problem::invalid(format!("kinds: there is no kind `{name}`"))));
        let projects =
            self.all("projects").map(|name| name.parse().map_err(|_| Problem::invalid(format!("projects: there is no project `{name}`"))));
        Ok(WebhookBody {
            url: self.get("url").to_owned(),
            kinds: kinds.collect::<Result<_, _>>()?,
            projects: projects.collect::<Result<_, _>>()?,
            secret: None,
            rotate_secret: false,
            active,
        })
    }

    /// The period that was filled in: browsers send `2026-11-22T18:04`, without a zone; the form says that it is UTC.
    ///
    /// # Errors
    /// 422 by the field.
    pub(super) fn period(&self) -> Result<ReplayBody, Problem> {
        let instant = |name: &str| match self.get(name) {
            "" => Ok(None),
            text => match text.parse::<jiff::civil::DateTime>().and_then(|at| at.to_zoned(jiff::tz::TimeZone::UTC)) {
                Ok(at) => Ok(Some(at.timestamp().to_string())),
                Err(_) => Err(Problem::invalid(format!("{name}: a time such as 2026-01-31T12:00"))),
            },
        };
        let since = instant("since")?.ok_or_else(|| Problem::invalid("since: is empty"))?;
        Ok(ReplayBody { since, until: instant("until")? })
    }
}

/// Something that can be chosen.
pub(super) struct Choice {
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// The form as it is shown.
pub(super) struct Filled {
    pub(super) url: String,
    pub(super) kinds: Vec<Choice>,
    pub(super) projects: Vec<Choice>,
}

impl Filled {
    pub(super) fn of(sent: &Sent, projects: Vec<String>) -> Self {
        let chosen = |field: &'static str, name: String| Choice { chosen: sent.all(field).any(|own| own == name), name };
        // A trial is sent to whoever is tried out, chosen or not.
        let kinds = EventKind::ALL.iter().filter(|kind| **kind != EventKind::WebhookTest);
        Self {
            url: sent.get("url").to_owned(),
            kinds: kinds.map(|kind| chosen("kinds", kind.as_str().to_owned())).collect(),
            projects: projects.into_iter().map(|name| chosen("projects", name)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&str, &str)]) -> Sent {
        Sent(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_period_is_in_utc_and_has_a_beginning() {
        let period = sent(&[("since", "2026-01-31T12:00"), ("until", "")]).period().unwrap_or_else(|p| panic!("{}", p.detail));
        assert_eq!((period.since.as_str(), period.until), ("2026-01-31T12:00:00Z", None));
        for (since, until, field) in [("", "", "since"), ("soon", "", "since"), ("2026-01-31T12:00", "later", "until")] {
            let Err(refused) = sent(&[("since", since), ("until", until)]).period() else { panic!("{since} {until}") };
            assert!(refused.detail.starts_with(field), "{}", refused.detail);
        }
    }

    #[test]
    fn a_kind_that_there_is_not_is_refused_by_its_name() {
        let Err(refused) = sent(&[("kinds", "state"), ("kinds", "weather")]).body(true) else { panic!("taken") };
        assert!(refused.detail.contains("weather"), "{}", refused.detail);
    }
}
