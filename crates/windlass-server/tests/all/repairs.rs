//! What the reconciler does when nobody dies.

use crate::stage::{Stage, deploy};
use windlass_server::back_end::ContainerState;

#[test]
fn a_stray_that_does_not_end_keeps_nobody_from_being_repaired() {
    let stage = Stage::new();
    stage.run(deploy());
    let lost = stage.current().into_iter().find(|r| r.process.is_web()).expect("web").container();
    let stray: windlass_model::ContainerId = "shop-r1-web-9-i9".parse().expect("valid");
    {
        let mut world = stage.world();
        // Named to come before and after every other.
        for unstoppable in ["aaa-r1-web-1-i9", "shop-r1-zzz-1-i9"] {
            let unstoppable: windlass_model::ContainerId = unstoppable.parse().expect("valid");
            world.script.unstoppable.insert(unstoppable.clone());
            world.containers.insert(unstoppable, ContainerState::Running);
        }
        world.containers.insert(stray.clone(), ContainerState::Running);
        world.containers.remove(&lost);
    }
    stage.reconcile_until(|world| {
        world.containers.contains_key(&lost) && !world.containers.contains_key(&stray)
    });
}
