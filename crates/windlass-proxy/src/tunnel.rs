//! Connections that have become something else than HTTP: bytes both ways until one side ends.

use crate::lease::Claim;
use crate::upstream::Kind;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::time::timeout;

/// Joins the two sides once both have switched. The claim, promoted already, counts until the end:
/// once one side has ended, the other has `farewell` for its last words.
pub(crate) fn open(client: OnUpgrade, app: OnUpgrade, claim: Claim, farewell: Duration) {
    let upstream = claim.upstream.clone();
    upstream.spawn(Kind::LongLived, async move {
        let _claim = claim;
        let (Ok(client), Ok(app)) = (client.await, app.await) else { return };
        let (from_client, to_client) = split(TokioIo::new(client));
        let (from_app, to_app) = split(TokioIo::new(app));
        let mut up = pin!(pass(from_client, to_app));
        let mut down = pin!(pass(from_app, to_client));
        // Whether the other side is done in time or not, this was the tunnel.
        let _ = tokio::select! {
            () = &mut up => timeout(farewell, down).await,
            () = &mut down => timeout(farewell, up).await,
        };
    });
}

/// One direction, until its source or its destination ends, orderly or not: there is nobody to
/// tell. The destination learns of the end.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let _ = copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}
