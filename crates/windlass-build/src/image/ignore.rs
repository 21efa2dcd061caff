//! What is kept out of an image: `.dockerignore` patterns. Pure.
//!
//! The project's rules are Docker's: patterns are relative to the root, `**` spans folders, a later
//! pattern beats an earlier one, `!` takes back, and a pattern that matches a folder covers what is
//! in it (the rules of Docker's reference, ".dockerignore file"). The built-in rules stand apart from them: the usual list of what is allowed (`*`, then
//! `!app`) says which folders belong in an image, not that the secrets in them do. So one of those
//! is taken back only by a pattern that names it, such as `!.env`, and what is in [`NEVER`] by none.

/// What is never in an image: history, and bytecode, which the build makes itself.
const NEVER: &str = "
**/.git
**/.hg
**/.svn
**/__pycache__
**/*.pyc
**/*.pyo
";

/// What no image of a Python project should hold unless the project names it: environments and
/// caches that belong to the machine, what setuptools left, secrets, and files that say how to build
/// or deploy.
const DEFAULTS: &str = "
**/.venv
**/venv
**/.tox
**/.nox
**/node_modules
**/*.egg-info
**/.cache
**/.mypy_cache
**/.pytest_cache
**/.ruff_cache
**/.hypothesis
**/.ipynb_checkpoints
**/.coverage
**/.coverage.*
**/htmlcov
**/.idea
**/.vscode
**/.DS_Store
**/.env
**/.env.*
**/*.env
**/.envs
**/.envrc
!**/.env.example
!**/.env.sample
!**/.env.template
!**/example.env
!**/sample.env
!**/template.env
**/secrets.toml
**/.secrets.toml
**/.netrc
**/.pypirc
**/.git-credentials
**/.aws
**/.kube
**/.ssh
**/.gnupg
**/*.pem
**/*.key
**/*.p12
**/*.pfx
**/id_rsa*
**/id_ed25519*
**/id_ecdsa*
build/lib
build/lib.*
build/bdist.*
.github
.gitlab-ci.yml
.gitignore
.gitattributes
.dockerignore
.containerignore
Dockerfile*
Containerfile*
docker-compose*.y*ml
compose*.y*ml
windlass.lock
";

/// The files that such patterns are read from, the first that exists: the one beside its
/// Dockerfile wins in Docker, and podman has a name of its own.
pub(crate) const LISTS: [&str; 3] =
    ["Dockerfile.dockerignore", ".dockerignore", ".containerignore"];

/// Whether a list of patterns keeps a path out.
#[cfg(test)]
pub(crate) fn excludes(list: &str, path: &str) -> bool {
    IgnoreRules::new(list, &[]).excludes(path)
}

/// The built-in rules, one a line, in Docker's syntax.
pub(crate) fn default_rules() -> impl Iterator<Item = &'static str> {
    NEVER.lines().chain(DEFAULTS.lines()).filter(|line| !line.is_empty())
}

/// The built-in rules and a project's own.
#[derive(Debug, Clone, Default)]
pub(crate) struct IgnoreRules {
    never: Vec<Rule>,
    defaults: Vec<Rule>,
    own: Vec<Rule>,
    takes_back: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    parts: Vec<String>,
    keep: bool,
}

impl IgnoreRules {
    /// The built-in rules, the project's `.dockerignore`, then patterns of its configuration.
    pub(crate) fn new(dockerignore: &str, exclude: &[String]) -> Self {
        let text = dockerignore.trim_start_matches('\u{feff}');
        let own = text.lines().chain(exclude.iter().map(String::as_str));
        let own: Vec<Rule> = own.filter_map(Rule::parse).collect();
        let rules = |text: &str| text.lines().filter_map(Rule::parse).collect();
        let takes_back = own.iter().any(|rule| rule.keep);
        Self { never: rules(NEVER), defaults: rules(DEFAULTS), own, takes_back }
    }

    /// Whether the path (relative, with `/`) stays out.
    pub(crate) fn excludes(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let mut excluded = false;
        for rule in &self.own {
            if excluded == rule.keep && rule.covers(&parts) {
                excluded = !rule.keep;
            }
        }
        excluded || self.is_never(&parts) || self.is_default(&parts)
    }

    /// Whether a folder that stays out may still hold something that does not.
    pub(crate) fn must_enter(&self, folder: &str) -> bool {
        let parts: Vec<&str> = folder.split('/').collect();
        self.takes_back && !self.is_never(&parts)
    }

    fn is_never(&self, path: &[&str]) -> bool {
        self.never.iter().any(|rule| rule.covers(path))
    }

