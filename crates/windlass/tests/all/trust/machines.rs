//! An image for several machines: what is said is said of the right one.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use windlass_model::Machine;
use windlass_testkit::World;

/// Bills, findings and signatures of an image for both machines.
pub(crate) fn each_machine_is_told_and_signed(world: &World, image: &str) {
    let flaw = json!({
        "id": "D-1",
        "affected": [{
            "package": {"ecosystem": "Debian", "name": "glibc"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}],
        }],
    });
    fs::write(world.home().join("flaw.json"), flaw.to_string()).expect("ours");
    for machine in Machine::ALL {
        let platform = machine.to_string();
        let words = ["image", "sbom", image, "--format", "cyclonedx", "--platform", &platform];
        let bill = world.run(&words).expect_code(0).json();
        assert_eq!(architectures(&bill), [machine.debian().to_owned()].into(), "{platform}");
        let words = ["image", "scan", image, "--advisories", "flaw.json", "--platform", &platform];
        world.run(&words).expect_code(4);
    }
    let none = ["image", "sbom", image, "--platform", "linux/riscv64"];
    let none = world.run(&none).expect_code(1);
    assert!(none.stderr.contains("linux/amd64, linux/arm64"), "{none}");

    world.run(&["image", "generate-key", "both"]).expect_code(0);
    let sign = ["image", "sign", image, "--key", "both.key", "--json"];
    let signed = world.run(&sign).expect_code(0).json();
    assert_eq!(signed["signed"].as_array().map(Vec::len), Some(3), "{signed}");
    world.run(&["image", "verify", image, "--key", "both.pub"]).expect_code(0);
}

/// The architectures of Debian's packages, but for those that are for all.
fn architectures(bill: &Value) -> BTreeSet<String> {
    let components = bill["components"].as_array().expect("components").iter();
    let purls = components.filter_map(|it| it["purl"].as_str());
    let words = purls.filter_map(|purl| purl.split_once("arch=")?.1.split('&').next());
    words.filter(|word| *word != "all").map(str::to_owned).collect()
}

/// Whoever has but one of the images has its signature, too.
pub(crate) fn one_of_them_is_verified(
    maker: &World,
    taker: &World,
    (name, machine): (&str, Machine),
) {
    let pull = ["pull", name, "--platform", &machine.to_string(), "--attached"];
    taker.run(&pull).expect_code(0);
    let key = maker.home().join("both.pub").to_string_lossy().into_owned();
    let verified = taker.run(&["image", "verify", name, "--key", &key]).expect_code(0);
    assert!(verified.stdout.contains("slsa.dev/provenance"), "{verified}");
}
