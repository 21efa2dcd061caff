//! How the known vulnerabilities of an image are judged: severities, and what a project sets aside.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How bad a vulnerability is, by the words of CVSS 3.1 (section 5), least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nobody says; counts as low.
    Unknown,
    /// A flaw that its distribution does not call a vulnerability.
    Negligible,
    /// Score below 4.
    Low,
    /// Score from 4.
    Medium,
    /// Score from 7.
    High,
    /// Score from 9.
    Critical,
}

/// A text that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a severity: negligible, low, medium, high or critical")]
pub struct InvalidSeverity {
    /// The text as given.
    pub text: String,
}

impl Severity {
    /// Those that can be asked for.
    pub const ALL: [Self; 5] =
        [Self::Negligible, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Whether a finding of this severity counts where at least `threshold` is asked for.
    pub fn reaches(self, threshold: Self) -> bool {
        let counted = if self == Self::Unknown { Self::Low } else { self };
        counted >= threshold
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Negligible => "negligible",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = InvalidSeverity;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|severity| severity.as_str() == text);
        found.ok_or_else(|| InvalidSeverity { text: text.to_owned() })
    }
}

/// `[tool.windlass.scan]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanConfig {
    /// Files, folders and URLs of advisories.
    pub advisories: Vec<String>,
    /// What does not count.
    pub ignore: Vec<Ignored>,
    /// What counts, from this severity on.
    pub severity: Option<Severity>,
}

/// A vulnerability that a project has looked at and sets aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignored {
    /// Any of its names: CVE, GHSA, PYSEC, DSA.
    pub id: String,
    /// The last day on which it does not count, `YYYY-MM-DD`.
    pub until: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// A text that sets nothing aside.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an identifier, `until` with a day (YYYY-MM-DD), and `#` with a reason")]
pub struct InvalidIgnored {
    /// The text as given.
    pub text: String,
}

impl Ignored {
    /// Whether it still holds on a day, `YYYY-MM-DD`.
    pub fn holds_on(&self, today: &str) -> bool {
        // Days in this form are in the order of their texts.
        self.until.as_deref().is_none_or(|until| today <= until)
    }
}

impl FromStr for Ignored {
    type Err = InvalidIgnored;

    /// `CVE-2024-1234`, `CVE-2024-1234 # reason`, `CVE-2024-1234 until 2027-01-31 # reason`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || InvalidIgnored { text: text.to_owned() };
        let (head, reason) = match text.split_once('#') {
            Some((head, reason)) => (head, Some(reason.trim())),
            None => (text, None),
        };
        let words: Vec<&str> = head.split_whitespace().collect();
        let (id, until) = match words.as_slice() {
            [id] => (*id, None),
            [id, "until", day] if is_day(day) => (*id, Some((*day).to_owned())),
            _ => return Err(error()),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if !id.contains('-') || !id.chars().all(plain) {
            return Err(error());
        }
        let reason = reason.filter(|reason| !reason.is_empty()).map(str::to_owned);
        Ok(Self { id: id.to_owned(), until, reason })
    }
}

/// `YYYY-MM-DD` with a month and a day that exist.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |text: &str, digits| {
        (text.len() == digits && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())
            .flatten()
    };
    number(year, 4).is_some()
        && number(month, 2).is_some_and(|month| (1..=12).contains(&month))
        && number(day, 2).is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_aside_says_until_when_and_why() {
        let read = |text: &str| text.parse::<Ignored>();
        let full = read("CVE-2024-1 until 2027-01-31 # not reachable").expect("valid");
        assert_eq!(full.reason.as_deref(), Some("not reachable"));
        assert!(full.holds_on("2027-01-31") && !full.holds_on("2027-02-01"));
        assert!(read("GHSA-aaaa-bbbb-cccc").expect("valid").holds_on("9999-12-31"));
        for bad in [
            "",
            "CVE",
            "CVE-1 until",
            "CVE-1 until tomorrow",
            "CVE-1 until 2027-13-01",
            "CVE-1 CVE-2",
            "# reason",
            "CVE-1 until 2027-1-1",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_nobody_rates_counts_as_low() {
        assert!(Severity::Unknown.reaches(Severity::Low));
        assert!(!Severity::Unknown.reaches(Severity::Medium));
        assert!(!Severity::Negligible.reaches(Severity::Low));
        assert!(Severity::Critical.reaches(Severity::High));
        assert_eq!("high".parse(), Ok(Severity::High));
        assert!("HIGH!".parse::<Severity>().is_err());
    }
}
