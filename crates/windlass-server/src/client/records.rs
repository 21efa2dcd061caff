//! A stream of newline-delimited JSON values (NDJSON).

use super::transport::decode;
use super::{Client, ClientError};
use bytes::BytesMut;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// Values as the server sends them. Dropping it ends the request.
#[derive(Debug)]
pub struct Records<T> {
    client: Client,
    request: String,
    body: Incoming,
    unread: BytesMut,
    ended: bool,
    values: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Records<T> {
    pub(super) fn new(client: Client, request: String, body: Incoming) -> Self {
        let unread = BytesMut::new();
        Self { client, request, body, unread, ended: false, values: PhantomData }
    }

    /// The next value; `None` after the last. Safe to drop while it waits.
    pub async fn next(&mut self) -> Result<Option<T>, ClientError> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line = self.unread.split_to(end + 1);
                // An empty line only says that the server is still there.
                if end > 0 {
                    return decode(self.request.clone(), &line[..end]).map(Some);
                }
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.unread.extend_from_slice(&data);
                    }
                }
                Some(Err(source)) => return Err(self.client.broken(source)),
                None => self.ended = true,
            }
        }
    }
}
