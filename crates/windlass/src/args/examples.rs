//! Examples of every verb: the help shows them, the reference too, and a test parses each.

mod images;

/// A verb, and its examples with what each does.
pub(crate) type Row = (&'static str, &'static [(&'static str, &'static str)]);

const TABLE: &[Row] = &[
    (
        "init",
        &[
            ("windlass init", "in a project: add [tool.windlass] with what was inferred"),
            ("windlass init --dry-run", "show the lines first"),
        ],
    ),
    (
        "plan",
        &[
            ("windlass plan", "what would be deployed from here, with the evidence"),
            ("windlass plan ../shop -v", "every step of every phase"),
            ("windlass plan --json | jq .phases", "for a pipeline's gate"),
        ],
    ),
    (
        "build",
        &[
            ("windlass build", "the image of the project in this folder"),
            ("windlass build --tag shop:1.4 --output shop.tar", "for other tools to read"),
            ("windlass build --build-env EDITION=pro", "for the commands under `build`"),
            (
                "windlass build --platform linux/amd64,linux/arm64",
                "for both, wherever this runs: an index that `windlass push` takes along",
            ),
            ("windlass build -q --json | jq -r .image", "the digest, for a pipeline"),
        ],
    ),
    (
        "lock",
        &[
            ("windlass lock", "write windlass.lock, or refresh the project's uv.lock"),
            ("windlass lock --json", "what is locked, and what moved"),
        ],
    ),
    (
        "sync",
        &[
            ("windlass sync", ".venv with the packages of production, development and tests"),
            ("windlass sync --no-dev", "only what production needs"),
            ("windlass sync --group docs", "and what the documentation needs"),
        ],
    ),
    (
        "upgrade",
        &[
            ("windlass upgrade", "everything to its newest version that is allowed"),
            ("windlass upgrade flask jinja2", "these two, and what they need"),
        ],
    ),
    (
        "deploy",
        &[
            ("windlass deploy", "the project in this folder"),
            ("windlass deploy examples/shop", "another folder"),
            ("xdg-open $(windlass deploy -q)", "nothing but the URL on standard output"),
            ("windlass deploy --follow", "come back to a deploy after Ctrl-C"),
        ],
    ),
    (
        "status",
        &[
            ("windlass status", "the app of this folder; all apps elsewhere"),
            ("windlass status --app shop", "one app from anywhere"),
        ],
    ),
    (
        "logs",
        &[
            ("windlass logs", "the last 100 lines of the current release"),
            ("windlass logs -f -n 20 --process web", "follow the web processes"),
            ("windlass logs --release 3", "what an older release printed"),
        ],
    ),
    ("releases", &[("windlass releases", "every release, and which one serves")]),
    (
        "rollback",
        &[
            ("windlass rollback", "to the release before the current one"),
            ("windlass rollback 3", "to release 3: its code, dependencies and settings"),
        ],
    ),
    (
        "scale",
        &[
            ("windlass scale web=4", "four web replicas; those that run stay"),
            ("windlass scale web=2 worker=1", "several process types at once"),
        ],
    ),
    ("restart", &[("windlass restart", "fresh replicas, proved before the old ones go")]),
    (
        "stop",
        &[("windlass stop --app shop", "take shop off the air; `windlass restart` brings it back")],
    ),
    ("cancel", &[("windlass cancel", "give up the deploy that runs: the old release stays")]),
    (
        "destroy",
        &[
            ("windlass destroy --app shop", "remove shop after asking; its data stays"),
            ("windlass destroy --app shop --yes --data", "everything, without asking"),
        ],
    ),
    (
        "run",
        &[
            ("windlass run -- python -m flask routes", "a fresh container, removed afterwards"),
            ("windlass run -e DEBUG=1 -- python", "a Python prompt, with a setting for it"),
        ],
    ),
    (
        "exec",
        &[
            ("windlass exec -- sh", "a shell beside the first web replica"),
            ("windlass exec web.2 -- env", "in the second one"),
        ],
    ),
    (
        "push",
        &[
            (
                "windlass push registry.example.org/team/shop",
                "this folder's app, with tags from git",
            ),
            ("windlass push registry.example.org/team/shop:1.4", "with this tag alone"),
            ("windlass push shop registry.example.org/team/shop -t staging", "from anywhere"),
            ("windlass push registry.example.org/team/shop --json", "for a pipeline: the digest"),
        ],
    ),
    (
        "pull",
        &[
            ("windlass pull registry.example.org/team/shop:1.4", "for this machine's processor"),
            (
                "windlass pull registry.example.org/team/shop:1.4 --attached",
                "with its signatures: windlass image verify checks them",
            ),
            (
                "windlass pull registry.example.org/base/python:3.13 --platform all",
                "and all others",
            ),
        ],
    ),
    (
        "export dockerfile",
        &[
            ("windlass export dockerfile", "a Dockerfile and a .dockerignore beside the project"),
            ("windlass export dockerfile -o -", "print it"),
            ("windlass export dockerfile ../shop --dry-run", "what would be written"),
        ],
    ),
    (
        "server start",
        &[
            ("windlass server start", "in the background"),
            ("windlass server start --foreground --http 127.0.0.1:8080", "where you can see it"),
        ],
    ),
    (
        "server stop",
        &[
            ("windlass server stop", "the apps go on serving"),
            ("windlass server stop --all", "nothing of this installation runs any more"),
        ],
    ),
    ("server status", &[("windlass server status", "is it running, and where")]),
    (
        "server install",
        &[
            ("windlass server install --dry-run", "read the unit first"),
            ("windlass server install --http 0.0.0.0:80", "start with the machine"),
        ],
    ),
    ("server uninstall", &[("windlass server uninstall", "remove the unit; state and apps stay")]),
    ("completion", &[("windlass completion bash", "the script for bash")]),
];

/// Every verb that has examples.
pub(crate) fn table() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().chain(images::TABLE)
}

/// The verbs that have examples.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    table().map(|(path, _)| *path)
}

/// The examples of a verb.
pub(crate) fn of(path: &str) -> &'static [(&'static str, &'static str)] {
    table().find(|(name, _)| *name == path).map_or(&[], |(_, rows)| rows)
}

/// The examples of a verb as its help shows them.
pub(crate) fn text(path: &str) -> String {
    let rows = of(path);
    let wide = rows.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    let rows = rows.iter().map(|(line, what)| format!("  {line:wide$}  # {what}"));
    std::iter::once("Examples:".to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}
