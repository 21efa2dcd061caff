//! The claim and drain protocol: no request is sent to a target after its drain has returned.
//!
//! A worker reads the epoch, then the table; for a request it claims a target: counts itself in,
//! fences, and reads the epoch again. If it changed, the claim is undone and the new table read.
//! A publisher stores the new table, advances the epoch, fences, and only then looks at counts.
//! With both fences, either the worker sees the new epoch or the publisher sees the claim; without
//! the second look at the epoch, or without the fences, a claim can slip through after the count
//! was seen at zero. The test below has loom walk all interleavings, and shows that each of the
//! two is needed. loom treats `SeqCst` accesses as acquire and release, so the fences are explicit.

use std::sync::atomic::{AtomicU64, Ordering, fence};

/// An atomic number: the machine's own, or loom's in the proof.
pub(crate) trait Word {
    /// What it holds, with acquire ordering.
    fn get(&self) -> u64;
    /// One more, with release ordering.
    fn increase(&self);
    /// One less, with release ordering.
    fn decrease(&self);
    /// A sequentially consistent fence.
    fn fence();
}

impl Word for AtomicU64 {
    fn get(&self) -> u64 {
        self.load(Ordering::Acquire)
    }

    fn increase(&self) {
        self.fetch_add(1, Ordering::Release);
    }

    fn decrease(&self) {
        self.fetch_sub(1, Ordering::Release);
    }

    fn fence() {
        fence(Ordering::SeqCst);
    }
}

/// Counts the caller in, unless a newer table than the one of epoch `seen` is published.
///
/// On `true` the caller owns one of `in_flight` and gives it back with [`Word::decrease`].
pub(crate) fn claim<W: Word>(epoch: &W, seen: u64, in_flight: &W) -> bool {
    in_flight.increase();
    W::fence();
    if epoch.get() == seen {
        return true;
    }
    in_flight.decrease();
    false
}

/// Makes the table that was just stored the current one. Counts read after this are complete:
/// they hold every request that could still reach a target which the new table lacks.
pub(crate) fn publish<W: Word>(epoch: &W) {
    epoch.increase();
    W::fence();
}

#[cfg(test)]
mod tests {
    use super::*;
    use loom::sync::{Arc, Mutex};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    impl Word for loom::sync::atomic::AtomicU64 {
        fn get(&self) -> u64 {
            self.load(Ordering::Acquire)
        }

        fn increase(&self) {
            self.fetch_add(1, Ordering::Release);
        }

        fn decrease(&self) {
            self.fetch_sub(1, Ordering::Release);
        }

        fn fence() {
            loom::sync::atomic::fence(Ordering::SeqCst);
        }
    }

    type LoomWord = loom::sync::atomic::AtomicU64;
    type Claim = fn(&LoomWord, u64, &LoomWord) -> bool;
    type Publish = fn(&LoomWord);

    struct World {
        epoch: LoomWord,
        table: Mutex<usize>,
        in_flight: [LoomWord; 2],
        stopped: [loom::sync::atomic::AtomicBool; 2],
    }

    fn request(world: &World, claim: Claim) {
        loop {
            let seen = world.epoch.get();
            let target = *world.table.lock().unwrap();
            if claim(&world.epoch, seen, &world.in_flight[target]) {
                let stopped = world.stopped[target].load(Ordering::Relaxed);
                assert!(!stopped, "request sent to a stopped target");
                world.in_flight[target].decrease();
                return;
            }
        }
    }

    fn replace(world: &World, publish: Publish) {
        *world.table.lock().unwrap() = 1;
        publish(&world.epoch);
        while world.in_flight[0].get() != 0 {
            loom::thread::yield_now();
        }
        world.stopped[0].store(true, Ordering::Relaxed);
    }

    /// Two requests against one replacement of target 0 by target 1.
    fn walk(claim: Claim, publish: Publish) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(move || {
            let world = Arc::new(World {
                epoch: LoomWord::new(1),
                table: Mutex::new(0),
                in_flight: [LoomWord::new(0), LoomWord::new(0)],
                stopped: std::array::from_fn(|_| loom::sync::atomic::AtomicBool::new(false)),
            });
            let requests: Vec<_> = (0..2)
                .map(|_| {
                    let world = world.clone();
                    loom::thread::spawn(move || request(&world, claim))
                })
                .collect();
            replace(&world, publish);
            for request in requests {
                request.join().unwrap();
            }
        });
    }

    fn finds_a_lost_request(claim: Claim, publish: Publish) -> bool {
        let outcome = catch_unwind(AssertUnwindSafe(|| walk(claim, publish)));
        let Err(panic) = outcome else { return false };
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
        text.contains("stopped target")
    }

    #[test]
    fn no_request_reaches_a_drained_target() {
        walk(claim::<LoomWord>, publish::<LoomWord>);
    }

    #[test]
    fn without_the_second_look_one_does() {
        fn unchecked(_: &LoomWord, _: u64, in_flight: &LoomWord) -> bool {
            in_flight.increase();
            LoomWord::fence();
            true
        }
        assert!(finds_a_lost_request(unchecked, publish::<LoomWord>));
    }

    #[test]
    fn without_the_fences_one_does() {
        fn unfenced(epoch: &LoomWord, seen: u64, in_flight: &LoomWord) -> bool {
            in_flight.increase();
            if epoch.get() == seen {
                return true;
            }
            in_flight.decrease();
            false
        }
        assert!(finds_a_lost_request(unfenced, LoomWord::increase));
    }
}
