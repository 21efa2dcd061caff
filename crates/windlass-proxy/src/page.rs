//! The edge's own answers: a small page or a small JSON object, never a path or an address.

use crate::fault::Fault;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

/// The answer for a fault. `accept` are the request's `Accept` headers; the request id is there
/// so that whoever reports the page can be found in the log.
pub(crate) fn answer(fault: Fault, accepts_html: bool, request_id: &str) -> Response<Bytes> {
    let status = fault.status();
    let body = if accepts_html {
        html(status, fault, request_id)
    } else {
        json(status, fault, request_id)
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let kind = if accepts_html { "text/html; charset=utf-8" } else { "application/json" };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if fault.closes() {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if fault == Fault::Method {
        let allow = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        headers.insert(header::ALLOW, allow);
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// Whether a client that sent these headers would rather read HTML than JSON.
pub(crate) fn accepts_html(headers: &HeaderMap) -> bool {
    let mut any = false;
    for value in headers.get_all(header::ACCEPT) {
        let text = value.to_str().unwrap_or("");
        if text.contains("text/html") || text.contains("application/xhtml") {
            return true;
        }
        any |= text.contains("json");
    }
    !any
}

fn html(status: StatusCode, fault: Fault, request_id: &str) -> String {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or(""));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto;\
         padding:0 1rem;color:#222;background:#fff}}small{{color:#666}}\
         @media(prefers-color-scheme:dark){{body{{color:#ddd;background:#181818}}}}</style>\n\
         <h1>{title}</h1>\n<p>{}</p>\n<small>{} &middot; request {request_id}</small>\n</html>\n",
        fault.sentence(),
        fault.code(),
    )
}

fn json(status: StatusCode, fault: Fault, request_id: &str) -> String {
    // Every part is plain text without quotes or backslashes: ids are checked, the rest is ours.
    format!(
        "{{\"status\":{},\"code\":\"{}\",\"message\":\"{}\",\"request_id\":\"{request_id}\"}}\n",
        status.as_u16(),
        fault.code(),
        fault.sentence(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_follows_what_the_client_accepts() {
        for (accept, is_html) in [
            (None, true),
            (Some("*/*"), true),
            (Some("text/html,application/json;q=0.5"), true),
            (Some("application/json"), false),
            (Some("application/problem+json, */*"), false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(accepts_html(&headers), is_html, "{accept:?}");
        }
        let body = answer(Fault::NoRoute, false, "abc").into_body();
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["code"], "no-route");
        assert_eq!(value["request_id"], "abc");
    }
}
