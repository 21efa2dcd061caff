//! Connections that have become something else than HTTP: bytes both ways until one side ends.

use crate::lease::Claim;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

/// Joins the two sides once both have switched. The claim counts as long-lived until the end.
pub(crate) fn open(client: OnUpgrade, app: OnUpgrade, mut claim: Claim) {
    claim.promote();
    let upstream = claim.upstream.clone();
    upstream.spawn(async move {
        let _claim = claim;
        let (Ok(client), Ok(app)) = (client.await, app.await) else { return };
        let (mut client, mut app) = (TokioIo::new(client), TokioIo::new(app));
        // Either side's end, orderly or not, is the end of the tunnel; there is nobody to tell.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut app).await;
    });
}
