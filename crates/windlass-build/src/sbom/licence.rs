//! What a Python distribution says about its licence, as an SPDX expression (SPDX 2.3, annex D;
//! PEP 639). Pure.
//!
//! Only what is unmistakable becomes an expression: readers refuse documents with identifiers
//! that the list does not have. What is left is passed on as the author's own words.

use crate::inventory::PythonPackage;

/// What is known of a licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Licence {
    /// A valid SPDX expression.
    Expression(String),
    /// The author's words, which are no expression.
    Words(String),
    /// Nothing.
    Unknown,
}

/// Identifiers of the SPDX licence list that Python packages use.
const IDENTIFIERS: [&str; 58] = [
    "0BSD",
    "AFL-3.0",
    "AGPL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0",
    "Artistic-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD-4-Clause",
    "BSL-1.0",
    "CC-BY-4.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CNRI-Python",
    "curl",
    "ECL-2.0",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.2",
    "GPL-1.0-or-later",
    "GPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "HPND",
    "ICU",
    "ISC",
    "LGPL-2.0-or-later",
    "LGPL-2.1",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-1.1",
    "MPL-2.0",
    "MS-PL",
    "NCSA",
    "OFL-1.1",
    "OpenSSL",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Unicode-3.0",
    "Unlicense",
    "W3C",
    "WTFPL",
    "Zlib",
    "ZPL-2.1",
];

/// Exceptions that may follow `WITH`.
const EXCEPTIONS: [&str; 4] =
    ["Classpath-exception-2.0", "GCC-exception-3.1", "LLVM-exception", "OpenSSL-exception"];

/// Classifiers that stand for one licence alone; `BSD License` and its like stand for several.
const CLASSIFIERS: [(&str, &str); 17] = [
    ("Boost Software License 1.0 (BSL-1.0)", "BSL-1.0"),
    ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication", "CC0-1.0"),
    ("GNU Affero General Public License v3", "AGPL-3.0-only"),
    ("GNU Affero General Public License v3 or later (AGPLv3+)", "AGPL-3.0-or-later"),
    ("GNU General Public License v2 (GPLv2)", "GPL-2.0-only"),
    ("GNU General Public License v2 or later (GPLv2+)", "GPL-2.0-or-later"),
    ("GNU General Public License v3 (GPLv3)", "GPL-3.0-only"),
    ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
    ("GNU Lesser General Public License v3 (LGPLv3)", "LGPL-3.0-only"),
    ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPL-3.0-or-later"),
    ("ISC License (ISCL)", "ISC"),
    ("MIT License", "MIT"),
    ("MIT No Attribution License (MIT-0)", "MIT-0"),
    ("Mozilla Public License 1.1 (MPL 1.1)", "MPL-1.1"),
    ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0"),
    ("The Unlicense (Unlicense)", "Unlicense"),
    ("zlib/libpng License", "Zlib"),
];

/// The licence that a distribution states.
pub(super) fn of(package: &PythonPackage) -> Licence {
    let stated = package.licence_expression.as_deref().or(package.licence_text.as_deref());
    if let Some(expression) = stated.and_then(expression) {
        return Licence::Expression(expression);
    }
    let classifiers: Vec<&str> = package
        .licence_classifiers
        .iter()
        .map(|text| text.strip_prefix("OSI Approved :: ").unwrap_or(text))
        .collect();
    let known: Option<Vec<&str>> = classifiers
        .iter()
        .map(|text| CLASSIFIERS.iter().find(|(name, _)| name == text).map(|(_, id)| *id))
        .collect();
    // Several may mean both or either: nobody says which.
    if let Some([id]) = known.as_deref() {
        return Licence::Expression((*id).to_owned());
    }
    match stated
        .map(str::to_owned)
        .or_else(|| (!classifiers.is_empty()).then(|| classifiers.join(", ")))
    {
        Some(words) => Licence::Words(words.chars().take(500).collect()),
        None => Licence::Unknown,
    }
}

/// The expression in the spelling of the list, when it is one: identifiers, `AND`, `OR`, `WITH`
/// and parentheses.
fn expression(text: &str) -> Option<String> {
    if text.len() > 500 {
        return None;
    }
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let mut out: Vec<String> = Vec::new();
    let mut depth = 0_usize;
    // Whether an identifier, or a parenthesis that opens, is next.
    let mut wants_term = true;
    let mut words = spaced.split_whitespace();
    while let Some(word) = words.next() {
        match (word, wants_term) {
            ("(", true) => depth += 1,
            (")", false) => depth = depth.checked_sub(1)?,
            (_, true) => {
                out.push(identifier(word)?);
                wants_term = false;
                continue;
            }
            (_, false) => match word.to_ascii_uppercase().as_str() {
                joint @ ("AND" | "OR") => {
                    out.push(joint.to_owned());
                    wants_term = true;
                    continue;
                }
                "WITH" => {
                    let name = words.next()?;
                    let known = EXCEPTIONS.iter().find(|it| it.eq_ignore_ascii_case(name))?;
                    out.push(format!("WITH {known}"));
                    continue;
                }
                _ => return None,
            },
        }
        out.push(word.to_owned());
    }
    (depth == 0 && !wants_term).then(|| out.join(" ").replace("( ", "(").replace(" )", ")"))
}

fn identifier(word: &str) -> Option<String> {
    IDENTIFIERS.iter().find(|id| id.eq_ignore_ascii_case(word)).map(|id| (*id).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::PythonPackage;

    #[test]
    fn expressions_in_the_spelling_of_the_list() {
        for (text, wanted) in [
            ("MIT", Some("MIT")),
            ("mit or (apache-2.0 and bsd-3-clause)", Some("MIT OR (Apache-2.0 AND BSD-3-Clause)")),
            ("Apache-2.0 WITH llvm-exception", Some("Apache-2.0 WITH LLVM-exception")),
            ("BSD", None),
            ("MIT OR", None),
            ("(MIT", None),
            ("MIT)", None),
            ("MIT MIT", None),
            ("( )", None),
            ("LicenseRef-x", None),
            ("MIT WITH nothing", None),
            ("", None),
        ] {
            assert_eq!(expression(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn the_plainest_statement_wins() {
        let package = |expression: Option<&str>, text: Option<&str>, classifiers: &[&str]| {
            let classifiers = classifiers.iter().map(|c| format!("OSI Approved :: {c}")).collect();
            of(&PythonPackage {
                name: String::new(),
                version: String::new(),
                licence_expression: expression.map(str::to_owned),
                licence_text: text.map(str::to_owned),
                licence_classifiers: classifiers,
                homepage: None,
                paths: vec![],
            })
        };
        let is = |id: &str| Licence::Expression(id.to_owned());
        assert_eq!(package(Some("mit"), Some("BSD"), &[]), is("MIT"));
        assert_eq!(package(None, Some("MIT"), &["BSD License"]), is("MIT"));
        assert_eq!(package(None, Some("see file"), &["MIT License"]), is("MIT"));
        let words = |text: &str| Licence::Words(text.to_owned());
        assert_eq!(package(None, None, &["BSD License"]), words("BSD License"));
        assert_eq!(
            package(None, None, &["MIT License", "zlib/libpng License"]),
            words("MIT License, zlib/libpng License")
        );
        assert_eq!(
            package(None, None, &["Apache Software License"]),
            words("Apache Software License")
        );
        assert_eq!(package(None, None, &[]), Licence::Unknown);
    }
}
