//! The REST routes. `/openapi.json` is generated from the handlers below.

mod audit;
pub(super) mod bulk;
pub(super) mod chats;
mod configuration;
pub(super) use configuration::region_has_a_store;
mod consent;
mod desk;
mod events;
mod files;
mod folders;
pub(super) use files::piece;
mod holds;
pub(super) mod internal_links;
pub(super) use internal_links::may_see_chat;
mod participants;
pub(super) mod people;
pub(super) mod plays;
mod probes;
mod projects;
mod range;
pub(super) use range::{Wanted, not_modified, wanted};
pub(super) mod recordings;
mod requester;
mod retention;
mod sessions;
pub(super) mod shares;
mod simulate;
pub(super) use simulate::{StoryBody, resolved, run as run_story};
mod tagged;
pub(super) mod triage;
pub(super) mod uploads;
mod visibility;
pub(super) use visibility::{change as change_visibility, renew_link};
mod watch;
pub(super) mod webhooks;

use axum::Json;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, Required};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::ApiState;

/// Routes that need a caller, with their description.
pub fn protected() -> (axum::Router<ApiState>, utoipa::openapi::OpenApi) {
    let (router, mut api) = OpenApiRouter::<ApiState>::new()
        .routes(routes!(configuration::workspace, configuration::put_workspace))
        .routes(routes!(projects::list, projects::create))
        .routes(routes!(projects::get, projects::put, projects::delete))
        .routes(routes!(projects::consent_text, projects::put_consent_text, projects::delete_consent_text))
        .routes(routes!(projects::consent_text_version))
        .routes(routes!(simulate::simulate))
        .routes(routes!(configuration::agents, configuration::post_agent))
        .routes(routes!(configuration::agent, configuration::put_agent, configuration::delete_agent))
        .routes(routes!(configuration::queues, configuration::post_queue))
        .routes(routes!(configuration::queue, configuration::put_queue, configuration::delete_queue))
        .routes(routes!(sessions::list, sessions::create))
        .routes(routes!(sessions::get))
        .routes(routes!(sessions::end))
        .routes(routes!(sessions::controls))
        .routes(routes!(watch::session, watch::allow))
        .routes(routes!(watch::states))
        .routes(routes!(watch::desk))
        .routes(routes!(desk::open, desk::close))
        .routes(routes!(participants::join))
        .routes(routes!(participants::invite))
        .routes(routes!(participants::command))
        .routes(routes!(consent::asked))
        .routes(routes!(consent::wording))
        .routes(routes!(participants::arrive))
        .routes(routes!(participants::leave))
        .routes(routes!(events::stream))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::get, webhooks::put, webhooks::delete))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay_one))
        .routes(routes!(webhooks::replay))
        .routes(routes!(webhooks::test))
        .routes(routes!(recordings::list))
        .routes(routes!(bulk::bulk))
        .routes(routes!(recordings::get, recordings::patch, recordings::delete))
        .routes(routes!(files::get))
        .routes(routes!(folders::folders, folders::post_folder))
        .routes(routes!(folders::folder, folders::put_folder, folders::delete_folder))
        .routes(routes!(folders::labels, folders::post_label))
        .routes(routes!(folders::put_label, folders::delete_label))
        .routes(routes!(folders::assignees))
        .routes(routes!(triage::list, triage::create))
        .routes(routes!(triage::order))
        .routes(routes!(triage::try_on))
        .routes(routes!(triage::get, triage::put, triage::delete))
        .routes(routes!(plays::open))
        .routes(routes!(plays::open_chat))
        .routes(routes!(visibility::get, visibility::put))
        .routes(routes!(visibility::renew))
        .routes(routes!(uploads::options, uploads::list, uploads::create))
        .routes(routes!(uploads::head, uploads::get, uploads::patch, uploads::delete))
        .routes(routes!(uploads::retry))
        .routes(routes!(uploads::invitations::list, uploads::invitations::create))
        .routes(routes!(uploads::invitations::delete))
        .routes(routes!(shares::list, shares::create))
        .routes(routes!(shares::configuration::get, shares::configuration::put))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(shares::configuration::logo, shares::configuration::put_logo, shares::configuration::delete_logo))
                .layer(axum::extract::DefaultBodyLimit::max(shares::configuration::LOGO_BYTES)),
        )
        .routes(routes!(shares::get))
        .routes(routes!(shares::cancel))
        .routes(routes!(shares::resend))
        .routes(routes!(chats::list))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(chats::get, chats::put, chats::delete))
                .layer(axum::extract::DefaultBodyLimit::max(chats::MOST_BYTES)),
        )
        .routes(routes!(internal_links::create))
        .routes(routes!(internal_links::get))
        .routes(routes!(requester::wanted))
        .routes(routes!(audit::list))
        .routes(routes!(people::me::get))
        .routes(routes!(people::me::put_password))
        .routes(routes!(people::me::desk))
        .routes(routes!(people::users::list, people::users::post))
        .routes(routes!(people::users::get, people::users::put, people::users::delete))
        .routes(routes!(people::users::properties))
        .routes(routes!(people::groups::list, people::groups::post))
        .routes(routes!(people::groups::get, people::groups::put, people::groups::delete))
        .routes(routes!(people::workspace_properties, people::put_workspace_properties))
        .routes(routes!(people::keys::list, people::keys::create))
        .routes(routes!(people::keys::delete))
        .routes(routes!(holds::list, holds::create))
        .routes(routes!(holds::get, holds::release))
        .routes(routes!(retention::plan))
        .routes(routes!(retention::sweep))
        .routes(routes!(probes::metrics))
        .split_for_parts();
    // Their callers have an invitation's token, which is none of a member's: they are asked for it by the handlers.
    api.merge(invited().split_for_parts().1);
    describe(&mut api);
    let description = api.clone();
    let router = router.route("/openapi.json", axum::routing::get(move || async move { Json(description) }));
    (router, api)
}

