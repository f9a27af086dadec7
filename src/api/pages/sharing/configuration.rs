//! How recipients' pages look, what their terms of use are, and what letters begin with: a page for it.

use std::collections::BTreeMap;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::fields::{Fields, Sent, Wrong};
use super::multipart::token_and_file;
use super::{answered, is_theirs};
use crate::api::auth::Member;
use crate::api::pages::shell::{Shell, page};
use crate::api::problem::Problem;
use crate::api::rest::internal_links::own_message;
use crate::api::rest::shares::configuration::{LOGO_BYTES, set, set_logo, shown};
use crate::api::state::ApiState;
use crate::archive::shares::ShareSettings;
use crate::model::language::Language;

/// The terms of use of a language.
struct Terms {
    code: &'static str,
    tag: &'static str,
    name: &'static str,
    text: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "external_configuration.html")]
struct ConfigurationPage {
    shell: Shell,
    tab: &'static str,
    saved: bool,
    wrong: Wrong,
    logo: bool,
    logo_kb: usize,
    footer: String,
    session_hours: String,
    days: String,
    subject: String,
    subject_own: String,
    body: String,
    body_own: String,
    internal_body: String,
    internal_own: String,
    from: String,
    node_from: String,
    languages: Vec<(&'static str, &'static str, bool)>,
    show_access_number: bool,
    show_queue_name: bool,
    terms: Vec<Terms>,
}

/// What was done just now.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Done {
    done: String,
}

/// Fields of the form, by what refusals call them.
const NAMES: [(&str, &str); 11] = [
    ("footer", "footer"),
    ("footer[0]", "footer"),
    ("footer[1]", "footer"),
    ("footer[2]", "footer"),
    ("session_hours", "session_hours"),
    ("days", "days"),
    ("subject", "subject"),
    ("body", "body"),
    ("internal_body", "internal_body"),
    ("from", "from"),
    ("language", "language"),
];

/// What the form shows: as it is kept, or as it was sent.
fn fields_of(settings: &ShareSettings) -> Fields {
    let mut pairs = vec![
        ("footer".to_owned(), settings.footer.join("\n")),
        ("session_hours".to_owned(), settings.session_hours.to_string()),
        ("days".to_owned(), settings.days.to_string()),
        ("subject".to_owned(), settings.subject.clone().unwrap_or_default()),
        ("body".to_owned(), settings.body.clone().unwrap_or_default()),
        ("internal_body".to_owned(), settings.internal_body.clone().unwrap_or_default()),
        ("from".to_owned(), settings.from.clone().unwrap_or_default()),
        ("language".to_owned(), settings.language.code().to_owned()),
    ];
    for (name, on) in [("show_access_number", settings.show_access_number), ("show_queue_name", settings.show_queue_name)] {
        if on {
            pairs.push((name.to_owned(), "on".to_owned()));
        }
    }
    pairs.extend(settings.terms.iter().map(|(language, text)| (format!("terms_{}", language.code()), text.clone())));
    Fields::from(pairs)
}

async fn render(member: &Member, state: &ApiState, sent: Option<Fields>, wrong: Wrong, done: &str) -> Result<Response, Problem> {
    let found = shown(member, state).await?;
    member.needs(|has| has.external_access_page)?;
    let english = found.languages.iter().find(|one| one.code == Language::En);
    let own = |of: fn(Language) -> String| of(english.map_or(Language::En, |one| one.code));
    let fields = sent.unwrap_or_else(|| fields_of(&found.settings));
    let terms = Language::ALL.into_iter().map(|language| Terms {
        code: language.code(),
        tag: language.tag(),
        name: language.own_name(),
        text: fields.lines(&format!("terms_{}", language.code())),
        wrong: wrong.with(&format!("terms_{}", language.code())).map(str::to_owned),
    });
    let status = if wrong == Wrong::default() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let shown = ConfigurationPage {
        shell: Shell::of(member, "external"),
        tab: "configuration",
        saved: done == "saved",
        logo: found.logo.is_some(),
        logo_kb: LOGO_BYTES / 1024,
        footer: fields.lines("footer"),
        session_hours: fields.one("session_hours").to_owned(),
        days: fields.one("days").to_owned(),
        subject: fields.one("subject").to_owned(),
        subject_own: own(crate::share::letter::subject),
        body: fields.lines("body"),
        body_own: own(crate::share::letter::body),
        internal_body: fields.lines("internal_body"),
        internal_own: own_message(),
        from: fields.one("from").to_owned(),
        node_from: state.outbox.sender().to_owned(),
        languages: Language::ALL.into_iter().map(|one| (one.code(), one.own_name(), one.code() == fields.one("language"))).collect(),
        show_access_number: fields.is_on("show_access_number"),
        show_queue_name: fields.is_on("show_queue_name"),
        terms: terms.collect(),
        wrong,
    };
    Ok(page(status, &shown))
}

