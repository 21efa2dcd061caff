//! What a request says, as values: whatever is wrong with it is a problem, never plain text.

use super::refusal::Refusal;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use windlass_model::{JobId, Kind, Problem};

/// A request's body, read as JSON.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.map_err(|error: BytesRejection| unreadable(&error.body_text()))?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| unreadable(&error.to_string()))
    }
}

/// What stands after a path's question mark.
pub(super) struct Choices<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Choices<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let read = Query::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value)).map_err(|error| unreadable(&error.body_text()))
    }
}

/// A job's number from a path.
pub(super) fn job_id(text: &str) -> Result<JobId, Refusal> {
    text.parse().map(JobId).map_err(|_| unreadable(&format!("`{text}` is not a job's number")))
}

fn unreadable(reason: &str) -> Refusal {
    let problem = Problem::new(Kind::Usage, "request-invalid", "the request cannot be read");
    problem.cause(reason).into()
}
