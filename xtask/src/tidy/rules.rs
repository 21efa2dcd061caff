//! `tidy.toml`: exceptions with their reasons, and the ratchet.

use super::Finding;
use super::figures::{Figures, Ratchet};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

/// What the tree is allowed beyond the rules.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    /// Figures that may only get better.
    pub(crate) ratchet: Ratchet,
    /// Places where a rule does not hold, each with its reason.
    #[serde(default)]
    exception: Vec<Exception>,
}

/// One place where a rule does not hold.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    /// The rule's short name.
    rule: String,
    /// The file, or a folder that ends with `/`.
    file: String,
    /// A text that the finding must hold; empty for any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    says: String,
    /// Why.
    reason: String,
}

impl Rules {
    /// Reads the file.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("cannot understand {}", path.display()))
    }

    /// Writes the file.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let head = "# Written in part by `cargo xtask tidy --write`. The ratchet may only fall;\n\
                    # an exception needs a reason.\n\n";
        fs::write(path, format!("{head}{}", toml::to_string(self)?))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// The same rules with the ratchet at the better of both figures.
    pub(crate) fn lowered(&self, figures: &Figures) -> Self {
        Self { ratchet: self.ratchet.lowered(figures), ..self.clone() }
    }

    /// How many exceptions there are.
    pub(crate) fn exceptions(&self) -> usize {
        self.exception.len()
    }

    /// Takes out what an exception covers; an exception that covers nothing is a finding itself.
    pub(crate) fn waive(&self, findings: &mut Vec<Finding>) -> Vec<Finding> {
        let mut unused = Vec::new();
        for exception in &self.exception {
            let before = findings.len();
            findings.retain(|finding| !exception.covers(finding));
            if findings.len() == before {
                unused.push(Finding {
                    file: "tidy.toml".to_owned(),
                    line: 0,
                    rule: "exception-unused",
                    text: format!("`{}` in {} is not needed", exception.rule, exception.file),
                });
            }
        }
        unused
    }
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        let place = finding.file == self.file
            || (self.file.ends_with('/') && finding.file.starts_with(&self.file));
        place && finding.rule == self.rule && finding.text.contains(&self.says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(file: &str) -> Finding {
        Finding { file: file.to_owned(), line: 3, rule: "sleep", text: "sleeps".to_owned() }
    }

    #[test]
    fn an_exception_covers_its_place_alone_and_must_be_needed() -> Result<()> {
        let rules: Rules = toml::from_str(
            "[ratchet]\nlong_files = 0\nlong_functions = 0\nlocked_packages = 0\n\
             [[exception]]\nrule = 'sleep'\nfile = 'a/'\nreason = 'polls'\n\
             [[exception]]\nrule = 'sleep'\nfile = 'gone.rs'\nreason = 'was there'\n",
        )?;
        let mut findings = vec![finding("a/b.rs"), finding("c.rs")];
        let unused = rules.waive(&mut findings);
        assert_eq!(findings, [finding("c.rs")]);
        assert_eq!(unused.len(), 1);
        assert!(unused[0].text.contains("gone.rs"));
        Ok(())
    }
}
