//! Core metadata of Python distributions: `METADATA` and `PKG-INFO`. Pure.
//!
//! The format is that of mail headers. Only the headers are read: the description after the first
//! blank line can say what it likes.

use super::PythonPackage;

/// The distribution that a metadata file is about; `None` when it has no name or no version.
pub(super) fn parse(text: &str, path: &str) -> Option<PythonPackage> {
    let mut package = PythonPackage {
        name: String::new(),
        version: String::new(),
        licence_expression: None,
        licence_text: None,
        licence_classifiers: Vec::new(),
        homepage: None,
        paths: vec![path.to_owned()],
    };
    let mut project_page = None;
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        if line.starts_with([' ', '\t']) {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        if value.is_empty() || value == "UNKNOWN" {
            continue;
        }
        match key.to_ascii_lowercase().as_str() {
            "name" => value.clone_into(&mut package.name),
            "version" => value.clone_into(&mut package.version),
            "license-expression" => package.licence_expression = Some(value.to_owned()),
            "license" => package.licence_text = Some(value.to_owned()),
            "home-page" => package.homepage = Some(value.to_owned()),
            "classifier" => {
                let licence = value.strip_prefix("License :: ").map(str::to_owned);
                package.licence_classifiers.extend(licence);
            }
            "project-url" => project_page = better_page(project_page, value),
            _ => {}
        }
    }
    package.homepage = package.homepage.or(project_page.map(|(_, url)| url));
    (is_plain(&package.name) && is_plain(&package.version)).then_some(package)
}

/// `Label, URL`: of several the home page, else the source, else the first.
fn better_page(known: Option<(u8, String)>, value: &str) -> Option<(u8, String)> {
    let Some((label, url)) = value.split_once(',') else { return known };
    let label: String = label.chars().filter(char::is_ascii_alphanumeric).collect();
    let rank = match label.to_ascii_lowercase().as_str() {
        "homepage" => 0,
        "source" | "sourcecode" | "repository" | "github" => 1,
        _ => 2,
    };
    match known {
        Some(known) if known.0 <= rank => Some(known),
        _ => Some((rank, url.trim().to_owned())),
    }
}

/// Names and versions are of letters, digits and a few signs (PEP 508, PEP 440).
fn is_plain(text: &str) -> bool {
    let sign = |c: char| c.is_ascii_alphanumeric() || "-_.+!*".contains(c);
    !text.is_empty() && text.len() <= 200 && text.chars().all(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_nothing_after_them() {
        let text = "Metadata-Version: 2.4\nName: Flask\nVersion: 3.1.0\nLicense: MIT\n   more\n\
                    Classifier: License :: OSI Approved :: BSD License\nClassifier: Framework :: X\n\
                    License-Expression: BSD-3-Clause\nProject-URL: Docs, d://1\n\
                    Project-URL: Home Page, h://2\nHome-page: UNKNOWN\n\nVersion: 9\n";
        let found = parse(text, "p").expect("a distribution");
        assert_eq!((found.name.as_str(), found.version.as_str()), ("Flask", "3.1.0"));
        assert_eq!(found.licence_expression.as_deref(), Some("BSD-3-Clause"));
        assert_eq!(found.licence_classifiers, ["OSI Approved :: BSD License"]);
        assert_eq!(found.homepage.as_deref(), Some("h://2"));
        assert_eq!(found.licence_text.as_deref(), Some("MIT"));
    }

    #[test]
    fn what_is_no_name_is_no_distribution() {
        for text in ["", "Name: x\n", "Name: a/b\nVersion: 1\n", "Name: a\nVersion: 1?x\n"] {
            assert_eq!(parse(text, "p"), None, "{text}");
        }
    }
}
