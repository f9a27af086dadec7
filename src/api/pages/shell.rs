//! What every page has: head, bar, words, form token.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::{assets, words::Words};
use crate::api::auth::{Caller, Member, SignedIn};
use crate::api::problem::Problem;

/// The frame of a page.
pub struct Shell {
    /// The words.
    pub w: Words,
    /// The browser's form token; absent where nobody is signed in.
    pub csrf: Option<String>,
    /// Which entry of the bar is current.
    pub here: &'static str,
    /// Whoever looks runs the node: the bar leads to its settings.
    pub admin: bool,
    /// Whoever looks sees the log of what was sent to people outside: the bar leads to it.
    pub external: bool,
    /// Whoever looks may send links.
    pub sends: bool,
    /// Whoever looks.
    pub me: Option<Me>,
}

/// Whoever looks at a page, as the bar names them.
pub struct Me {
    /// Their name, or the key's.
    pub name: String,
    /// A person, who has a page of their own; else a key.
    pub is_person: bool,
}

impl Me {
    fn of(actor: &str) -> Self {
        let (kind, name) = actor.split_once(':').unwrap_or_default();
        Self { name: name.to_owned(), is_person: kind == "user" }
    }
}

/// Templates reach these through the shell that they have at hand.
#[allow(clippy::unused_self)]
impl Shell {
    /// For somebody signed in.
    pub fn of(who: &impl SignedIn, here: &'static str) -> Self {
        // A page asked for with an API key has no forms that could be sent; it still shows everything.
        let csrf = who.csrf().map(|c| c.reveal().to_owned()).unwrap_or_default();
        Self {
            w: Words::english(),
            csrf: Some(csrf),
            here,
            admin: who.is_admin(),
            external: who.sees_external(),
            sends: who.sends_links(),
            me: Some(Me::of(who.who())),
        }
    }

    /// For anybody.
    pub fn open() -> Self {
        Self { w: Words::english(), csrf: None, here: "", admin: false, external: false, sends: false, me: None }
    }

    /// For whoever asked: somebody of the workspace, or anybody.
    pub fn for_caller(caller: Option<&Caller>) -> Self {
        caller.and_then(|caller| Member::of(caller).ok()).map_or_else(Self::open, |member| Self::of(&member, ""))
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// Ferric's version.
    pub fn version(&self) -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}

/// A page as a response, never kept by caches.
pub fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => Problem::internal(&error).into_response(),
    }
}

/// Headers of every answer: scripts, styles and connections from this origin only, nobody may frame a page, addresses are not passed on.
pub fn guard(headers: &mut HeaderMap) {
    const GUARDS: [(header::HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; \
             connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not `no-referrer`: browsers then send `Origin: null` with our own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(self), display-capture=(self), geolocation=()"),
    ];
    for (name, value) in GUARDS {
        // A handler may ask for less still of what a page passes on.
        if name != header::REFERRER_POLICY || !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}
