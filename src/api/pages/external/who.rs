//! Whose browser it is: the cookie before a code, the web session after it.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use crate::api::auth::{cookie, random_text};
use crate::api::base_url::BaseUrl;
use crate::api::problem::Problem;
use crate::api::state::ApiState;
use crate::archive::keys;
use crate::archive::shares::ShareSession;
use crate::model::id::SharePageId;
use crate::model::redact::Secret;
use crate::model::time::WallClock;

/// The cookie's name; each page has its own, by its path.
const COOKIE: &str = "ferric_share";
/// What a cookie begins with before a code, and after one.
const ASKING: &str = "a";
const ENTERED: &str = "e";
/// How long a browser is known that only asks, seconds.
const ASKING_S: u64 = 3_600;

/// A browser as its cookie tells it.
pub struct Browser(Option<String>);

impl Browser {
    /// Of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(cookie(headers, COOKIE).filter(|value| value.len() == 65).map(str::to_owned))
    }

    /// Whether it has a cookie.
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it had a web session, which may be over.
    pub fn had_entered(&self) -> bool {
        self.0.as_ref().is_some_and(|value| value.starts_with(ENTERED))
    }

    /// What a code is bound to.
    pub fn hash(&self) -> Option<String> {
        self.0.as_deref().map(keys::hash)
    }

    /// Its web session on a page, while that lasts.
    pub async fn session(&self, state: &ApiState, page: &SharePageId, now: WallClock) -> Result<Option<ShareSession>, Problem> {
        match self.0.as_deref().filter(|_| self.had_entered()) {
            Some(value) => Ok(state.catalogue.share_session(value, page, now).await?),
            None => Ok(None),
        }
    }
}

/// A cookie's value for a browser that asks.
pub fn asking() -> Secret {
    Secret::new(format!("{ASKING}{}", random_text()))
}

/// A cookie's value for a web session: another one than before it, so that nobody brings one in.
pub fn entered() -> Secret {
    Secret::new(format!("{ENTERED}{}", random_text()))
}

/// Gives the browser a cookie. `Lax`: people come from their mailbox, and their first request has to carry it.
pub fn set(response: &mut Response, base: &BaseUrl, path: &str, value: &Secret, hours: Option<u32>) {
    let secure = if base.is_https() { "; Secure" } else { "" };
    let age_s = hours.map_or(ASKING_S, |hours| u64::from(hours) * 3_600);
    let text = format!("{COOKIE}={}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}", value.reveal());
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}

/// Refuses what another site's page sent. Without a referrer browsers send `Origin: null` with our own forms, and say in `Sec-Fetch-Site` whose they are.
///
/// # Errors
/// 403.
pub fn own_form(headers: &HeaderMap, state: &ApiState) -> Result<(), Problem> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    let ours = match site {
        Some(site) => site == "same-origin",
        None => {
            headers.get(header::ORIGIN).is_none_or(|origin| origin == "null")
                || crate::api::auth::same_origin(headers, state.public_url.as_deref())
        }
    };
    if ours { Ok(()) } else { Err(Problem::forbidden("cross_origin", "this request was not written by a page of this node")) }
}
