//! Answers of newline-delimited JSON that go on for as long as there is something to say.

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use futures_util::Stream;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;

/// After this long without a record an empty line says that the server is still there.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The answer that sends what `lines` gives.
pub(super) fn answer(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let lines = futures_util::StreamExt::map(lines, Ok::<_, Infallible>);
    ([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response()
}

/// Values, a line each.
pub(super) fn lines<T: Serialize>(values: &[T]) -> Bytes {
    let mut text = Vec::new();
    for value in values {
        // Values of ours always have a JSON form; one that had none would be left out whole.
        if let Ok(line) = serde_json::to_vec(value) {
            text.extend_from_slice(&line);
            text.push(b'\n');
        }
    }
    text.into()
}

/// The empty line that keeps a connection open.
pub(super) fn keep_alive() -> Bytes {
    Bytes::from_static(b"\n")
}
