//! What a Dockerfile installs with apt into the image that runs.
//!
//! Only the last stage counts, with the stages that it is made from: what others install is for
//! building. Lines are read as a shell reads them, as far as they are plain; what a variable or a
//! condition decides is not guessed at.

use crate::inspect::aptfile::{is_file, is_name};
use crate::inspect::shell::{SimpleCommand, split};

/// The packages of one `apt-get install`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::inspect) struct AptLine {
    /// The Dockerfile.
    pub(in crate::inspect) file: String,
    /// Line of the instruction, counted from 1.
    pub(in crate::inspect) line: u32,
    /// Names as apt takes them, without versions.
    pub(in crate::inspect) packages: Vec<String>,
}

/// Options of apt that take the next word.
const WITH_VALUE: [&str; 8] =
    ["-a", "-c", "-o", "-t", "--config-file", "--default-release", "--option", "--target-release"];

/// One `FROM` and what runs after it.
struct Stage<'a> {
    name: Option<String>,
    base: String,
    runs: Vec<(u32, &'a str)>,
}

/// What the last stage installs, in the order of writing.
pub(super) fn installed(file: &str, instructions: &[(u32, String)]) -> Vec<AptLine> {
    let stages = stages(instructions);
    let mut wanted = Vec::new();
    let mut at = stages.len().checked_sub(1);
    while let Some(number) = at {
        wanted.push(number);
        // A stage can only be made from one that is written before it.
        at = stages[..number].iter().rposition(|stage| stage.is_called(&stages[number].base));
    }
    let mut found = Vec::new();
    for (line, run) in wanted.iter().rev().flat_map(|number| &stages[*number].runs) {
        for packages in commands(run).iter().filter_map(packages_of) {
            found.push(AptLine { file: file.to_owned(), line: *line, packages });
        }
    }
    found
}

impl Stage<'_> {
    fn is_called(&self, name: &str) -> bool {
        self.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
    }
}

fn stages(instructions: &[(u32, String)]) -> Vec<Stage<'_>> {
    let mut stages: Vec<Stage<'_>> = Vec::new();
    for (line, instruction) in instructions {
        let Some((keyword, rest)) = instruction.split_once(char::is_whitespace) else { continue };
        if keyword.eq_ignore_ascii_case("FROM") {
            let words: Vec<_> = rest.split_whitespace().filter(|w| !w.starts_with("--")).collect();
            let name = match words.as_slice() {
                [_, word, name, ..] if word.eq_ignore_ascii_case("as") => Some((*name).to_owned()),
                _ => None,
            };
            let base = words.first().copied().unwrap_or_default().to_owned();
            stages.push(Stage { name, base, runs: Vec::new() });
        } else if keyword.eq_ignore_ascii_case("RUN")
            && let Some(stage) = stages.last_mut()
        {
            stage.runs.push((*line, rest));
        }
    }
    stages
}

