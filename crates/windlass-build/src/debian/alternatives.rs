//! The links that `update-alternatives` would have made: which of several packages stands for a
//! common name (`/usr/lib/.../libblas.so.3`, `/usr/bin/awk`, `/usr/bin/convert`).
//!
//! Pure. Scripts are read, never run: what is understood are literal calls with `--install` and
//! `--slave` (update-alternatives(1)), alone or in a `for` loop over literal words. The highest
//! priority wins, then the package that comes first by name; a file of a package always wins.

use super::furnish::Entries;
use super::tidy;
use std::collections::BTreeMap;
use windlass_oci::LayerEntry;

/// One link that a script asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternative {
    /// Where the link goes, and what it leads to: absolute paths.
    link: String,
    target: String,
    priority: i64,
}

/// Most links of one script; real ones have some dozens.
const MAX_LINKS: usize = 1000;

/// What a script that runs after unpacking asks for.
pub(super) fn of_script(script: &str) -> Vec<Alternative> {
    let script = script.replace("\\\n", " ");
    let mut found = Vec::new();
    let mut loops: Vec<(String, Vec<String>)> = Vec::new();
    for line in script.lines().flat_map(|line| line.split(';')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let words = match words.as_slice() {
            ["do" | "then" | "else", rest @ ..] => rest,
            all => all,
        };
        match words {
            ["for", name, "in", values @ ..] => {
                let values = values.iter().map(|value| (*value).to_owned()).collect();
                loops.push(((*name).to_owned(), values));
            }
            ["done", ..] => drop(loops.pop()),
            ["update-alternatives", rest @ ..] if !rest.is_empty() => {
                for rest in expanded(rest, &loops) {
                    found.extend(installed(&rest));
                }
            }
            _ => {}
        }
        found.truncate(MAX_LINKS);
    }
    found
}

/// The words once for every value of the innermost loop's variable.
fn expanded(words: &[&str], loops: &[(String, Vec<String>)]) -> Vec<Vec<String>> {
    let unquoted = || words.iter().map(|word| word.trim_matches(['"', '\'']).to_owned());
    let Some((name, values)) = loops.last() else { return vec![unquoted().collect()] };
    let (plain, braced) = (format!("${name}"), format!("${{{name}}}"));
    let with = |value: &String| {
        unquoted().map(|word| word.replace(&braced, value).replace(&plain, value)).collect()
    };
    values.iter().map(with).collect()
}

/// `--install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]...`; nothing for other calls, and
/// for what still has a variable in it.
fn installed(words: &[String]) -> Vec<Alternative> {
    let mut words = words.iter().map(String::as_str).skip_while(|word| *word != "--install");
    words.next();
    let words: Vec<&str> = words.collect();
    let [link, _, target, priority, rest @ ..] = words.as_slice() else { return Vec::new() };
    let Ok(priority) = priority.parse() else { return Vec::new() };
    let slaves = rest.chunks(4).map_while(|chunk| match chunk {
        ["--slave", link, _, target] => Some((*link, *target)),
        _ => None,
    });
    let all = std::iter::once((*link, *target)).chain(slaves);
    all.filter(|(link, target)| is_plain(link) && is_plain(target))
        .map(|(link, target)| Alternative {
            link: link.to_owned(),
            target: target.to_owned(),
            priority,
        })
        .collect()
}