    /// Whether a built-in rule keeps the path out: it, or a folder that it is in, and nothing that
    /// lies at or below what the rule speaks of is named by a pattern that takes back.
    fn is_default(&self, path: &[&str]) -> bool {
        let taken_back = |end: usize| {
            self.defaults.iter().chain(&self.own).filter(|rule| rule.keep).any(|rule| {
                rule.names(&path[..end])
                    || !rule.is_deep() && (end..=path.len()).any(|at| rule.names(&path[..at]))
            })
        };
        let rules = self.defaults.iter().filter(|rule| !rule.keep);
        let mut ends = rules.flat_map(|rule| rule.ends(path));
        ends.any(|end| !taken_back(end))
    }
}

/// Whether a pattern matches just this path (relative, with `/`), as uv's lists of folders do.
pub(crate) fn matches_pattern(pattern: &str, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    // What a shell writes as `[!a]` is `[^a]` in Docker's patterns.
    let pattern = pattern.replace("[!", "[^");
    Rule::parse(&pattern).is_some_and(|rule| matches_parts(&rule.parts, &parts))
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        // A comment is told before spaces are taken off: ` #x` is a pattern.
        if line.starts_with('#') {
            return None;
        }
        let line = line.trim();
        let (keep, pattern) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let mut parts: Vec<String> = Vec::new();
        for part in pattern.split('/') {
            match part {
                "" | "." => {}
                // Cleaned as a path is; what leads out of the project means nothing in it.
                ".." => drop(parts.pop()?),
                part => parts.push(part.to_owned()),
            }
        }
        (!parts.is_empty()).then_some(Self { parts, keep })
    }

    /// Whether the pattern matches the path or a folder that it is in.
    fn covers(&self, path: &[&str]) -> bool {
        self.ends(path).next().is_some()
    }

    /// Where the path and the folders that it is in end that the pattern matches.
    fn ends(&self, path: &[&str]) -> impl Iterator<Item = usize> {
        (1..=path.len()).filter(|end| matches_parts(&self.parts, &path[..*end]))
    }

    /// Whether the pattern speaks of just this path: `**` or `app/*` name nothing.
    fn names(&self, path: &[&str]) -> bool {
        let last = self.parts.last().map_or("", String::as_str);
        last.contains(|c: char| c.is_alphanumeric()) && matches_parts(&self.parts, path)
    }

    /// Whether the pattern matches at any depth: then it means no certain folder's content.
    fn is_deep(&self) -> bool {
        self.parts.iter().any(|part| part == "**")
    }
}

fn matches_parts(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        // At the end it stands for what is in a folder, not for the folder itself.
        (Some((first, [])), _) if first == "**" => !path.is_empty(),
        (Some((first, rest)), _) if first == "**" => {
            (0..=path.len()).any(|skip| matches_parts(rest, &path[skip..]))
        }
        (Some((first, rest)), Some((name, below))) => {
            matches_name(first.as_bytes(), name.as_bytes()) && matches_parts(rest, below)
        }
        _ => false,
    }
}

/// One component: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a character that means itself.
fn matches_name(pattern: &[u8], name: &[u8]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some((b'*', rest)) => (0..=name.len()).any(|skip| matches_name(rest, &name[skip..])),
        Some((b'?', rest)) => !name.is_empty() && matches_name(rest, &name[1..]),
        Some((b'[', rest)) => match (class(rest), name.split_first()) {
            (Some((set, negated, rest)), Some((first, below))) => {
                let within = set.iter().any(|(low, high)| (low..=high).contains(&first));
                within != negated && matches_name(rest, below)
            }
            _ => false,
        },
        Some((b'\\', [literal, rest @ ..]) | (literal, rest)) => {
            name.first() == Some(literal) && matches_name(rest, &name[1..])
        }
    }
}

type Ranges = Vec<(u8, u8)>;

/// A bracket expression after its `[`: its ranges, whether it is negated, what follows.
fn class(pattern: &[u8]) -> Option<(Ranges, bool, &[u8])> {
    let negated = pattern.first() == Some(&b'^');
    let body = &pattern[usize::from(negated)..];
    let end = body.iter().skip(1).position(|byte| *byte == b']')? + 1;
    let mut ranges = Vec::new();
    let mut rest = &body[..end];
    while let Some((low, after)) = rest.split_first() {
        if let [b'-', high, more @ ..] = after {
            ranges.push((*low, *high));
            rest = more;
        } else {
            ranges.push((*low, *low));
            rest = after;
        }
    }
    Some((ranges, negated, &body[end + 1..]))
}

#[cfg(test)]
mod tests;
