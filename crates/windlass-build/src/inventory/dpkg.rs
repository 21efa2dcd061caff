//! Installed Debian packages, from dpkg's own records (deb-control(5), dpkg-query(1)). Pure.

use super::DebianPackage;
use crate::debian::stanzas;

/// The installed packages of a status file, or of one record of `status.d`.
///
/// Records of `status.d` have no `Status` field: that they are there says that they are installed.
pub(super) fn installed(text: &str) -> Vec<DebianPackage> {
    stanzas(text)
        .filter_map(|stanza| {
            let field = |name: &str| stanza.field(name).filter(|value| !value.is_empty());
            if field("Status").is_some_and(|status| !is_installed(&status)) {
                return None;
            }
            let (name, version) = (field("Package")?, field("Version")?);
            let (source, source_version) = match field("Source") {
                Some(source) => source_of(&source, &version),
                None => (name.clone(), version.clone()),
            };
            Some(DebianPackage {
                architecture: field("Architecture").unwrap_or_else(|| "all".to_owned()),
                homepage: field("Homepage"),
                name,
                version,
                source,
                source_version,
            })
        })
        .collect()
}

/// `want flag state`: the state is what is so.
fn is_installed(status: &str) -> bool {
    status.split_whitespace().next_back() == Some("installed")
}

/// `name` or `name (version)`; the version is said when it is not the binary package's.
fn source_of(field: &str, version: &str) -> (String, String) {
    match field.split_once('(') {
        Some((name, rest)) => {
            (name.trim().to_owned(), rest.trim_end().trim_end_matches(')').trim().to_owned())
        }
        None => (field.trim().to_owned(), version.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_with_its_source() {
        let text = "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\n\
                    Source: zlib (1:1.3.dfsg-1)\nVersion: 1:1.3.dfsg-1+b1\nHomepage: x\n\n\
                    Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n\n\
                    Package: tzdata\nVersion: 2025b-4\nArchitecture: all\n\n\
                    Package: odd\n";
        let found = installed(text);
        let shown: Vec<_> = found
            .iter()
            .map(|p| (p.name.as_str(), p.source.as_str(), p.source_version.as_str()))
            .collect();
        assert_eq!(shown, [("zlib1g", "zlib", "1:1.3.dfsg-1"), ("tzdata", "tzdata", "2025b-4")]);
        assert_eq!(found[0].homepage.as_deref(), Some("x"));
    }
}
