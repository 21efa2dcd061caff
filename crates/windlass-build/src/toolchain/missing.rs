//! What a failed build lacked, from what it printed: headers, programs, libraries, modules of
//! pkg-config. Pure.
//!
//! Each pattern is the text of one tool: compilers, linkers, shells, `pkg-config`, meson, CMake,
//! setuptools, Python. What is printed is text of strangers: names are taken only where they are
//! plain, lines are cut, and not more than a few dozen answers are given.

/// One thing that a build did not find.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A header as it is included: `libxml/xpath.h`.
    Header(String),
    /// A program: `pg_config`.
    Program(String),
    /// A library as it is linked: `pq` for `-lpq`.
    Library(String),
    /// A module of pkg-config: `cairo`.
    Module(String),
}

/// Most answers of one output.
const MAX_FOUND: usize = 32;
/// Longest line that is looked at, in bytes.
const MAX_LINE: usize = 4096;

/// How a name is found: the text before it, the text after it, and what it is.
type Pattern = (&'static str, &'static str, fn(String) -> Missing);

const PATTERNS: [Pattern; 22] = [
    ("fatal error: '", "' file not found", Missing::Header),
    ("fatal error: ", ": No such file or directory", Missing::Header),
    ("cannot find -l", "", Missing::Library),
    ("unable to find library -l", "", Missing::Library),
    ("No package '", "' found", Missing::Module),
    ("Package '", "', required by", Missing::Module),
    ("Package ", " was not found in the pkg-config search path", Missing::Module),
    ("Dependency \"", "\" not found", Missing::Module),
    ("Run-time dependency ", " found: NO", Missing::Module),
    ("Build-time dependency ", " found: NO", Missing::Module),
    ("Dependency lookup for ", " with method", Missing::Module),
    ("Error: ", " executable not found", Missing::Program),
    ("", " executable not found.", Missing::Program),
    ("error: command '", "' failed: No such file", Missing::Program),
    ("error: [Errno 2] No such file or directory: '", "'", Missing::Program),
    ("FileNotFoundError: [Errno 2] No such file or directory: '", "'", Missing::Program),
    ("Program '", "' not found", Missing::Program),
    ("Program ", " found: NO", Missing::Program),
    ("Did not find ", " by name", Missing::Program),
    (": ", ": command not found", Missing::Program),
    (": ", ": not found", Missing::Program),
    ("Could not find ", "-config", |name| Missing::Program(format!("{name}-config"))),
];

/// Sentences that name no file.
const SENTENCES: [(&str, &str); 5] = [
    ("Unknown compiler(s): [['cc']", "gcc"),
    ("Unknown compiler(s): [['c++']", "g++"),
    ("can't find Rust compiler", "rustc"),
    ("Cargo, the Rust package manager, is not installed", "cargo"),
    ("CMake must be installed", "cmake"),
];

/// Everything that the output says was not found, each once, in the order of the output.
pub fn missing(output: &str) -> Vec<Missing> {
    let mut found: Vec<Missing> = Vec::new();
    for line in output.lines() {
        let line = line.get(..MAX_LINE).unwrap_or(line);
        let sentence = SENTENCES.iter().find(|(text, _)| line.contains(text));
        let answer = sentence
            .map(|(_, program)| Missing::Program((*program).to_owned()))
            .or_else(|| PATTERNS.iter().find_map(|pattern| matched(line, *pattern)));
        if let Some(answer) = answer
            && !found.contains(&answer)
            && found.len() < MAX_FOUND
        {
            found.push(answer);
        }
    }
    found
}

fn matched(line: &str, (before, after, kind): Pattern) -> Option<Missing> {
    let name = if after.is_empty() {
        let rest = &line[line.find(before)? + before.len()..];
        rest.split([' ', ':', ',', '\'']).next()?
    } else {
        // The end is what is rare: a line has many colons.
        let end = line.rfind(after)?;
        let head = &line[..end];
        match before {
            "" => head.rsplit(' ').next()?,
            _ => &head[head.rfind(before)? + before.len()..],
        }
    };
    let answer = kind(name.rsplit(' ').next().unwrap_or(name).trim().to_owned());
    is_usable(&answer).then_some(answer)
}

