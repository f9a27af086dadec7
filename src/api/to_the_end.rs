//! What somebody asked to be done is done to its end, whether or not they wait for the answer: a browser that is closed on the click that ends a room must
//! not leave the room half ended.

use axum::extract::Request;
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::problem::Problem;

/// Answers what changes anything from a task of its own, which goes on where the connection breaks. Reading stops with whoever reads.
pub async fn to_the_end(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    tokio::spawn(next.run(request)).await.unwrap_or_else(|error| Problem::internal(&error).into_response())
}
