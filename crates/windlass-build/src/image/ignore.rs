//! What is kept out of an image: `.dockerignore` patterns. Pure.
//!
//! The rules are Docker's: patterns are relative to the root, `**` spans folders, a later pattern
//! beats an earlier one, `!` takes back, and a pattern that matches a folder covers what is in it.

/// What no image of a Python project should hold, whatever the project says: history, environments
/// and caches that belong to the machine, secrets, and files that say how to build or deploy.
const DEFAULTS: &str = "
**/.git
**/.hg
**/.svn
**/.venv
**/venv
**/.tox
**/.nox
**/node_modules
**/__pycache__
**/*.pyc
**/*.pyo
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
!**/.env.example
!**/.env.sample
!**/.env.template
**/.envrc
**/.netrc
**/.pypirc
**/.aws
**/.ssh
**/.gnupg
**/*.pem
**/*.key
**/*.p12
**/*.pfx
**/id_rsa*
**/id_ed25519*
**/id_ecdsa*
.github
.gitlab-ci.yml
.gitignore
.gitattributes
.dockerignore
Dockerfile*
docker-compose*.y*ml
compose*.y*ml
windlass.lock
";

/// A list of patterns.
#[derive(Debug, Clone, Default)]
pub(crate) struct IgnoreRules {
    rules: Vec<Rule>,
    takes_back: bool,
}

#[derive(Debug, Clone)]
struct Rule {
    parts: Vec<String>,
    keep: bool,
}

impl IgnoreRules {
    /// The defaults, then the project's `.dockerignore`, then patterns of its configuration.
    pub(crate) fn new(dockerignore: &str, exclude: &[String]) -> Self {
        let own = dockerignore.lines().chain(exclude.iter().map(String::as_str));
        let own: Vec<Rule> = own.filter_map(Rule::parse).collect();
        let takes_back = own.iter().any(|rule| rule.keep);
        let mut rules: Vec<Rule> = DEFAULTS.lines().filter_map(Rule::parse).collect();
        rules.extend(own);
        Self { rules, takes_back }
    }

    /// Whether the path (relative, with `/`) stays out.
    pub(crate) fn excludes(&self, path: &str) -> bool {
        let parts: Vec<&str> = path.split('/').collect();
        let mut excluded = false;
        for rule in &self.rules {
            if excluded == rule.keep && rule.covers(&parts) {
                excluded = !rule.keep;
            }
        }
        excluded
    }

    /// Whether a folder that stays out may still hold something that does not.
    pub(crate) fn must_enter(&self) -> bool {
        self.takes_back
    }
}

impl Rule {
    fn parse(line: &str) -> Option<Self> {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (keep, pattern) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        let parts: Vec<String> = pattern
            .split('/')
            .filter(|part| !matches!(*part, "" | "."))
            .map(str::to_owned)
            .collect();
        (!parts.is_empty()).then_some(Self { parts, keep })
    }

    /// Whether the pattern matches the path or a folder that it is in.
    fn covers(&self, path: &[&str]) -> bool {
        (1..=path.len()).any(|end| matches_parts(&self.parts, &path[..end]))
    }
}

fn matches_parts(pattern: &[String], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
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
    let negated = matches!(pattern.first(), Some(b'^' | b'!'));
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
mod tests {
    use super::*;

    #[test]
    fn defaults_keep_secrets_and_caches_out() {
        let rules = IgnoreRules::new("", &[]);
        for (path, out) in [
            (".git/config", true),
            ("a/b/__pycache__/x.pyc", true),
            (".env", true),
            ("conf/.env.production", true),
            (".env.example", false),
            ("certs/server.pem", true),
            ("windlass.lock", true),
            ("sub/windlass.lock", false),
            ("tests/test_a.py", false),
            ("environment.py", false),
            ("app.py", false),
        ] {
            assert_eq!(rules.excludes(path), out, "{path}");
        }
    }

    #[test]
    fn patterns_are_dockers() {
        let text = "# note\n/docs\n*.md\n!README.md\n**/tmp\na/*/c\n[xy]?.t\\*t\n!.env\n";
        let rules = IgnoreRules::new(text, &["secret-*".to_owned()]);
        for (path, out) in [
            ("docs/a/b", true),
            ("x/docs", false),
            ("a.md", true),
            ("x/a.md", false),
            ("README.md", false),
            ("p/q/tmp/r", true),
            ("a/b/c/d", true),
            ("a/b/d", false),
            ("x1.t*t", true),
            ("x1.txt", false),
            (".env", false),
            ("secret-1", true),
        ] {
            assert_eq!(rules.excludes(path), out, "{path}");
        }
        assert!(rules.must_enter() && !IgnoreRules::new("a", &[]).must_enter());
    }
}
