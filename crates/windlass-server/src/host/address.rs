//! Where each replica listens.

use super::{HostBackEnd, back_end, in_store};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use windlass_model::rollout::StepFailure;
use windlass_model::{AppName, ContainerId, Problem, Serves};
use windlass_proxy::Address;

/// How many ports are tried before giving up; each try fails only in a race.
const TRIES: u32 = 50;

impl HostBackEnd {
    /// Where the edge and probes reach a replica; `None` when it takes no requests.
    pub(super) async fn target_address(
        &self,
        app: &AppName,
        id: &ContainerId,
        serves: Serves,
    ) -> Result<Option<Address>, StepFailure> {
        Ok(match serves {
            Serves::Socket => {
                let name = Serves::SOCKET_PATH.rsplit('/').next().unwrap_or("web.sock");
                Some(Address::Unix(self.engine.socket_dir(id).join(name)))
            }
            Serves::Port => Some(Address::Tcp(self.address_of(app, id).await?)),
            Serves::Nothing => None,
        })
    }

    /// The loopback address of a replica: found once, remembered as long as the replica lives.
    ///
    /// The port is free on every address of the host, not only on this one, since many servers
    /// take `PORT` and ignore `HOST`.
    pub(super) async fn address_of(
        &self,
        app: &AppName,
        id: &ContainerId,
    ) -> Result<SocketAddr, StepFailure> {
        if let Some(address) = self.store.address(id).map_err(|error| in_store(&error))? {
            return Ok(address);
        }
        for _ in 0..TRIES {
            let address = free_address().map_err(|error| {
                let problem = Problem::environment("no-free-port", "no free port was found");
                back_end(problem.cause(error.to_string()))
            })?;
            let claimed = self.store.claim_address(app.clone(), id.clone(), address).await;
            if let Some(address) = claimed.map_err(|error| in_store(&error))? {
                return Ok(address);
            }
        }
        Err(back_end(Problem::environment("no-free-port", "no free port was found")))
    }
}

/// A port that is free now, on a loopback address that only it has: `127.64.0.0/10` and the port.
fn free_address() -> std::io::Result<SocketAddr> {
    let port = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port();
    let [high, low] = port.to_be_bytes();
    // Neither a network's first nor its last address, which some servers refuse.
    let ip = Ipv4Addr::new(127, 64 + (high >> 7), high & 0x7f, low.clamp(1, 254));
    Ok(SocketAddr::new(IpAddr::V4(ip), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_can_be_bound_and_is_a_loopback_one() {
        let address = free_address().expect("a port is free");
        assert!(address.ip().is_loopback(), "{address}");
        TcpListener::bind(address).expect("it is free");
    }
}
