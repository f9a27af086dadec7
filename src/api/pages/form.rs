//! Forms that pages send.

use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::api::auth::{Member, Operator};
use crate::api::problem::Problem;
use crate::model::redact::Secret;

/// A form's fields.
pub struct Form<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Form::<T>::from_request(request, state).await {
            Ok(axum::Form(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the form holds more than this page sends"))
            }
            Err(rejection) => Err(Problem::new(StatusCode::BAD_REQUEST, "bad_form", rejection.body_text())),
        }
    }
}

impl Operator {
    /// A form has to carry this browser's token.
    ///
    /// # Errors
    /// 403 where it does not.
    pub fn check_form(&self, sent: &str) -> Result<(), Problem> {
        check(self.csrf.as_ref(), sent)
    }
}

impl Member {
    /// A form has to carry this browser's token.
    ///
    /// # Errors
    /// 403 where it does not.
    pub fn check_form(&self, sent: &str) -> Result<(), Problem> {
        check(self.csrf.as_ref(), sent)
    }
}

fn check(csrf: Option<&Secret>, sent: &str) -> Result<(), Problem> {
    match csrf {
        Some(csrf) if !csrf.matches(sent) => Err(Problem::forbidden("csrf", "csrf: not this browser's form")),
        _ => Ok(()),
    }
}
