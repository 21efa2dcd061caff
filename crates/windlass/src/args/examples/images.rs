//! Examples of the verbs below `image`.

use super::Row;

pub(super) const TABLE: &[Row] = &[
    ("image ls", &[("windlass image ls", "what is there, how large, and which release uses it")]),
    (
        "image inspect",
        &[
            ("windlass image inspect shop", "its command, settings and layers"),
            ("windlass image inspect 3fa1b2c4d5e6 --json", "by the beginning of its digest"),
        ],
    ),
    (
        "image export",
        &[
            ("windlass image export shop shop.tar", "for docker load, podman load or skopeo"),
            ("windlass image export shop - | ssh host.example.org podman load", "without a file"),
        ],
    ),
    (
        "image load",
        &[
            ("windlass image load shop.tar", "what docker save and podman save wrote, too"),
            ("windlass image load -", "from standard input"),
        ],
    ),
    (
        "image rm",
        &[
            ("windlass image rm shop:1.3 shop:1.2", "names; releases keep their images"),
            ("windlass image rm 3fa1b2c4d5e6", "all names of one image"),
        ],
    ),
    (
        "image prune",
        &[
            ("windlass image prune --dry-run", "what would be freed"),
            ("windlass image prune --keep 3", "three releases of each app can be gone back to"),
        ],
    ),
    (
        "image sbom",
        &[
            ("windlass image sbom shop", "SPDX, on standard output"),
            ("windlass image sbom shop --format cyclonedx -o shop.cdx.json", "CycloneDX, a file"),
            ("windlass image sbom shop --attach -q -o shop.spdx.json", "a push takes it along"),
        ],
    ),
    (
        "image generate-key",
        &[
            ("windlass image generate-key", "windlass.key signs, windlass.pub verifies"),
            ("windlass image generate-key release --password-file secret.txt", "encrypted"),
        ],
    ),
    (
        "image sign",
        &[
            ("windlass image sign shop --key windlass.key", "then push: the signature goes along"),
            (
                "windlass image sign shop --key cosign.key --reference registry.example.org/team/shop",
                "a key of cosign's, and the name to be signed",
            ),
        ],
    ),
    (
        "image verify",
        &[("windlass image verify shop --key windlass.pub", "exit code 1 unless it is signed")],
    ),
    (
        "image scan",
        &[
            ("windlass image scan shop --advisories pypi.zip", "offline, from OSV's archive"),
            (
                "windlass image scan shop --advisories debian.json --severity high",
                "exit code 4 if something high or critical is found",
            ),
            ("windlass image scan shop --json", "what [tool.windlass.scan] names, for a pipeline"),
        ],
    ),
];
