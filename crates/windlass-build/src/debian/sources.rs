//! Where the machine gets its packages: apt's own source lists (sources.list(5)). Parsing is pure.
//!
//! A list may name a file of mirrors (apt-transport-mirror(1)) in the place of an address, as those
//! of Debian's cloud images do; the file's addresses then take its place.

use super::deb822::stanzas;
use std::io;
use std::path::{Path, PathBuf};

/// One line or stanza of a source list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AptSource {
    pub(crate) uris: Vec<String>,
    pub(crate) suites: Vec<String>,
    pub(crate) components: Vec<String>,
    pub(crate) signed_by: Option<SignedBy>,
}

/// The keys that a source is restricted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SignedBy {
    /// Key ring files.
    Files(Vec<PathBuf>),
    /// An armoured key ring, written into the source list itself.
    Inline(String),
}

/// Reads all source lists below apt's folder, in apt's order. A folder that does not exist has none.
pub(crate) fn read(apt_dir: &Path) -> Result<Vec<AptSource>, (PathBuf, io::Error)> {
    let mut files = vec![apt_dir.join("sources.list")];
    let parts = apt_dir.join("sources.list.d");
    match std::fs::read_dir(&parts) {
        Ok(entries) => {
            let mut names: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
            names.sort();
            files.extend(names);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err((parts, error)),
    }
    let mut sources = Vec::new();
    for file in files {
        let parse = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => parse_lines,
            Some("sources") => parse_stanzas,
            _ => continue,
        };
        match std::fs::read_to_string(&file) {
            Ok(text) => sources.extend(parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((file, error)),
        }
    }
    for source in &mut sources {
        source.uris = with_mirrors(std::mem::take(&mut source.uris))?;
    }
    Ok(sources)
}

/// The addresses, with files of mirrors replaced by what they hold. A file that does not exist
/// holds nothing.
fn with_mirrors(uris: Vec<String>) -> Result<Vec<String>, (PathBuf, io::Error)> {
    let mut found = Vec::with_capacity(uris.len());
    for uri in uris {
        let Some(file) = mirror_file(&uri) else {
            found.push(uri);
            continue;
        };
        match std::fs::read_to_string(&file) {
            Ok(text) => found.extend(mirrors(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err((file, error)),
        }
    }
    Ok(found)
}

/// The file that `mirror+file:/a`, `mirror+file:///a` or `mirror:file:/a` names.
fn mirror_file(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("mirror+file:").or_else(|| uri.strip_prefix("mirror:file:"))?;
    let path = path.strip_prefix("//").unwrap_or(path);
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// One address a line; what follows it says when apt prefers it.
fn mirrors(text: &str) -> impl Iterator<Item = String> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
}

/// The one-line form: `deb [signed-by=/a.gpg] uri suite component...`.
fn parse_lines(text: &str) -> Vec<AptSource> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<AptSource> {
    let line = line.split('#').next()?.trim();
    let mut rest = line.strip_prefix("deb")?.strip_prefix([' ', '\t'])?.trim_start();
    let mut signed_by = None;
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options.split_once(']')?;
        rest = after;
        signed_by = options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .and_then(signed_by_field);
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(AptSource {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        signed_by,
    })
}

/// The deb822 form.
fn parse_stanzas(text: &str) -> Vec<AptSource> {
    let words = |value: Option<String>| -> Vec<String> {
        value.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    stanzas(text)
        .filter(|stanza| words(stanza.field("Types")).iter().any(|kind| kind == "deb"))
        .filter(|stanza| stanza.field("Enabled").is_none_or(|value| value != "no"))
        .map(|stanza| AptSource {
            uris: words(stanza.field("URIs")),
            suites: words(stanza.field("Suites")),
            components: words(stanza.field("Components")),
            signed_by: stanza.field("Signed-By").as_deref().and_then(signed_by_field),
        })
        .collect()
}

/// Paths, or a key whose blank lines are written as a full stop.
fn signed_by_field(value: &str) -> Option<SignedBy> {
    if value.contains("-----BEGIN") {
        let lines: Vec<_> =
            value.lines().map(|line| if line.trim() == "." { "" } else { line.trim() }).collect();
        return Some(SignedBy::Inline(lines.join("\n")));
    }
    let files: Vec<_> = value
        .split([',', ' ', '\n'])
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect();
    // Fingerprints restrict apt's common key rings further; those are then all tried.
    (!files.is_empty()).then_some(SignedBy::Files(files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let lines = "# deb http://old x main\ndeb-src http://a s main\n\
             deb [arch=amd64 signed-by=/k.gpg] http://127.0.0.1/debian bookworm main contrib # hi\n";
        let line = parse_lines(lines);
        assert_eq!(line.len(), 1);
        assert_eq!(line[0].signed_by, Some(SignedBy::Files(vec!["/k.gpg".into()])));
        assert_eq!(line[0].components, ["main", "contrib"]);
        let text = "Types: deb deb-src\n# note\nURIs: http://a/debian\nSuites: trixie trixie-updates\n\
            Components: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n\n\
            Types: deb\nEnabled: no\nURIs: http://b\nSuites: x\n";
        let sources = parse_stanzas(text);
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].suites, ["trixie", "trixie-updates"]);
        let key = "\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc".to_owned();
        assert_eq!(sources[0].signed_by, Some(SignedBy::Inline(key)));
    }

    #[test]
    fn a_file_of_mirrors_is_what_it_holds() {
        let apt = tempfile::tempdir().expect("a folder");
        let list = apt.path().join("mirrors.list");
        let text = "# ours\nhttps://127.0.0.1/a\tpriority:1 type:deb\n\n  http://127.0.0.1/b\n";
        std::fs::write(&list, text).expect("written");
        let list = list.display();
        let uris = format!("mirror+file://{list} mirror:file:{list} http://127.0.0.1/c");
        let gone = format!("mirror+file:{list}.gone");
        let sources = format!("Types: deb\nURIs: {uris} {gone}\nSuites: trixie\n");
        let file = apt.path().join("sources.list.d/debian.sources");
        std::fs::create_dir(file.parent().expect("a folder")).expect("made");
        std::fs::write(&file, sources).expect("written");
        let sources = read(apt.path()).expect("readable");
        let [a, b, c] = ["https://127.0.0.1/a", "http://127.0.0.1/b", "http://127.0.0.1/c"];
        assert_eq!(sources[0].uris, [a, b, a, b, c]);
    }
}
