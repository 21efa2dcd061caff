//! Each numbered invariant of ARCHITECTURE.md names a test, and that test exists.

use super::Finding;
use super::tree::Tree;

const FILE: &str = "ARCHITECTURE.md";

/// Invariants without a test, or whose test is gone.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let tests: Vec<&str> =
        tree.sources.iter().flat_map(|s| &s.facts.tests).map(|name| name.text.as_str()).collect();
    let mut findings = Vec::new();
    for (line, item) in items(tree.text(FILE)) {
        let named = cited(&item);
        if named.is_empty() {
            let start: String = item.chars().take(60).collect();
            findings.push(finding(line, format!("an invariant without a test: {start}")));
        }
        for test in named.into_iter().filter(|test| !tests.contains(test)) {
            findings.push(finding(line, format!("no test is called `{test}`")));
        }
    }
    findings
}

fn finding(line: usize, text: String) -> Finding {
    Finding { file: FILE.to_owned(), line, rule: "invariant", text }
}

/// The numbered items of the section "Invariants" with the line they start at.
fn items(text: &str) -> Vec<(usize, String)> {
    let mut items: Vec<(usize, String)> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("## ") {
            inside = line == "## Invariants";
            continue;
        }
        let numbered = line.split_once(". ").is_some_and(|(n, _)| n.parse::<u32>().is_ok());
        if inside && numbered {
            items.push((index + 1, line.to_owned()));
        } else if inside
            && line.starts_with("   ")
            && let Some((_, item)) = items.last_mut()
        {
            item.push(' ');
            item.push_str(line.trim());
        }
    }
    items
}

/// The names after `Test:` or `Tests:`, each between back quotes.
fn cited(item: &str) -> Vec<&str> {
    let Some((_, tests)) = item.split_once("Test: ").or_else(|| item.split_once("Tests: ")) else {
        return Vec::new();
    };
    tests
        .split('`')
        .skip(1)
        .step_by(2)
        .map(|name| name.rsplit("::").next().unwrap_or(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::{Source, Text};

    #[test]
    fn an_invariant_needs_a_test_that_exists() -> anyhow::Result<()> {
        let body = "# A\n1. Not here.\n## Invariants\n1. Good. Test: `a::one`\n2. Bad,\n   \
                    over lines. Tests: `one`, `gone`\n3. None.\n## Next\n4. Not here.\n";
        let tree = Tree {
            sources: vec![Source::parse("crates/a/src/lib.rs", "#[test]\nfn one() {}")?],
            texts: vec![Text { path: FILE.to_owned(), body: body.to_owned() }],
            ..Tree::default()
        };
        let found: Vec<(usize, String)> =
            check(&tree).into_iter().map(|f| (f.line, f.text)).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0], (5, "no test is called `gone`".to_owned()));
        assert_eq!(found[1].0, 7);
        Ok(())
    }
}
