//! Sizes: the tail is what makes code hard to read, so the tail is capped.

use super::Finding;
use super::tree::{Source, Tree};

/// Longest file, test modules included.
const FILE_LINES: usize = 400;
/// Longest function, from signature to closing brace.
const FUNCTION_LINES: usize = 70;
/// Most parameters, `self` included.
const PARAMETERS: usize = 5;

/// Files and functions that are too long, and modules without a head.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let finding = |line: usize, rule: &'static str, text: String| Finding {
        file: source.path.clone(),
        line,
        rule,
        text,
    };
    let mut findings = Vec::new();
    if source.lines > FILE_LINES {
        let text = format!("{} lines, {FILE_LINES} at most: split it by noun", source.lines);
        findings.push(finding(0, "file-length", text));
    }
    if !source.facts.has_head {
        let text = "starts without `//!`: purpose, invariants, what it does not do".to_owned();
        findings.push(finding(1, "module-head", text));
    }
    for function in &source.facts.functions {
        if function.lines > FUNCTION_LINES {
            let text = format!(
                "`{}` has {} lines, {FUNCTION_LINES} at most",
                function.name, function.lines
            );
            findings.push(finding(function.line, "function-length", text));
        }
        if function.parameters > PARAMETERS {
            let text = format!(
                "`{}` has {} parameters, {PARAMETERS} at most",
                function.name, function.parameters
            );
            findings.push(finding(function.line, "parameters", text));
        }
    }
    findings
}

/// One integration test binary for each crate: each one links the whole crate again.
pub(crate) fn check_layout(tree: &Tree) -> Vec<Finding> {
    tree.sources
        .iter()
        .filter(|source| {
            let parts: Vec<&str> = source.path.split('/').collect();
            matches!(parts[..], ["crates", _, "tests", file] if file != "all.rs")
        })
        .map(|source| Finding {
            file: source.path.clone(),
            line: 0,
            rule: "test-binary",
            text: "a second test binary: make it a module under tests/all/".to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, body: &str) -> anyhow::Result<Vec<&'static str>> {
        Ok(check(&Source::parse(path, body)?).into_iter().map(|finding| finding.rule).collect())
    }

    #[test]
    fn long_files_functions_and_parameter_lists_are_found() -> anyhow::Result<()> {
        let path = "crates/a/src/b.rs";
        let long = |lines: usize| format!("//! Head.\nfn f() {{\n{}}}\n", "g();\n".repeat(lines));
        assert_eq!(rules(path, &long(68))?, [""; 0]);
        assert_eq!(rules(path, &long(69))?, ["function-length"]);
        assert_eq!(rules(path, &format!("//! Head.\n{}", "\n".repeat(400)))?, ["file-length"]);
        assert_eq!(
            rules(path, "//! Head.\nfn f(a: A, b: A, c: A, d: A, e: A, f: A) {}")?,
            ["parameters"]
        );
        assert_eq!(rules(path, "fn f() {}")?, ["module-head"]);
        Ok(())
    }

    #[test]
    fn a_second_test_binary_is_found() -> anyhow::Result<()> {
        let sources =
            ["crates/a/tests/all.rs", "crates/a/tests/all/x.rs", "crates/a/tests/more.rs"]
                .map(|path| Source::parse(path, "//! Head."));
        let tree =
            Tree { sources: sources.into_iter().collect::<Result<_, _>>()?, ..Tree::default() };
        let findings = check_layout(&tree);
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].file, "crates/a/tests/more.rs");
        Ok(())
    }
}