/// The simple commands of a `RUN`, as far as they can be told apart.
fn commands(run: &str) -> Vec<SimpleCommand> {
    let mut text = run.trim();
    while text.starts_with("--") {
        text = text.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    let line = super::command_line(text).replace("\\\n", " ");
    let pieces = line.split(['\n', ';']).flat_map(|piece| piece.split("&&"));
    let pieces = pieces.flat_map(|piece| piece.split("||")).map(|piece| {
        // What is written to a file, or only said, is no part of the command.
        let end = [" >", " 2>", " <", " #", ")"].iter().filter_map(|stop| piece.find(stop)).min();
        piece[..end.unwrap_or(piece.len())].trim().trim_start_matches(['(', '{', ' '])
    });
    pieces.filter_map(split).flatten().collect()
}

/// The packages that a command installs; `None` for other commands.
fn packages_of(command: &SimpleCommand) -> Option<Vec<String>> {
    const BEFORE: [&str; 7] = ["sudo", "exec", "env", "then", "do", "else", "eatmydata"];
    let mut words = command.words.iter().skip_while(|word| {
        BEFORE.contains(&word.text.as_str())
            || word.text.contains('=')
            || word.text.starts_with('-')
    });
    let program = words.next()?.text.rsplit('/').next()?;
    if !matches!(program, "apt-get" | "apt" | "aptitude") {
        return None;
    }
    let mut installs = false;
    let mut packages = Vec::new();
    while let Some(word) = words.next() {
        if word.text.starts_with('-') {
            if WITH_VALUE.contains(&word.text.as_str()) {
                words.next();
            }
        } else if !installs {
            installs = word.text == "install";
            if !installs {
                return None;
            }
        } else {
            packages.extend(package_name(&word.text));
        }
    }
    installs.then_some(packages)
}

/// `libpq5=15.*` and `libpq5:amd64` as `libpq5`; `None` for files, for what is removed, and for
/// what a shell would have to expand.
fn package_name(word: &str) -> Option<String> {
    if word.contains("./") || word.starts_with('/') || is_file(word) || word.ends_with('-') {
        return None;
    }
    let name = word.split(['=', ':', '/']).next().unwrap_or_default();
    is_name(name).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::instructions::instructions;
    use super::*;

    fn names(text: &str) -> Vec<String> {
        installed("Dockerfile", &instructions(text))
            .into_iter()
            .flat_map(|line| line.packages)
            .collect()
    }

    #[test]
    fn ways_to_write_it() {
        for (run, expected) in [
            (
                "apt-get update && apt-get install -y --no-install-recommends libpq5 git && rm -rf /x",
                "libpq5 git",
            ),
            ("DEBIAN_FRONTEND=noninteractive apt-get -qq -y install ffmpeg > /dev/null", "ffmpeg"),
            (
                "--mount=type=cache,target=/var/cache/apt --network=host apt install -y a1 b2",
                "a1 b2",
            ),
            (
                "set -eux; \\\n  apt-get update; \\\n  # why\n  apt-get install -y \\\n    libpq5=15.* \\\n    git:amd64 \\\n  ; rm -rf /var/lib/apt/lists/*",
                "libpq5 git",
            ),
            ("[\"apt-get\", \"install\", \"-y\", \"libpq5\"]", "libpq5"),
            ("[\"sh\", \"-c\", \"apt-get install libpq5\"]", "libpq5"),
            ("<<EOF\napt-get update\napt-get install -y \\\nlibpq5 git\nEOF", "libpq5 git"),
            ("sudo apt-get install -t bookworm-backports -o Dpkg::Options::=--x ffmpeg", "ffmpeg"),
            ("if [ -n \"$X\" ]; then apt-get install -y libpq5; fi", "libpq5"),
            ("apt-get install -y $PACKAGES \"libpq5\" ./x.deb /tmp/y.deb nano-", "libpq5"),
            ("apt-get remove -y gcc && apt-get purge git", ""),
            ("apt-get update || (sleep 1 && apt-get install -y libpq5)", "libpq5"),
            ("echo apt-get install no", ""),
            ("pip install libpq5", ""),
        ] {
            assert_eq!(names(&format!("FROM x\nRUN {run}\n")).join(" "), expected, "{run}");
        }
    }

    #[test]
    fn only_the_stage_that_runs_and_what_it_is_made_from() {
        let text = "FROM python:3.13 AS base\nRUN apt-get install libpq5\n\
                    FROM base AS build\nRUN apt-get install gcc\n\
                    FROM node AS assets\nRUN apt-get install nodejs\n\
                    FROM Base AS final\nRUN apt-get install git\nCOPY --from=build /x /x\n";
        let found = installed("Dockerfile", &instructions(text));
        let lines: Vec<_> = found.iter().map(|l| (l.line, l.packages.join(" "))).collect();
        assert_eq!(lines, [(2, "libpq5".to_owned()), (8, "git".to_owned())]);
        assert_eq!(names("RUN apt-get install before-any-from\n"), [""; 0]);
        assert_eq!(names("FROM a AS a\nRUN apt-get install git\n"), ["git"], "no ring");
    }
}
