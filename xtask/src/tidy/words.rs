//! Words that say nothing in a type's name.

use super::Finding;
use super::tree::Source;

const EMPTY: [&str; 6] = ["Manager", "Helper", "Helpers", "Util", "Utils", "Context"];

/// Types named after what everything is.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in &source.facts.types {
        if let Some(word) =
            words(&name.text).into_iter().find(|word| EMPTY.contains(&word.as_str()))
        {
            findings.push(Finding {
                file: source.path.clone(),
                line: name.line,
                rule: "word",
                text: format!("`{}`: `{word}` names nothing; say what it is", name.text),
            });
        }
    }
    findings
}

/// `FooBarURL` as `Foo`, `Bar`, `U`, `R`, `L`.
fn words(camel: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for c in camel.chars() {
        match words.last_mut() {
            Some(word) if !c.is_uppercase() => word.push(c),
            _ => words.push(c.to_string()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_words_are_found_as_whole_words() -> anyhow::Result<()> {
        let body = "struct JobManager; struct UtilityBill; enum Context {} type TestHelper = u8;";
        let found = check(&Source::parse("crates/a/src/lib.rs", body)?);
        let names: Vec<&str> = found.iter().filter_map(|f| f.text.split('`').nth(1)).collect();
        assert_eq!(names, ["JobManager", "Context", "TestHelper"]);
        Ok(())
    }
}
