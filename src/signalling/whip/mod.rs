//! WHIP (RFC 9725): a browser or an encoder publishes by one HTTP request.
//!
//! `POST /whip/{session}/{participant}` with an SDP offer and the participant's token makes a peer connection; its resource takes trickled candidates
//! (`PATCH`) and ends it (`DELETE`). A participant may hold several, one for a camera and one for a shared screen.

mod fragment;
mod problem;
mod resource;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, post};

use crate::model::id::{ParticipantId, SessionId};
use crate::model::switchboard::{ParticipantTokens, PeerId, Switchboard};
pub use fragment::{Fragment, read as read_fragment};
use problem::Problem;
use resource::ResourceNames;

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
/// No honest offer is longer.
const LONGEST_BODY: usize = 128 * 1024;

/// What the endpoint says of itself.
#[derive(Clone, Debug, Default)]
pub struct WhipConfig {
    /// The URL under which the node is reached from outside (`https://rec.example.org`), where the request's own headers do not tell.
    pub public_url: Option<String>,
    /// ICE servers told to peers in `Link` headers (RFC 9725 §4.6), as whole header values.
    pub ice_links: Vec<String>,
}

#[derive(Clone)]
struct Endpoint {
    switchboard: Arc<dyn Switchboard>,
    tokens: Arc<dyn ParticipantTokens>,
    config: Arc<WhipConfig>,
    names: Arc<ResourceNames>,
}

/// The endpoint `/whip/{session}/{participant}` and its resources.
pub fn router(switchboard: Arc<dyn Switchboard>, tokens: Arc<dyn ParticipantTokens>, config: WhipConfig) -> Router {
    let endpoint = Endpoint { switchboard, tokens, config: Arc::new(config), names: Arc::new(ResourceNames::new()) };
    Router::new()
        .route("/whip/{session}/{participant}", post(publish).options(of_endpoint).fallback(|| async { not_allowed("POST, OPTIONS") }))
        .route(
            "/whip/{session}/{participant}/{resource}",
            delete(end).patch(trickle).options(of_resource).fallback(|| async { not_allowed("DELETE, PATCH, OPTIONS") }),
        )
        .layer(map_response(for_any_origin))
        .with_state(endpoint)
}

fn not_allowed(allow: &'static str) -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("only {allow}")).with(header::ALLOW, allow)
}

/// Publishing pages come from anywhere; what protects a session is its token, not the page's origin.
async fn for_any_origin(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Location, ETag, Link, Accept-Patch, Retry-After"));
    response
}

fn options(methods: &'static str, accept: (HeaderName, &'static str)) -> Response {
    let headers = [
        (header::ALLOW, methods),
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-Match"),
        (header::ACCESS_CONTROL_MAX_AGE, "3600"),
        accept,
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn of_endpoint(State(endpoint): State<Endpoint>) -> Response {
    let mut response = options("POST, OPTIONS", (ACCEPT_POST, SDP));
    endpoint.link(response.headers_mut());
    response
}

async fn of_resource() -> Response {
    options("DELETE, PATCH, OPTIONS", (ACCEPT_PATCH, FRAGMENT))
}

impl Endpoint {
    /// Who speaks: the token must be this participant's of this session.
    fn authorize(&self, path: (&str, &str), headers: &HeaderMap) -> Result<(SessionId, ParticipantId), Problem> {
        let given = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).and_then(|v| v.split_once(' '));
        let token = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let owner = token.and_then(|token| self.tokens.owner(token)).ok_or_else(Problem::unauthorized)?;
        if (owner.0.as_str(), owner.1.as_str()) == path {
            Ok(owner)
        } else {
            Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "the token is another participant's"))
        }
    }

    fn link(&self, headers: &mut HeaderMap) {
        for link in self.config.ice_links.iter().filter_map(|l| HeaderValue::from_str(l).ok()) {
            headers.append(header::LINK, link);
        }
    }

    /// The node's URL as the peer sees it.
    fn base(&self, request: &Request) -> String {
        if let Some(url) = &self.config.public_url {
            return url.trim_end_matches('/').to_owned();
        }
        let text = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
        let scheme = text("x-forwarded-proto").and_then(|v| v.split(',').next()).map_or("http", str::trim);
        let host = text("host").or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str)).unwrap_or("localhost");
        format!("{}://{host}", if scheme == "https" { "https" } else { "http" })
    }
}

fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

async fn text_of(body: Body) -> Result<String, Problem> {
    let bytes = to_bytes(body, LONGEST_BODY)
        .await
        .map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", format!("a body may have {LONGEST_BODY} bytes")))?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "not_text", "the body is not UTF-8"))
}

async fn publish(
    State(endpoint): State<Endpoint>,
    Path((session, participant)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let (session, participant) = endpoint.authorize((&session, &participant), request.headers())?;
    if !has_type(request.headers(), SDP) {
        return Err(Problem::media_type(SDP));
    }
    let base = endpoint.base(&request);
    let offer = text_of(request.into_body()).await?;
    if !offer.starts_with("v=0") {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "not_sdp", "the body is no session description"));
    }
    let ufrag = fragment::ufrag(&offer).unwrap_or_default().to_owned();
    let answer = endpoint.switchboard.open_webrtc(&session, &participant, offer).await?;
    let name = endpoint.names.name(&session, &participant, &answer.peer);
    let headers = [
        (header::LOCATION, format!("{base}/whip/{session}/{participant}/{name}")),
        (header::ETAG, endpoint.names.etag(&answer.peer, &ufrag)),
        (header::CONTENT_TYPE, SDP.to_owned()),
        (ACCEPT_PATCH, FRAGMENT.to_owned()),
    ];
    let mut response = (StatusCode::CREATED, headers, answer.sdp).into_response();
    endpoint.link(response.headers_mut());
    Ok(response)
}

impl Endpoint {
    fn resource(&self, path: &(String, String, String), headers: &HeaderMap) -> Result<PeerId, Problem> {
        let (session, participant) = self.authorize((&path.0, &path.1), headers)?;
        self.names.peer(&session, &participant, &path.2).ok_or_else(Problem::not_found)
    }
}

/// RFC 9725 §4.3.2. An ICE restart (§4.3.3) is refused by 422, as it says for a session that trickles only: a client that lost its way publishes
/// anew, and the same recording goes on.
async fn trickle(
    State(endpoint): State<Endpoint>,
    Path(path): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let peer = endpoint.resource(&path, request.headers())?;
    if !has_type(request.headers(), FRAGMENT) {
        return Err(Problem::media_type(FRAGMENT));
    }
    let restart = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_ice_restart", "publish anew instead of restarting ICE");
    let given = request.headers().get(header::IF_MATCH).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let given = given.ok_or_else(|| Problem::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", "If-Match is needed"))?;
    // The RFC's grammar says `*`; its drafts' examples, and clients after them, write it in quotes.
    if matches!(given.trim(), "*" | "\"*\"") {
        return Err(restart());
    }
    let ours = given.split(',').map(str::trim).find(|tag| endpoint.names.is_of(&peer, tag)).map(str::to_owned);
    let ours = ours.ok_or_else(|| Problem::new(StatusCode::PRECONDITION_FAILED, "etag_mismatch", "that is not this session's ETag"))?;
    let fragment = fragment::read(&text_of(request.into_body()).await?);
    if fragment.ufrag.is_some_and(|ufrag| endpoint.names.etag(&peer, &ufrag) != ours) {
        return Err(restart());
    }
    endpoint.switchboard.trickle(&peer, fragment.candidates).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn end(
    State(endpoint): State<Endpoint>,
    Path(path): Path<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let peer = endpoint.resource(&path, &headers)?;
    endpoint.switchboard.close_webrtc(&peer).await?;
    Ok(StatusCode::OK.into_response())
}
