//! Webhooks for administrators: where events go, what became of each, sending again. Plain forms; every change goes the way of the API.

mod deliveries;
mod form;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use self::deliveries::Line;
use self::form::{Filled, Sent};
use super::console::short;
use super::refused::problem_page;
use super::settings::TABS;
use super::shell::{Shell, page};
use crate::api::auth::Operator;
use crate::api::body::At;
use crate::api::problem::Problem;
use crate::api::rest::webhooks as way;
use crate::api::state::ApiState;
use crate::archive::webhooks::{DeliveryState, Webhook};
use crate::model::id::WebhookId;

/// Deliveries a page.
const ROWS: u32 = 25;

/// The pages below `/settings/webhooks`.
pub(super) fn routes() -> axum::Router<ApiState> {
    axum::Router::new()
        .route("/settings/webhooks", get(list).post(create))
        .route("/settings/webhooks/{id}", get(show).post(act))
        .route("/settings/webhooks/{id}/change", get(edit).post(save))
        .route("/settings/new-webhook", get(new))
}

struct Hook {
    id: String,
    url: String,
    kinds: Vec<&'static str>,
    projects: String,
    active: bool,
    created_at: String,
    created_short: String,
    /// Until when deliveries are signed with the secret before, too.
    old_secret_until: Option<(String, String)>,
}

