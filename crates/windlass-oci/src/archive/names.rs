//! Names of images: ours are short, other tools' are complete. Pure.

/// The name with its tag: `shop` is `shop:latest`.
pub(super) fn tagged(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') { name.to_owned() } else { format!("{name}:latest") }
}

/// The complete name, as containerd and Docker keep it: a name without a registry is Docker Hub's
/// by their rules, and one without an owner is the library's.
pub(super) fn complete(name: &str) -> String {
    let name = tagged(name);
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => name,
        Some(_) => format!("docker.io/{name}"),
    }
}

/// The name as we keep it: without what everybody adds.
pub(super) fn short(name: &str) -> &str {
    let name = ["docker.io/library/", "docker.io/", "localhost/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    name.strip_suffix(":latest").unwrap_or(name)
}

/// Whether a name of an archive may become a name of the store: the characters of a reference
/// (distribution-spec, "Pulling manifests"), no path tricks, and a length that fits a line.
pub(super) fn is_valid(name: &str) -> bool {
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c))
    };
    name.len() <= 255 && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_grow_for_others_and_shrink_for_us() {
        for (ours, complete_name) in [
            ("shop", "docker.io/library/shop:latest"),
            ("shop:1.2", "docker.io/library/shop:1.2"),
            ("me/shop", "docker.io/me/shop:latest"),
            ("registry.example.org/shop", "registry.example.org/shop:latest"),
            ("registry.example.org:5000/a/shop:x", "registry.example.org:5000/a/shop:x"),
        ] {
            assert_eq!(complete(ours), complete_name);
            assert_eq!(short(complete_name), ours);
        }
        assert_eq!(short("localhost/shop:latest"), "shop");
        for (name, valid) in [
            ("shop", true),
            ("registry.example.org:5000/a/shop:x", true),
            ("../shop", false),
            ("a//b", false),
            ("a b", false),
            ("", false),
            ("\u{1b}[2J", false),
        ] {
            assert_eq!(is_valid(name), valid, "{name:?}");
        }
    }
}
