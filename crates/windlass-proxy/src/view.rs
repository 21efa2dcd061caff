//! One worker's view of a routing table: rules that lead to connections.

use crate::router::Router;
use crate::rules::host_of;
use crate::shared::Published;
use crate::upstream::Upstream;
use crate::{Hosts, PoolOptions, Target};
use http::{HeaderMap, Uri};
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The table of one epoch, with this worker's connections.
#[derive(Default)]
pub(crate) struct View {
    pub(crate) epoch: u64,
    router: Router<Rc<PoolView>>,
}

/// One pool.
pub(crate) struct PoolView {
    pub(crate) options: PoolOptions,
    upstreams: Vec<Rc<Upstream>>,
    standby: Vec<Rc<Upstream>>,
    /// Where the next search among equals begins.
    cursor: Cell<usize>,
}

impl View {
    /// Builds the view; `known` are the worker's upstreams, to which new ones are added.
    pub(crate) fn build(epoch: u64, published: &Published, known: &mut Vec<Rc<Upstream>>) -> Self {
        for upstream in known.iter() {
            upstream.limit(None);
        }
        let mut pools = HashMap::new();
        for pool in &published.table.pools {
            let mut upstream_of = |target: &Target| {
                let state = published.target(&target.id)?;
                let found = known.iter().find(|upstream| Arc::ptr_eq(&upstream.state, state));
                let upstream = found.cloned().unwrap_or_else(|| {
                    let fresh = Rc::new(Upstream::new(state.clone()));
                    known.push(fresh.clone());
                    fresh
                });
                upstream.limit(Some(&pool.options));
                Some(upstream)
            };
            let view = PoolView {
                upstreams: pool.targets.iter().filter_map(&mut upstream_of).collect(),
                standby: pool.standby.iter().filter_map(&mut upstream_of).collect(),
                options: pool.options.clone(),
                cursor: Cell::new(0),
            };
            pools.insert(pool.id.as_str(), Rc::new(view));
        }
        let mut router = Router::default();
        for route in &published.table.routes {
            // A table is checked before it is published: every pool is there.
            let Some(pool) = pools.get(route.pool.as_str()) else { continue };
            match &route.hosts {
                Hosts::Any => router.add(None, &route.path_prefix, pool.clone()),
                Hosts::Names(names) => {
                    for name in names {
                        router.add(Some(name), &route.path_prefix, pool.clone());
                    }
                }
            }
        }
        Self { epoch, router }
    }

    /// The pool for a request whose head has passed the rules.
    pub(crate) fn pool(&self, headers: &HeaderMap, uri: &Uri) -> Option<&Rc<PoolView>> {
        self.router.find(host_of(headers), uri.path())
    }
}

impl PoolView {
    /// Whether another release stands by for what this one fails to answer.
    pub(crate) fn has_standby(&self) -> bool {
        !self.standby.is_empty()
    }

    /// The least busy of the targets not yet tried, in turn among equals; those that stand by
    /// once every target was tried.
    pub(crate) fn pick(&self, tried: &[Rc<Upstream>]) -> Option<Rc<Upstream>> {
        let count = self.upstreams.len();
        let from = self.cursor.get();
        let in_turn = (0..count).map(|step| (from + step) % count);
        let fresh = in_turn
            .filter(|&at| !tried.iter().any(|upstream| Rc::ptr_eq(upstream, &self.upstreams[at])));
        let Some(at) = fresh.min_by_key(|&at| self.upstreams[at].state.load()) else {
            let untried = |one: &&Rc<Upstream>| !tried.iter().any(|done| Rc::ptr_eq(done, one));
            return self.standby.iter().filter(untried).min_by_key(|one| one.state.load()).cloned();
        };
        self.cursor.set((at + 1) % count);
        Some(self.upstreams[at].clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Address;
    use crate::target_state::TargetState;
    use std::sync::atomic::Ordering;

    #[test]
    fn the_least_busy_is_picked_and_equals_take_turns() {
        let upstream = |id: &str| {
            let address = Address::Unix(format!("/{id}").into());
            Rc::new(Upstream::new(Arc::new(TargetState::new(id.into(), address))))
        };
        let upstreams = vec![upstream("a"), upstream("b"), upstream("c")];
        let options = PoolOptions::default();
        let standby = vec![upstream("s")];
        let cursor = Cell::new(0);
        let pool = PoolView { upstreams: upstreams.clone(), standby, options, cursor };
        let picks = |tried: &[Rc<Upstream>], times| {
            let names = (0..times).filter_map(|_| pool.pick(tried).map(|u| u.state.id.clone()));
            names.collect::<String>()
        };
        assert_eq!(picks(&[], 6), "abcabc");
        upstreams[0].state.in_flight.store(2, Ordering::Relaxed);
        upstreams[1].state.long_lived.store(1, Ordering::Relaxed);
        assert_eq!(picks(&[], 2), "cc");
        assert_eq!(picks(&upstreams[2..], 2), "bb");
        assert_eq!(picks(&upstreams, 1), "s");
        let all = [&upstreams[..], &pool.standby[..]].concat();
        assert_eq!(picks(&all, 1), "");
    }
}
