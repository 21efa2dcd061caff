//! The project's dependencies: resolved, locked, downloaded, and planned into layer entries.