/// Routes of those who were invited to send a file, or asked whom a session was for.
fn invited() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(uploads::invited::options, uploads::invited::status, uploads::invited::create))
        .routes(routes!(uploads::invited::head, uploads::invited::patch, uploads::invited::delete))
        .routes(routes!(requester::name))
}

/// Routes that answer anybody.
pub fn open() -> axum::Router<ApiState> {
    invited()
        .split_for_parts()
        .0
        .route("/healthz", axum::routing::get(probes::healthz))
        .route("/readyz", axum::routing::get(probes::readyz))
}

fn describe(api: &mut utoipa::openapi::OpenApi) {
    api.info = InfoBuilder::new()
        .title("Ferric")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Records calls and rooms. Errors are `application/problem+json` (RFC 9457) with a stable `reason`. Times are RFC 3339 UTC, durations `_ms`, \
             sizes bytes, ids opaque. Callers bring an API key, or the token of a participant, as `Authorization: Bearer …`.",
        ))
        .build();
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    api.components.get_or_insert_default().add_security_scheme("bearer", bearer);
    // axum's `{*name}` is OpenAPI's `{name}`.
    api.paths.paths = std::mem::take(&mut api.paths.paths).into_iter().map(|(path, item)| (path.replace("{*", "{"), item)).collect();
    with_idempotency_key(api);
    api.security = Some(vec![utoipa::openapi::security::SecurityRequirement::new("bearer", Vec::<String>::new())]);
}

/// Says of every `POST` that it takes the header (see `api::idempotency`).
fn with_idempotency_key(api: &mut utoipa::openapi::OpenApi) {
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Up to 255 characters, such as a UUID. The same request with the same key within 24 hours is carried out once and answered as the first time \
             (`Idempotency-Replayed: true`); with another request 422 `idempotency_key_reused`; while the first is under way 409 `idempotency_in_flight`.",
        ))
        .schema(Some(utoipa::schema!(String)))
        .build();
    for post in api.paths.paths.iter_mut().filter(|(path, _)| path.starts_with("/v1/")).filter_map(|(_, item)| item.post.as_mut()) {
        post.parameters.get_or_insert_default().push(utoipa::openapi::RefOr::T(parameter.clone()));
    }
}
