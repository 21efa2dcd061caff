//! Package URLs: the names that scanners join on (the purl specification; its `deb` and `pypi`
//! types). Pure.

use crate::inventory::{DebianPackage, OsRelease};

/// `pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13`.
pub(super) fn debian_purl(package: &DebianPackage, release: Option<&OsRelease>) -> String {
    let id = release.map_or("debian", |release| release.id.as_str());
    let base = distribution_purl(id, &package.name, &package.version);
    let distro = release.and_then(|release| release.version_id.as_deref());
    let distro = distro.map(|version| format!("&distro={}", encoded(&format!("{id}-{version}"))));
    format!("{base}?arch={}{}", encoded(&package.architecture), distro.unwrap_or_default())
}

/// A Debian package without qualifiers.
pub(crate) fn distribution_purl(id: &str, name: &str, version: &str) -> String {
    format!("pkg:deb/{}/{}@{}", encoded(id), encoded(&name.to_ascii_lowercase()), encoded(version))
}

/// `pkg:pypi/ruamel.yaml@0.18`: lower case, `-` for `_`, and nothing else changed.
pub(crate) fn python_purl(name: &str, version: &str) -> String {
    let name = name.to_ascii_lowercase().replace('_', "-");
    format!("pkg:pypi/{}@{}", encoded(&name), encoded(version))
}

/// Percent-encoded as the specification says: all but letters, digits and `.-_~:`.
pub(super) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_other_tools_call_them() {
        let release = OsRelease {
            id: "debian".to_owned(),
            version_id: Some("13".to_owned()),
            ..OsRelease::default()
        };
        let package = DebianPackage {
            name: "libstdc++6".to_owned(),
            version: "1:14.2.0-19+b1~x".to_owned(),
            architecture: "amd64".to_owned(),
            source: String::new(),
            source_version: String::new(),
            homepage: None,
        };
        assert_eq!(
            debian_purl(&package, Some(&release)),
            "pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19%2Bb1~x?arch=amd64&distro=debian-13"
        );
        assert_eq!(python_purl("Ruamel.YAML_x", "0.18"), "pkg:pypi/ruamel.yaml-x@0.18");
        assert_eq!(python_purl("torch", "2.0+cpu"), "pkg:pypi/torch@2.0%2Bcpu");
    }
}