/// A plain name: of a header with its folders, otherwise without any.
fn is_usable(missing: &Missing) -> bool {
    let (Missing::Header(name)
    | Missing::Program(name)
    | Missing::Library(name)
    | Missing::Module(name)) = missing;
    let header = matches!(missing, Missing::Header(_));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._+-".contains(&b) || (header && b == b'/');
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(plain)
        && name.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(name: &str) -> Vec<Missing> {
        vec![Missing::Header(name.to_owned())]
    }

    fn program(name: &str) -> Vec<Missing> {
        vec![Missing::Program(name.to_owned())]
    }

    fn library(name: &str) -> Vec<Missing> {
        vec![Missing::Library(name.to_owned())]
    }

    fn module(name: &str) -> Vec<Missing> {
        vec![Missing::Module(name.to_owned())]
    }

    #[test]
    fn every_tool_has_its_own_words() {
        for (line, expected) in [
            (
                "./psycopg/psycopg.h:35:10: fatal error: Python.h: No such file or directory",
                header("Python.h"),
            ),
            (
                "src/lxml/etree.c:98:10: fatal error: libxml/xpath.h: No such file or directory",
                header("libxml/xpath.h"),
            ),
            ("a.c:1:10: fatal error: 'zlib.h' file not found", header("zlib.h")),
            ("Error: pg_config executable not found.", program("pg_config")),
            ("  Error: pg_config executable not found.", program("pg_config")),
            ("/bin/sh: 1: xslt-config: not found", program("xslt-config")),
            ("sh: line 1: mysql_config: command not found", program("mysql_config")),
            (
                "FileNotFoundError: [Errno 2] No such file or directory: 'krb5-config'",
                program("krb5-config"),
            ),
            (
                "error: command 'x86_64-linux-gnu-gcc' failed: No such file or directory",
                program("x86_64-linux-gnu-gcc"),
            ),
            (
                "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc'], ['clang']]",
                program("gcc"),
            ),
            ("error: can't find Rust compiler", program("rustc")),
            ("Program swig found: NO", program("swig")),
            ("Package 'libxml-2.0', required by 'virtual:world', not found", module("libxml-2.0")),
            ("No package 'xmlsec1' found", module("xmlsec1")),
            ("Package cairo was not found in the pkg-config search path.", module("cairo")),
            (
                "../meson.build:31:12: ERROR: Dependency \"cairo\" not found, tried pkgconfig",
                module("cairo"),
            ),
            ("/usr/bin/ld: cannot find -lpq: No such file or directory", library("pq")),
            ("/usr/bin/x86_64-linux-gnu-ld: cannot find -lldap_r", library("ldap_r")),
            ("collect2: error: ld returned 1 exit status", vec![]),
            ("fatal error: ../../etc/passwd: No such file or directory", vec![]),
            ("fatal error: /etc/x.h: No such file or directory", vec![]),
            ("FileNotFoundError: [Errno 2] No such file or directory: '/tmp/x/README.md'", vec![]),
            ("Building wheel for psycopg2 (setup.py): finished", vec![]),
            ("sh: 1: $(rm -rf x): not found", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(missing(line), expected, "{line}");
        }
    }

    #[test]
    fn each_once_and_not_without_end() {
        let twice = "fatal error: a.h: No such file or directory\n".repeat(2);
        assert_eq!(missing(&twice).len(), 1);
        let many: Vec<String> = (0..1000).map(|n| format!("cannot find -lx{n}")).collect();
        assert_eq!(missing(&many.join("\n")).len(), MAX_FOUND);
        let long = format!("{}\u{e4}cannot find -lx", "y".repeat(MAX_LINE - 1));
        assert_eq!(missing(&long).len(), 1, "a cut in a character leaves the line whole");
    }
}