/// `GET /external/configuration`
pub async fn show(member: Member, State(state): State<ApiState>, Query(done): Query<Done>) -> Response {
    answered(&member, render(&member, &state, None, Wrong::default(), &done.done).await)
}

/// `POST /external/configuration`
pub async fn save(member: Member, State(state): State<ApiState>, Sent(sent): Sent) -> Response {
    answered(&member, saved(&member, &state, sent).await)
}

async fn saved(member: &Member, state: &ApiState, sent: Fields) -> Result<Response, Problem> {
    sent.of_this_browser(member)?;
    let settings = match read(&sent) {
        Ok(settings) => settings,
        Err(wrong) => return render(member, state, Some(sent), wrong, "").await,
    };
    match set(member, state, settings).await {
        Ok(()) => Ok(Redirect::to("/external/configuration?done=saved").into_response()),
        Err(problem) if is_theirs(&problem) => {
            let wrong = match problem.detail.strip_prefix("terms.").and_then(|rest| rest.split_once(": ")) {
                Some((language, why)) => Wrong::at(&format!("terms_{language}"), why),
                None => Wrong::of(&problem, &NAMES),
            };
            render(member, state, Some(sent), wrong, "").await
        }
        Err(problem) => Err(problem),
    }
}

fn read(sent: &Fields) -> Result<ShareSettings, Wrong> {
    let number = |name: &str| sent.one(name).trim().parse::<u32>().map_err(|_| Wrong::at(name, "a whole number is needed"));
    let text = |name: &str| Some(sent.lines(name)).filter(|text| !text.trim().is_empty());
    let terms: BTreeMap<Language, String> = Language::ALL
        .into_iter()
        .map(|language| (language, sent.lines(&format!("terms_{}", language.code()))))
        .filter(|(_, text)| !text.trim().is_empty())
        .collect();
    Ok(ShareSettings {
        footer: sent.lines("footer").trim_end().split('\n').map(str::to_owned).collect(),
        session_hours: number("session_hours")?,
        terms,
        days: number("days")?,
        subject: text("subject"),
        body: text("body"),
        internal_body: text("internal_body"),
        from: text("from"),
        language: sent.one("language").parse().map_err(|_| Wrong::at("language", "is none of these"))?,
        show_access_number: sent.is_on("show_access_number"),
        show_queue_name: sent.is_on("show_queue_name"),
    })
}

/// `GET /external/logo`
pub async fn logo(member: Member, State(state): State<ApiState>) -> Result<Response, Problem> {
    member.needs(|has| has.external_access_page)?;
    crate::api::rest::shares::configuration::logo_answer(&state).await
}

/// `POST /external/logo`: a file, or none to take the logo away.
pub async fn save_logo(member: Member, State(state): State<ApiState>, headers: HeaderMap, body: Bytes) -> Response {
    answered(&member, logo_saved(&member, &state, &headers, body).await)
}

async fn logo_saved(member: &Member, state: &ApiState, headers: &HeaderMap, body: Bytes) -> Result<Response, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let bad = || Problem::new(StatusCode::BAD_REQUEST, "bad_form", "a form with a file is needed");
    let (token, file) = token_and_file(content_type, &body, "logo").ok_or_else(bad)?;
    member.check_form(&token)?;
    let file = (!file.is_empty()).then(|| body.slice_ref(file));
    match set_logo(member, state, file).await {
        Ok(()) => Ok(Redirect::to("/external/configuration?done=saved").into_response()),
        Err(problem) if is_theirs(&problem) => render(member, state, None, Wrong::of(&problem, &[("logo", "logo")]), "").await,
        Err(problem) => Err(problem),
    }
}
