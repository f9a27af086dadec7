//! What is around each step: logo, languages, footer, headers.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::api::pages::assets;
use crate::api::pages::shell::page;
use crate::api::problem::Problem;
use crate::api::rest::shares::configuration::logo_answer;
use crate::api::state::ApiState;
use crate::archive::shares::ShareSettings;
use crate::model::language::Language;
use crate::share::words::Words;

/// The frame of each step.
pub struct Frame {
    /// The words.
    pub w: Words,
    /// The path of the page.
    pub path: String,
    /// The logo's address, where there is one.
    pub logo: Option<String>,
    /// Lines below.
    pub footer: Vec<String>,
    /// Which step, for the language's form to stay at it.
    pub asked: bool,
}

/// A language in the choice.
pub struct Choice {
    /// Its code.
    pub code: &'static str,
    /// Its tag.
    pub tag: &'static str,
    /// Its name.
    pub name: &'static str,
    /// It is the page's.
    pub chosen: bool,
}

impl Frame {
    /// Around a step in a language.
    pub async fn of(state: &ApiState, settings: &ShareSettings, link: &str, language: Language, asked: bool) -> Result<Self, Problem> {
        let logo = state.catalogue.share_logo_version().await?.map(|version| format!("/e/logo?v={version}"));
        Ok(Self { w: Words::of(language), path: format!("/e/{link}"), logo, footer: settings.footer.clone(), asked })
    }

    /// The languages that the reader may choose.
    #[allow(clippy::unused_self)]
    pub fn choices(&self) -> impl Iterator<Item = Choice> + '_ {
        let chosen = self.w.language();
        Language::ALL.into_iter().map(move |one| Choice { code: one.code(), tag: one.tag(), name: one.own_name(), chosen: one == chosen })
    }

    /// The language's code.
    pub fn code(&self) -> &'static str {
        self.w.language().code()
    }

    /// The address of an asset.
    #[allow(clippy::unused_self)]
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }
}

/// A step as an answer: nobody keeps it, finds it, or is told where it was read.
pub fn answer(status: StatusCode, step: &impl Template) -> Response {
    let mut response = page(status, step);
    guard(response.headers_mut());
    response
}

/// Headers of everything below `/e/`.
pub fn guard(headers: &mut HeaderMap) {
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow, noarchive"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// `GET /e/logo`
pub async fn logo(State(state): State<ApiState>) -> Result<Response, Problem> {
    logo_answer(&state).await
}
