//! Addresses of hosts, asked for once by each agent.
//!
//! Eight connections that begin at once to one host must not be eight questions: where a name
//! server answers only a part of such a burst, each answer that is lost costs the C library's five
//! seconds. What was found is kept for as long as the agent, which is one build; what was not
//! found is asked for again. Names below `localhost` are this machine and are asked of nobody: the C
//! library may know no such name (RFC 6761, section 6.3).

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The addresses of one host; empty until they are known. Whoever holds the lock asks.
type Host = Arc<Mutex<Vec<SocketAddr>>>;

/// A resolver that asks the system's, once for each host.
#[derive(Debug, Default)]
pub(super) struct KnownNames<R = DefaultResolver> {
    system: R,
    hosts: Mutex<HashMap<String, Host>>,
}

impl<R: Resolver> Resolver for KnownNames<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let scheme = uri.scheme_str().unwrap_or_default();
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = {
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(hosts.entry(format!("{scheme}://{authority}")).or_default())
        };
        let mut known = host.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() && uri.host().is_some_and(|host| host.ends_with(".localhost")) {
            let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
            known.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        }
        if known.is_empty() {
            known.extend(self.system.resolve(uri, config, timeout)?.iter());
        }
        let mut addresses = self.empty();
        known.iter().for_each(|address| addresses.push(*address));
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use ureq::config::Config;

    /// Fails the first time it is asked, and counts.
    #[derive(Debug, Default)]
    struct Counting(AtomicUsize);

    impl Resolver for Counting {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            if self.0.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(ureq::Error::HostNotFound);
            }
            let mut addresses = self.empty();
            addresses.push(SocketAddr::from(([127, 0, 0, 1], 80)));
            Ok(addresses)
        }
    }

    #[test]
    fn names_below_localhost_are_this_machine() {
        let names: KnownNames<Counting> = KnownNames::default();
        let config = ureq::Agent::config_builder().build();
        let uri: Uri = "http://shop.localhost:8080/v2/".parse().expect("a URL");
        let found = names.resolve(&uri, &config, NextTimeout::default()).expect("known");
        assert_eq!(found[..], [SocketAddr::from(([127, 0, 0, 1], 8080))]);
        assert_eq!(names.system.0.load(Ordering::SeqCst), 0, "nobody was asked");
    }

    #[test]
    fn a_host_that_was_found_is_not_asked_for_again() {
        let names: KnownNames<Counting> = KnownNames::default();
        let config = ureq::Agent::config_builder().build();
        let uri: Uri = "http://mirror.example/debian".parse().expect("a URL");
        assert!(names.resolve(&uri, &config, NextTimeout::default()).is_err());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let found =
                        names.resolve(&uri, &config, NextTimeout::default()).expect("found");
                    assert_eq!(found.len(), 1);
                });
            }
        });
        assert_eq!(names.system.0.load(Ordering::SeqCst), 2);
    }
}