impl Hook {
    fn of(hook: &Webhook) -> Self {
        let until = hook.old_secret.as_ref().map(|(_, until)| *until).filter(|until| crate::api::noted::now() < *until);
        Self {
            id: hook.id.to_string(),
            url: hook.url.clone(),
            kinds: hook.kinds.iter().map(|kind| kind.as_str()).collect(),
            projects: hook.projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            active: hook.active,
            created_at: hook.created.to_string(),
            created_short: short(hook.created),
            old_secret_until: until.map(|until| (until.to_string(), short(until))),
        }
    }
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct ListPage {
    shell: Shell,
    tab: &'static str,
    gone: bool,
    hooks: Vec<Hook>,
}

#[derive(Template)]
#[template(path = "webhook_form.html")]
struct FormPage {
    shell: Shell,
    tab: &'static str,
    /// Of the one that is changed; absent for a new one.
    id: Option<String>,
    wrong: Option<String>,
    filled: Filled,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct HookPage {
    shell: Shell,
    tab: &'static str,
    hook: Hook,
    said: Option<String>,
    wrong: Option<String>,
    /// Shown once.
    secret: Option<String>,
    since: String,
    until: String,
    states: Vec<(&'static str, String)>,
    state: String,
    lines: Vec<Line>,
    first: Option<String>,
    next: Option<String>,
}

/// What the address asks for. What cannot be read filters nothing: an address may be typed by hand.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    state: String,
    after: String,
    /// What was done just now.
    done: String,
    /// How many were put in line.
    n: usize,
}

/// What a page shows besides the webhook as it is.
#[derive(Default)]
struct Besides {
    wrong: Option<Problem>,
    secret: Option<String>,
    since: String,
    until: String,
}

fn answered(operator: &Operator, response: Result<Response, Problem>) -> Response {
    response.unwrap_or_else(|problem| problem_page(operator, &problem))
}

fn status_of(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// A refusal that the person can do something about is shown where they are.
fn is_theirs(problem: &Problem) -> bool {
    matches!(problem.status, 409 | 422)
}

/// `GET /settings/webhooks`
async fn list(operator: Operator, State(state): State<ApiState>, Query(asked): Query<Asked>) -> Response {
    let found = state.catalogue.webhooks().await.map_err(Problem::from);
    answered(
        &operator,
        found.map(|hooks| {
            let hooks = hooks.iter().map(Hook::of).collect();
            let shell = Shell::of(&operator, "settings");
            page(StatusCode::OK, &ListPage { shell, tab: "webhooks", gone: asked.done == "delete", hooks })
        }),
    )
}

async fn form_page(operator: &Operator, state: &ApiState, id: Option<&WebhookId>, sent: &Sent, wrong: Option<Problem>) -> Response {
    let projects = match state.catalogue.projects().await {
        Ok(projects) => projects.into_iter().map(|p| p.slug.to_string()).collect(),
        Err(error) => return problem_page(operator, &error.into()),
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, status_of);
    let page_of = FormPage {
        shell: Shell::of(operator, "settings"),
        tab: "webhooks",
        id: id.map(ToString::to_string),
        wrong: wrong.map(|problem| problem.detail),
        filled: Filled::of(sent, projects),
    };
    page(status, &page_of)
}

/// `GET /settings/new-webhook`
async fn new(operator: Operator, State(state): State<ApiState>) -> Response {
    form_page(&operator, &state, None, &Sent::default(), None).await
}

/// `POST /settings/webhooks`: its answer is the one page that shows the secret.
async fn create(operator: Operator, State(state): State<ApiState>, sent: Sent) -> Response {
    if let Err(problem) = operator.check_form(sent.get("csrf")) {
        return problem.into_response();
    }
    let made = match sent.body(true) {
        Ok(body) => way::make(&operator, &state, body).await,
        Err(problem) => Err(problem),
    };
    match made {
        Ok(hook) => {
            let secret = Some(hook.secret.reveal().to_owned());
            let asked = Asked { done: "made".to_owned(), ..Asked::default() };
            answered(&operator, hook_page(&operator, &state, &hook, &asked, Besides { secret, ..Besides::default() }).await)
        }
        Err(problem) if is_theirs(&problem) => form_page(&operator, &state, None, &sent, Some(problem)).await,
        Err(problem) => problem_page(&operator, &problem),
    }
}

/// `GET /settings/webhooks/{id}/change`
async fn edit(operator: Operator, State(state): State<ApiState>, At(id): At<WebhookId>) -> Response {
    match state.catalogue.webhook(&id).await {
        Ok(hook) => form_page(&operator, &state, Some(&id), &Sent::of(&hook), None).await,
        Err(error) => problem_page(&operator, &error.into()),
    }
}

/// `POST /settings/webhooks/{id}/change`
async fn save(operator: Operator, State(state): State<ApiState>, At(id): At<WebhookId>, sent: Sent) -> Response {
    if let Err(problem) = operator.check_form(sent.get("csrf")) {
        return problem.into_response();
    }
    let changed = async {
        let hook = state.catalogue.webhook(&id).await?;
        way::change(&operator, &state, &id, sent.body(hook.active)?).await
    };
    match changed.await {
        Ok(_) => Redirect::to(&format!("/settings/webhooks/{id}?done=save")).into_response(),
        Err(problem) if is_theirs(&problem) => form_page(&operator, &state, Some(&id), &sent, Some(problem)).await,
        Err(problem) => problem_page(&operator, &problem),
    }
}

/// `GET /settings/webhooks/{id}`
async fn show(operator: Operator, State(state): State<ApiState>, At(id): At<WebhookId>, Query(asked): Query<Asked>) -> Response {
    let shown = async {
        let hook = state.catalogue.webhook(&id).await?;
        hook_page(&operator, &state, &hook, &asked, Besides::default()).await
    };
    let shown = shown.await;
    answered(&operator, shown)
}

/// What a press did.
enum Done {
    /// Tell so, on that page.
    Said(String),
    /// It is no more.
    Gone,
    /// Show this secret, once.
    Secret(String),
}

/// `POST /settings/webhooks/{id}`: everything that is one press.
async fn act(operator: Operator, State(state): State<ApiState>, At(id): At<WebhookId>, sent: Sent) -> Response {
    if let Err(problem) = operator.check_form(sent.get("csrf")) {
        return problem.into_response();
    }
    let here = format!("/settings/webhooks/{id}");
    let problem = match done(&operator, &state, &id, &sent).await {
        Ok(Done::Said(said)) => return Redirect::to(&format!("{here}{said}")).into_response(),
        Ok(Done::Gone) => return Redirect::to("/settings/webhooks?done=delete").into_response(),
        Ok(Done::Secret(secret)) => {
            let besides = Besides { secret: Some(secret), ..Besides::default() };
            return again(&operator, &state, &id, Asked { done: "rotate".to_owned(), ..Asked::default() }, besides).await;
        }
        Err(problem) => problem,
    };
    if problem.status == 404 && sent.get("act") == "delete" {
        // Gone already is what was asked for.
        return Redirect::to("/settings/webhooks?done=delete").into_response();
    }
    if !is_theirs(&problem) {
        return problem_page(&operator, &problem);
    }
    let besides =
        Besides { wrong: Some(problem), since: sent.get("since").to_owned(), until: sent.get("until").to_owned(), ..Besides::default() };
    again(&operator, &state, &id, Asked::default(), besides).await
}

async fn again(operator: &Operator, state: &ApiState, id: &WebhookId, asked: Asked, besides: Besides) -> Response {
    let shown = match state.catalogue.webhook(id).await {
        Ok(hook) => hook_page(operator, state, &hook, &asked, besides).await,
        Err(error) => Err(error.into()),
    };
    answered(operator, shown)
}

async fn done(operator: &Operator, state: &ApiState, id: &WebhookId, sent: &Sent) -> Result<Done, Problem> {
    let said = |text: &str| Ok(Done::Said(format!("?done={text}")));
    let hook = state.catalogue.webhook(id).await?;
    let as_it_is = |active: bool| way::WebhookBody {
        url: hook.url.clone(),
        kinds: hook.kinds.clone(),
        projects: hook.projects.clone(),
        secret: None,
        rotate_secret: false,
        active,
    };
    match sent.get("act") {
        "on" => {
            way::change(operator, state, id, as_it_is(true)).await?;
            said("on")
        }
        "off" => {
            way::change(operator, state, id, as_it_is(false)).await?;
            said("off")
        }
        "rotate" => {
            let body = way::WebhookBody { rotate_secret: true, ..as_it_is(hook.active) };
            let hook = way::change(operator, state, id, body).await?;
            Ok(Done::Secret(hook.secret.reveal().to_owned()))
        }
        "test" => {
            way::try_out(operator, state, id).await?;
            said("test")
        }
        "again" => {
            let delivery = sent.get("delivery").parse().map_err(|_| Problem::not_found("there is no such delivery"))?;
            way::send_again(operator, state, id, &delivery).await?;
            said("again")
        }
        "period" => {
            let n = way::send_period_again(operator, state, id, &sent.period()?).await?;
            said(&format!("period&n={n}"))
        }
        "delete" => {
            way::remove(operator, state, id).await?;
            Ok(Done::Gone)
        }
        _ => Err(Problem::invalid("act: on, off, rotate, test, again, period or delete")),
    }
}

async fn hook_page(operator: &Operator, state: &ApiState, hook: &Webhook, asked: &Asked, besides: Besides) -> Result<Response, Problem> {
    const STATES: [(&str, DeliveryState); 3] =
        [("waiting", DeliveryState::Waiting), ("delivered", DeliveryState::Delivered), ("dead", DeliveryState::Dead)];
    let shell = Shell::of(operator, "settings");
    let w = shell.w;
    let only = STATES.into_iter().find(|(name, _)| *name == asked.state);
    let after = (!asked.after.is_empty()).then_some(asked.after.as_str());
    let found = match state.catalogue.deliveries(&hook.id, only.map(|(_, state)| state), ROWS, after).await {
        Err(_) if after.is_some() => state.catalogue.deliveries(&hook.id, only.map(|(_, state)| state), ROWS, None).await?,
        other => other?,
    };
    let here = format!("/settings/webhooks/{}?state={}", hook.id, only.map(|(name, _)| name).unwrap_or_default());
    let said = match asked.done.as_str() {
        "period" => Some(w.tn("hook-said-period", "n", asked.n)),
        done @ ("made" | "save" | "on" | "off" | "rotate" | "test" | "again") => Some(w.of("hook-said", done)),
        _ => None,
    };
    let status = besides.wrong.as_ref().map_or(StatusCode::OK, status_of);
    let page_of = HookPage {
        tab: "webhooks",
        hook: Hook::of(hook),
        said,
        wrong: besides.wrong.map(|problem| problem.detail),
        secret: besides.secret,
        since: besides.since,
        until: besides.until,
        states: STATES.into_iter().map(|(name, _)| (name, w.of("hook-state", name))).collect(),
        state: only.map(|(name, _)| name.to_owned()).unwrap_or_default(),
        lines: found.items.iter().map(|delivery| Line::of(w, delivery)).collect(),
        first: after.is_some().then(|| here.clone()),
        next: found.next.map(|next| format!("{here}&after={next}")),
        shell,
    };
    Ok(page(status, &page_of))
}