/// An absolute path that is written out and stays where it says.
fn is_plain(path: &str) -> bool {
    let strange = |c: char| "$`*?()<>|&\"'".contains(c);
    path.starts_with('/')
        && path.len() > 1
        && !path.contains(strange)
        && path[1..].split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Adds the links of a layer's packages, in the order of their names, where what they lead to is
/// in the layer and nothing else is in their place.
pub(super) fn add(entries: &mut Entries, below: &[&Entries], asked: Vec<Alternative>) {
    let mut best: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for Alternative { link, target, priority } in asked {
        let tidied = |path: &str| tidy::tidied(LayerEntry::text(&path[1..], ""));
        let (Some(link), Some(target)) = (tidied(&link), tidied(&target)) else { continue };
        if !entries.contains_key(&target.path) {
            continue;
        }
        match best.get(&link.path) {
            Some((known, _)) if *known >= priority => {}
            _ => {
                let target = relative(&link.path, &target.path);
                best.insert(link.path, (priority, target));
            }
        }
    }
    for (link, (_, target)) in best {
        let taken = below.iter().any(|layer| layer.contains_key(&link));
        if !taken {
            entries.entry(link.clone()).or_insert_with(|| LayerEntry::symlink(link, target));
        }
    }
}

/// The way from a link to its target: it leads to the same file where the root is not mounted.
fn relative(link: &str, target: &str) -> String {
    let folders: Vec<&str> = link.split('/').rev().skip(1).collect();
    let shared = folders.iter().rev().zip(target.split('/')).take_while(|(a, b)| *a == b).count();
    let ups = std::iter::repeat_n("..", folders.len() - shared);
    ups.chain(target.split('/').skip(shared)).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(script: &str) -> Vec<String> {
        of_script(script)
            .iter()
            .map(|a| format!("{} {} {}", a.link, a.target, a.priority))
            .collect()
    }

    #[test]
    fn literal_calls_and_loops_are_read() {
        for (script, expected) in [
            (
                "update-alternatives --install /usr/lib/x/libblas.so.3 \\\n   libblas.so.3-x /usr/lib/x/blas/libblas.so.3 10\n",
                &["/usr/lib/x/libblas.so.3 /usr/lib/x/blas/libblas.so.3 10"][..],
            ),
            (
                "if [ \"$1\" = configure ]; then update-alternatives --quiet --install \"/usr/bin/awk\" awk /usr/bin/mawk 5 --slave /usr/bin/nawk nawk /usr/bin/mawk; fi",
                &["/usr/bin/awk /usr/bin/mawk 5", "/usr/bin/nawk /usr/bin/mawk 5"],
            ),
            (
                "for prog in compare convert; do\n update-alternatives --install /usr/bin/$prog $prog /usr/bin/${prog}-im7 10\ndone\nupdate-alternatives --install /usr/bin/$prog x /usr/bin/y 1",
                &[
                    "/usr/bin/compare /usr/bin/compare-im7 10",
                    "/usr/bin/convert /usr/bin/convert-im7 10",
                ],
            ),
            ("update-alternatives --remove awk /usr/bin/mawk", &[]),
            ("update-alternatives --install /usr/bin/a a $target 1", &[]),
            ("update-alternatives --install /usr/../etc/a a /usr/bin/b 1", &[]),
            ("update-alternatives --install /usr/bin/a a /usr/bin/b high", &[]),
            ("echo update-alternatives --install /usr/bin/a a /usr/bin/b 1", &[]),
            ("done\ndone\nupdate-alternatives", &[]),
        ] {
            assert_eq!(links(script), expected, "{script}");
        }
    }

    #[test]
    fn links_are_relative() {
        for (link, target, expected) in [
            ("usr/bin/awk", "usr/bin/mawk", "mawk"),
            ("usr/lib/x/a.so", "usr/lib/x/b/a.so", "b/a.so"),
            ("usr/bin/java", "usr/lib/jvm/bin/java", "../lib/jvm/bin/java"),
            ("etc/x", "usr/bin/x", "../usr/bin/x"),
        ] {
            assert_eq!(relative(link, target), expected);
        }
    }

    #[test]
    fn the_highest_priority_wins_and_files_win_over_links() {
        let mut entries = Entries::new();
        for path in ["usr/lib/x/blas/libblas.so.3", "usr/lib/x/open/libblas.so.3", "usr/bin/real"] {
            entries.insert(path.to_owned(), LayerEntry::text(path, ""));
        }
        let below: Entries =
            [("usr/bin/low".to_owned(), LayerEntry::text("usr/bin/low", ""))].into();
        let script = "update-alternatives --install /lib/x/libblas.so.3 l /usr/lib/x/blas/libblas.so.3 10\n\
            update-alternatives --install /usr/lib/x/libblas.so.3 l /usr/lib/x/open/libblas.so.3 100\n\
            update-alternatives --install /usr/bin/real r /usr/lib/x/blas/libblas.so.3 10\n\
            update-alternatives --install /usr/bin/low r /usr/bin/real 10\n\
            update-alternatives --install /usr/bin/gone r /usr/bin/not-there 10\n";
        add(&mut entries, &[&below], of_script(script));
        let link = LayerEntry::symlink("usr/lib/x/libblas.so.3", "open/libblas.so.3");
        assert_eq!(entries["usr/lib/x/libblas.so.3"], link);
        assert_eq!(entries["usr/bin/real"], LayerEntry::text("usr/bin/real", ""));
        assert_eq!(entries.len(), 4, "{:?}", entries.keys());
    }
}
