//! What is no part of a deploy: tests, examples, documentation.

use crate::inspect::tree::{file_name, parent};

const ASIDE: [&str; 20] = [
    "test",
    "tests",
    "testing",
    "example",
    "examples",
    "samples",
    "sandbox",
    "demo",
    "demos",
    "doc",
    "docs",
    "docs_src",
    "migrations",
    "alembic",
    "benchmarks",
    "scripts",
    "tools",
    "fixtures",
    "templates",
    "notebooks",
];

/// Whether a path is set aside: by a folder's name or by being a test file.
pub(super) fn is_aside(path: &str) -> bool {
    let name = file_name(path);
    parent(path).split('/').any(|part| ASIDE.contains(&part) || part.starts_with('.'))
        || matches!(name, "conftest.py" | "setup.py" | "tests.py" | "noxfile.py" | "tasks.py")
        || name.starts_with("test_")
        || name.ends_with("_test.py")
}
