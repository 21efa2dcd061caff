//! A trait needs two real implementations: with one it is only a longer way to write a call.

use super::Finding;
use super::tree::Source;

/// Traits with fewer than two implementations in the workspace.
pub(crate) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for name in source.facts.traits.iter().filter(|name| !name.test) {
            let count = implementations(sources, &name.text);
            if count < 2 {
                findings.push(Finding {
                    file: source.path.clone(),
                    line: name.line,
                    rule: "trait",
                    text: format!("trait `{}` has {count} implementations, 2 at least", name.text),
                });
            }
        }
    }
    findings
}

fn implementations(sources: &[Source], name: &str) -> usize {
    let all = sources.iter().flat_map(|source| &source.facts.implemented);
    all.filter(|implemented| implemented.text == name).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trait_needs_two_implementations() -> anyhow::Result<()> {
        let sources = [
            Source::parse(
                "crates/a/src/lib.rs",
                "trait One {} trait Two {}\nimpl One for u8 {}\nimpl Two for u8 {}",
            )?,
            Source::parse(
                "crates/b/src/lib.rs",
                "impl a::Two for B {}\n#[cfg(test)]\nmod tests { trait T {} }",
            )?,
        ];
        let findings = check(&sources);
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].text.contains("`One` has 1"));
        Ok(())
    }
}
