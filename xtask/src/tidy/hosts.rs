//! No host name of a real machine and no path of this one in the tree.
//!
//! Where packages come from is the machine's own configuration; a host written into code, a
//! document or a test would make it ours. Matched by shape, so that no list of them is needed.

use super::Finding;
use super::tree::Tree;

/// Hosts that may be written: reserved names (RFC 2606, RFC 6761), loopback, the places of
/// specifications, of XML name spaces and of names that only look like addresses (predicate types),
/// and the registry that an image's name without a host means.
const ALLOWED: [&str; 14] = [
    "example.com",
    "example.org",
    "example.net",
    "localhost",
    "127.0.0.1",
    "0.0.0.0",
    "www.w3.org",
    "opencontainers.org",
    "docker.io",
    "www.rfc-editor.org",
    "in-toto.io",
    "slsa.dev",
    "spdx.dev",
    "cyclonedx.org",
];

/// Top-level domains whose names are looked for without a scheme too.
const DOMAINS: [&str; 4] = [".org", ".com", ".net", ".io"];

/// Files that are made by tools and name their own source.
const SKIPPED: [&str; 3] = ["Cargo.lock", "LICENSE-APACHE", "deny.toml"];

/// Every forbidden host and path.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for text in tree.texts.iter().filter(|text| !SKIPPED.contains(&text.path.as_str())) {
        for (index, line) in text.body.lines().enumerate() {
            let mut add = |rule: &'static str, text_: String| {
                let file = text.path.clone();
                findings.push(Finding { file, line: index + 1, rule, text: text_ });
            };
            for host in hosts(line).into_iter().filter(|host| !is_allowed(host)) {
                add("host", format!("names the host `{host}`"));
            }
            if tree.machine.iter().any(|path| line.contains(path.as_str())) || names_home(line) {
                add("machine-path", "names a path of one machine".to_owned());
            }
        }
    }
    findings
}

fn is_allowed(host: &str) -> bool {
    let reserved = [".example", ".test", ".localhost", ".invalid", ".local", ".internal"];
    ALLOWED.iter().any(|a| host == *a || host.ends_with(&format!(".{a}")))
        || reserved.iter().any(|end| host.ends_with(end))
        || host.starts_with("127.")
        || !host.contains('.')
}

/// Host names in a line: what follows a scheme, and words that end in a common domain.
fn hosts(line: &str) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    for scheme in ["http://", "https://"] {
        hosts.extend(line.split(scheme).skip(1).map(host_at_start));
    }
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.');
    let bare = line.split(word).map(|w| w.trim_matches('.').to_ascii_lowercase());
    hosts.extend(bare.filter(|w| is_bare_host(w)));
    hosts.sort();
    hosts.dedup();
    hosts.retain(|host| !host.is_empty());
    hosts
}

fn host_at_start(rest: &str) -> String {
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.'));
    let host = &rest[..end.unwrap_or(rest.len())];
    host.trim_matches('.').to_ascii_lowercase()
}

fn is_bare_host(word: &str) -> bool {
    DOMAINS.iter().any(|domain| {
        word.strip_suffix(domain).is_some_and(|name| {
            name.len() > 1
                && !name.ends_with('.')
                && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        })
    })
}

/// `/home/` and a name: somebody's own folder.
fn names_home(line: &str) -> bool {
    line.split("/home/").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::Text;

    #[test]
    fn real_hosts_are_found_and_reserved_ones_are_not() {
        // Put together at run time, so that this file passes its own check.
        let real = ["files", "somewhere", "org"].join(".");
        for (line, wanted) in [
            (format!("let u = \"https://{real}/simple\";"), vec![real.clone()]),
            (format!("see {real} for more"), vec![real]),
            ("http://shop.localhost:8080/ and http://127.0.0.1:1/".to_owned(), vec![]),
            ("https://example.com/x and https://{host}/".to_owned(), vec![]),
            ("http://www.w3.org/2000/svg, a.b.c, x.comment".to_owned(), vec![]),
        ] {
            let found: Vec<String> = hosts(&line).into_iter().filter(|h| !is_allowed(h)).collect();
            assert_eq!(found, wanted, "{line}");
        }
    }

    #[test]
    fn paths_of_the_machine_are_found() {
        let body = format!("fine /usr/bin\nbad {}/ana/x\nbad /a/checkout/b\n", "/home");
        let tree = Tree {
            texts: vec![Text { path: "README.md".to_owned(), body }],
            machine: vec!["/a/checkout/".to_owned()],
            ..Tree::default()
        };
        let lines: Vec<usize> = check(&tree).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2, 3]);
    }
}
