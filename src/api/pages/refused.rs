//! Refusals as pages: whoever looks with a browser gets the reason in words, in the frame of the other pages. Programs get the problem as it is.

use askama::Template;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::shell::{Shell, page};
use crate::api::auth::{Caller, SignedIn};
use crate::api::problem::Problem;

/// Paths that are for programs, whatever they say they accept.
const FOR_PROGRAMS: [&str; 5] = ["/v1/", "/metrics", "/openapi.json", "/healthz", "/readyz"];

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage {
    shell: Shell,
    text: &'static str,
    /// What and where, where the text alone does not say it.
    detail: Option<String>,
}

/// Whether a request is a browser's that opens a page or sends a form, as against a program's or a script's.
pub fn wants_page(request: &Request) -> bool {
    let path = request.uri().path();
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    path == "/" || accept.contains("text/html") && !FOR_PROGRAMS.iter().any(|beginning| path.starts_with(beginning))
}

/// A refusal in words: what it means and what to do. What the node says of it besides is shown where this leaves something open.
fn words(problem: &Problem) -> (&'static str, bool) {
    match (problem.status, problem.reason.as_ref()) {
        (403, "csrf" | "cross_origin") => ("error-form", false),
        (403, "reason_needed") => ("error-reason", false),
        (403, _) => ("error-forbidden", true),
        (404, _) => ("error-not-found", false),
        (405, _) => ("error-method", false),
        (409, "legal_hold") => ("error-held", false),
        (409, _) => ("error-conflict", true),
        (412, _) => ("error-changed", false),
        (413, _) => ("error-too-large", true),
        (429, _) => ("error-too-many", false),
        (503, _) => ("error-unavailable", true),
        (400..500, _) => ("error-not-understood", true),
        _ => ("error-internal", false),
    }
}

/// The answer with a page in the place of its body; its status and headers stay.
fn as_page(shell: Shell, problem: &Problem, answer: Response) -> Response {
    let (text, open) = words(problem);
    let detail = Some(problem.detail.clone()).filter(|detail| open && !detail.is_empty());
    let (mut parts, _) = answer.into_parts();
    let (shown, body) = page(parts.status, &ProblemPage { shell, text, detail }).into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.extend(shown.headers);
    Response::from_parts(parts, body)
}

/// A problem as a page.
pub fn problem_page(who: &impl SignedIn, problem: &Problem) -> Response {
    as_page(Shell::of(who, ""), problem, problem.clone().into_response())
}

/// What was refused, in words, where it does not stand in a page already.
pub fn in_words(answer: Response, caller: Option<&Caller>) -> Response {
    let is_page = answer.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_page || !(answer.status().is_client_error() || answer.status().is_server_error()) {
        return answer;
    }
    // What no handler refused (a query that does not read, a body that is too large) has a status alone.
    let problem = answer.extensions().get::<Problem>().cloned().unwrap_or_else(|| Problem::new(answer.status(), "refused", ""));
    as_page(Shell::for_caller(caller), &problem, answer)
}

/// Refusals of pages that ask nobody who they are, and of the gate itself.
pub async fn refusals_as_pages(request: Request, next: Next) -> Response {
    let looks = wants_page(&request);
    let answer = next.run(request).await;
    if looks { in_words(answer, None) } else { answer }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{HeaderValue, StatusCode};

    use super::*;
    use crate::api::pages::words::Words;

    fn asked(path: &str, accept: &'static str) -> bool {
        let request = Request::builder().uri(path).header(header::ACCEPT, HeaderValue::from_static(accept));
        wants_page(&request.body(Body::empty()).unwrap())
    }

    #[test]
    fn a_browser_that_navigates_gets_pages_and_nobody_else_does() {
        let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        assert!(asked("/settings/people", browser) && asked("/", "*/*"));
        assert!(!asked("/settings/people", "*/*") && !asked("/v1/users", browser) && !asked("/metrics", browser));
    }

    #[test]
    fn every_refusal_has_words() {
        for status in 400..600 {
            let Ok(status) = StatusCode::from_u16(status) else { continue };
            let (text, _) = words(&Problem::new(status, "x", "y"));
            assert!(!Words::english().t(text).starts_with('⟨'), "{text}");
        }
        for reason in ["csrf", "cross_origin", "reason_needed", "not_permitted"] {
            let (text, _) = words(&Problem::forbidden(reason, "y"));
            assert!(!Words::english().t(text).starts_with('⟨'), "{text}");
        }
        assert!(!Words::english().t(words(&Problem::conflict("legal_hold", "")).0).starts_with('⟨'));
    }
}
