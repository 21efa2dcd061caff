//! One request over a fresh connection.

use super::{Client, ClientError, Records};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::Method;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use windlass_model::Problem;

/// What is asked of the server.
struct Ask<'a> {
    method: Method,
    path: &'a str,
    body: Bytes,
}

impl Ask<'_> {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Client {
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.call(&Ask { method: Method::GET, path, body: Bytes::new() }).await
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body)
            .map_err(|source| ClientError::Decode { request: format!("POST {path}"), source })?;
        self.call(&Ask { method: Method::POST, path, body: body.into() }).await
    }

    pub(super) async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.call(&Ask { method: Method::DELETE, path, body: Bytes::new() }).await
    }

    pub(super) async fn stream<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Records<T>, ClientError> {
        let ask = Ask { method: Method::GET, path, body: Bytes::new() };
        Ok(Records::new(self.clone(), ask.name(), self.send(&ask).await?))
    }

    async fn call<T: DeserializeOwned>(&self, ask: &Ask<'_>) -> Result<T, ClientError> {
        let body = self.whole(self.send(ask).await?).await?;
        decode(ask.name(), &body)
    }

    /// Sends the request and gives the body of a good answer; a bad one is a refusal.
    async fn send(&self, ask: &Ask<'_>) -> Result<Incoming, ClientError> {
        let stream = UnixStream::connect(self.socket())
            .await
            .map_err(|source| ClientError::NotRunning { socket: self.socket.clone(), source })?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|source| self.broken(source))?;
        // It ends with the answer's last byte, or when the answer is dropped.
        tokio::spawn(connection);
        let request = hyper::Request::builder()
            .method(ask.method.clone())
            .uri(ask.path)
            .header("host", "windlass")
            .header("content-type", "application/json")
            .body(Full::new(ask.body.clone()))
            .map_err(|source| ClientError::Request { request: ask.name(), source })?;
        let answer = sender.send_request(request).await.map_err(|source| self.broken(source))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.into_body());
        }
        let body = self.whole(answer.into_body()).await?;
        let problem: Problem = decode(ask.name(), &body)?;
        Err(ClientError::Refused { status: status.as_u16(), problem: Box::new(problem) })
    }

    async fn whole(&self, body: Incoming) -> Result<Bytes, ClientError> {
        Ok(body.collect().await.map_err(|source| self.broken(source))?.to_bytes())
    }

    pub(super) fn broken(&self, source: hyper::Error) -> ClientError {
        ClientError::Broken { socket: self.socket.clone(), source }
    }
}

pub(super) fn decode<T: DeserializeOwned>(request: String, body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|source| ClientError::Decode { request, source })
}
