//! Fields of a form as a browser sends them: the same name may come several times, and what is wrong is said at its field.

use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::api::auth::Member;
use crate::api::pages::form::Form;
use crate::api::problem::Problem;

/// Names and values, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl From<Vec<(String, String)>> for Fields {
    fn from(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl Fields {
    /// The first value of a name; empty where there is none.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    /// Every value of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// Whether a checkbox is ticked.
    pub fn is_on(&self, name: &str) -> bool {
        !self.one(name).is_empty()
    }

    /// A text of several lines, whose ends browsers write in two characters.
    pub fn lines(&self, name: &str) -> String {
        self.one(name).replace("\r\n", "\n")
    }

    /// A form has to be this browser's.
    ///
    /// # Errors
    /// 403 where it is not.
    pub fn of_this_browser(&self, member: &Member) -> Result<(), Problem> {
        member.check_form(self.one("csrf"))
    }
}

/// Fields of a form's body.
pub struct Sent(pub Fields);

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let Form(pairs) = Form::<Vec<(String, String)>>::from_request(request, state).await?;
        Ok(Self(Fields(pairs)))
    }
}

/// Fields of an address.
pub struct Queried(pub Fields);

impl<S: Send + Sync> FromRequestParts<S> for Queried {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) {
            Ok(Query(pairs)) => Ok(Self(Fields(pairs))),
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, "bad_query", rejection.body_text())),
        }
    }
}

/// What is wrong with a form: a field of it, or all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    field: String,
    why: String,
}

impl Wrong {
    /// From a refusal whose detail begins with a field. `names`: fields of the form, by what details call them.
    pub fn of(problem: &Problem, names: &[(&str, &'static str)]) -> Self {
        let (said, why) = problem.detail.split_once(": ").unwrap_or(("", &problem.detail));
        match names.iter().find(|(detail, _)| *detail == said) {
            Some((_, field)) => Self { field: (*field).to_owned(), why: why.to_owned() },
            None => Self { field: String::new(), why: problem.detail.clone() },
        }
    }

    /// Of a field of the form.
    pub fn at(field: &str, why: impl Into<String>) -> Self {
        Self { field: field.to_owned(), why: why.into() }
    }

    /// What is wrong with this field.
    pub fn with(&self, field: &str) -> Option<&str> {
        (!self.why.is_empty() && self.field == field).then_some(self.why.as_str())
    }

    /// What is wrong with no field alone.
    pub fn whole(&self) -> Option<&str> {
        self.with("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_stands_at_its_field_or_over_the_form() {
        let names = [("recipient.name", "name")];
        let named = Wrong::of(&Problem::invalid("recipient.name: 1 to 200 characters"), &names);
        assert_eq!((named.with("name"), named.whole()), (Some("1 to 200 characters"), None));
        let whole = Wrong::of(&Problem::invalid("recordings[3]: there is no such recording"), &names);
        assert_eq!((whole.with("name"), whole.whole()), (None, Some("recordings[3]: there is no such recording")));
        assert_eq!(Wrong::default().whole(), None);
    }
}
