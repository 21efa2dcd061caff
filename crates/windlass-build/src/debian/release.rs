//! A suite's `InRelease`: what it says once its signature is verified. Pure.

use super::deb822::Stanza;
use windlass_model::Digest;

/// The statements of a verified release file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Release {
    /// Whose the repository is: `Debian`, or a vendor.
    pub(crate) origin: String,
    pub(crate) suite: String,
    pub(crate) codename: String,
    /// When it was made, in seconds since the Unix epoch.
    pub(crate) date: u64,
    /// Until when it may be used, in seconds since the Unix epoch.
    pub(crate) valid_until: Option<u64>,
    pub(crate) by_hash: bool,
    /// SHA-256, size and path of each index file.
    files: Vec<(Digest, u64, String)>,
}

impl Release {
    /// Reads the signed text; `None` when a statement that every release file makes is missing.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let stanza = Stanza::new(text);
        let files = stanza.field("SHA256")?;
        let files = files.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let digest = Digest::from_hex(words.next()?).ok()?;
            Some((digest, words.next()?.parse().ok()?, words.next()?.to_owned()))
        });
        Some(Self {
            origin: stanza.field("Origin").unwrap_or_default(),
            suite: stanza.field("Suite").unwrap_or_default(),
            codename: stanza.field("Codename").unwrap_or_default(),
            date: parse_date(&stanza.field("Date")?)?,
            valid_until: match stanza.field("Valid-Until") {
                Some(date) => Some(parse_date(&date)?),
                None => None,
            },
            by_hash: stanza.field("Acquire-By-Hash").is_some_and(|value| value == "yes"),
            files: files.collect(),
        })
    }

    /// SHA-256 and size of an index file, by its path below the suite.
    pub(crate) fn file(&self, path: &str) -> Option<(Digest, u64)> {
        self.files.iter().find(|file| file.2 == path).map(|file| (file.0, file.1))
    }
}

/// `Sat, 21 Nov 2026 09:15:44 UTC` as seconds since the Unix epoch.
fn parse_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words: Vec<_> = text.split_whitespace().collect();
    let [_, day, month, year, time, "UTC" | "GMT" | "+0000"] = words[..] else { return None };
    let month = MONTHS.find(month).filter(|at| at % 3 == 0)? as u64 / 3 + 1;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let clock: Vec<u64> = time.split(':').filter_map(|part| part.parse().ok()).collect();
    let [hour, minute, second] = clock[..] else { return None };
    if !(1970..=9999).contains(&year) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    // Days from the civil date, with years that begin in March so that leap days come last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year - 719_468;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second.min(59))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 UTC", 0),
            ("Sat, 21 Nov 2026 09:15:44 UTC", 1_795_252_544),
            ("Thu, 29 Feb 2024 23:59:59 UTC", 1_709_251_199),
            ("Fri, 01 Mar 2024  0:00:00 GMT", 1_709_251_200),
        ] {
            assert_eq!(parse_date(text), Some(seconds), "{text}");
        }
        for bad in ["", "Sat, 21 Nov 2026 09:15:44 CET", "Sat, 21 Foo 2026 09:15:44 UTC"] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn statements() {
        let hex = "ab".repeat(32);
        let text = format!(
            "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 21 Nov 2026 09:15:44 UTC\n\
             Acquire-By-Hash: yes\nMD5Sum:\n 00 1 main/x\nSHA256:\n {hex} 12 main/x\n"
        );
        let release = Release::parse(&text).expect("complete");
        assert_eq!(release.origin, "Debian");
        assert!(release.by_hash && release.valid_until.is_none());
        assert_eq!(release.file("main/x").expect("listed").1, 12);
        assert_eq!(release.file("main/y"), None);
        assert_eq!(Release::parse("Suite: stable\n"), None);
    }
}
