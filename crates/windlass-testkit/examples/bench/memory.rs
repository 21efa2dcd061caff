//! Memory of the server, its builders, the edge and a shim: idle, and at the most while deploying
//! under load.

use crate::build::change;
use crate::{Subject, deploy, url_of};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use windlass_testkit::processes::pss_bytes;
use windlass_testkit::world::{address_of, host_of};
use windlass_testkit::{Load, LoadSpec, World};

const ROLES: [&str; 4] = ["server", "builder", "edge", "shim"];

/// Prints proportional set sizes.
pub(super) fn measure(subject: &Subject) {
    let (world, project) = subject.world();
    let stop = AtomicBool::new(false);
    let (mut peak, mut built) = (BTreeMap::new(), BTreeMap::new());
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| sample(&world, &stop));
        let (_, events) = deploy(&world, &project);
        stop.store(true, Ordering::Relaxed);
        built = sampler.join().expect("sampling does not fail");
        stop.store(false, Ordering::Relaxed);

        let url = url_of(&events);
        let load = Load::start(LoadSpec::at(address_of(&url), host_of(&url)));
        let sampler = scope.spawn(|| sample(&world, &stop));
        for _ in 0..3 {
            change(&project);
            deploy(&world, &project);
        }
        load.await_answers(5_000, Duration::from_mins(1));
        stop.store(true, Ordering::Relaxed);
        peak = sampler.join().expect("sampling does not fail");
        println!("{}", load.stop());
    });
    // Connections of the load that just ended are closed by now; caches stay, and count.
    std::thread::sleep(Duration::from_secs(10));
    let idle = now(&world);
    println!(
        "| process | idle MB | most in a first build | most in deploys under 64 connections |"
    );
    println!("|---|---|---|---|");
    let mb = |map: &BTreeMap<&str, u64>, role: &str| {
        map.get(role).map_or_else(|| "-".to_owned(), |b| format!("{:.1}", *b as f64 / 1e6))
    };
    for role in ROLES {
        println!("| {role} | {} | {} | {} |", mb(&idle, role), mb(&built, role), mb(&peak, role));
    }
    let whole: u64 = idle.values().sum();
    println!("| all of them | {:.1} | | |", whole as f64 / 1e6);
}

fn sample(world: &World, stop: &AtomicBool) -> BTreeMap<&'static str, u64> {
    let mut most = BTreeMap::new();
    while !stop.load(Ordering::Relaxed) {
        for (role, bytes) in now(world) {
            let seen = most.entry(role).or_insert(0);
            *seen = bytes.max(*seen);
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    most
}

fn now(world: &World) -> BTreeMap<&'static str, u64> {
    let pss = |role: &'static str| Some((role, pss_bytes(world.pid_of(role)?)?));
    ROLES.into_iter().filter_map(pss).collect()
}
