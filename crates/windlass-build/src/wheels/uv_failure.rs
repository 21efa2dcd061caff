//! What uv says when it fails, told apart by kind.
//!
//! Pure. uv writes `error: ...` and then `cause: ...` lines (older ones drew a tree instead). Its
//! own explanation is kept word for word as the cause; the kind decides the cure. A message that
//! nobody here knows stays a failure of its own kind, with the whole text.

use std::path::PathBuf;

/// Why a run of uv failed.
#[derive(Debug, thiserror::Error)]
pub enum UvFailure {
    /// It could not be started.
    #[error("{} could not be started", binary.display())]
    Start {
        /// The executable.
        binary: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No set of versions satisfies all requirements.
    #[error("no set of versions satisfies the requirements")]
    Unsatisfiable {
        /// uv's reasoning.
        explanation: String,
    },
    /// A package that no index knows.
    #[error("no package index knows `{package}`")]
    UnknownPackage {
        /// The package.
        package: String,
        /// uv's reasoning.
        explanation: String,
    },
    /// An index or a file behind an address did not answer.
    #[error("{url} cannot be reached")]
    Unreachable {
        /// The address, without credentials.
        url: String,
        /// uv's reasoning.
        explanation: String,
    },
    /// A requirement from a repository that cannot be fetched.
    #[error("the repository of `{requirement}` cannot be fetched")]
    Repository {
        /// The requirement.
        requirement: String,
        /// uv's reasoning.
        explanation: String,
    },
    /// A requirement that is not one.
    #[error("a requirement cannot be read{}", at(file.as_ref(), *position))]
    Syntax {
        /// The file.
        file: Option<String>,
        /// Byte in the file at which reading stopped.
        position: Option<usize>,
        /// uv's reasoning.
        explanation: String,
    },
    /// A file that a requirements file includes is not there.
    #[error("{file} does not exist")]
    MissingFile {
        /// The file.
        file: String,
        /// uv's reasoning.
        explanation: String,
    },
    /// `uv.lock` does not fit `pyproject.toml` any more.
    #[error("uv.lock is out of date")]
    StaleLock {
        /// uv's reasoning.
        explanation: String,
    },
    /// A source archive or folder could not be built or asked for its metadata.
    #[error("{package} could not be built")]
    Build {
        /// The package.
        package: String,
        /// The build's last lines.
        explanation: String,
    },
    /// This uv is too old for what it is asked.
    #[error("the installed uv is too old")]
    TooOld {
        /// uv's complaint.
        explanation: String,
    },
    /// Anything else.
    #[error("uv failed")]
    Other {
        /// Everything that uv wrote to its standard error.
        explanation: String,
    },
}

fn at(file: Option<&String>, position: Option<usize>) -> String {
    match (file, position) {
        (Some(file), Some(position)) => format!(" in {file} at byte {position}"),
        (Some(file), None) => format!(" in {file}"),
        (None, _) => String::new(),
    }
}

impl UvFailure {
    /// uv's own words.
    pub fn explanation(&self) -> Option<&str> {
        match self {
            UvFailure::Start { .. } => None,
            UvFailure::Unsatisfiable { explanation }
            | UvFailure::UnknownPackage { explanation, .. }
            | UvFailure::Unreachable { explanation, .. }
            | UvFailure::Repository { explanation, .. }
            | UvFailure::Syntax { explanation, .. }
            | UvFailure::MissingFile { explanation, .. }
            | UvFailure::StaleLock { explanation }
            | UvFailure::Build { explanation, .. }
            | UvFailure::TooOld { explanation }
            | UvFailure::Other { explanation } => Some(explanation),
        }
    }
}

/// Reads what uv wrote to its standard error.
pub(super) fn read_failure(stderr: &str) -> UvFailure {
    let explanation = clean(stderr);
    let text = explanation.as_str();
    let lower = text.to_ascii_lowercase();
    let has = |needle: &str| lower.contains(needle);
    if has("unexpected argument") || has("invalid value 'pylock") {
        return UvFailure::TooOld { explanation };
    }
    if has("lockfile") && (has("needs to be updated") || has("out-of-date") || has("outdated")) {
        return UvFailure::StaleLock { explanation };
    }
    if has("git operation failed") || has("failed to clone") {
        let requirement = between(text, "`", "`").unwrap_or_default();
        return UvFailure::Repository { requirement, explanation };
    }
    if has("failed to fetch") || has("error sending request") || has("failed to download") {
        let address = text.split_whitespace().find(|word| word.contains("://"));
        let url = address.map(strip_credentials).unwrap_or_default();
        return UvFailure::Unreachable { url, explanation };
    }
    if has("build backend") || has("failed to build") {
        let package = between(text, "`", "`").unwrap_or_default();
        return UvFailure::Build { package, explanation };
    }
    if let Some(package) = between(text, "Because ", " was not found in the package registry") {
        return UvFailure::UnknownPackage { package, explanation };
    }
    if has("no solution found") {
        return UvFailure::Unsatisfiable { explanation };
    }
    if let Some(file) = between(text, "failed to read from file `", "`")
        .or_else(|| between(text, "File not found: `", "`"))
        .or_else(|| between(text, "Distribution not found at: file://", "\n"))
    {
        return UvFailure::MissingFile { file, explanation };
    }
    if has("couldn't parse") || has("failed to parse") || has("unsupported requirement") {
        let file = between(text, "`", "`").filter(|file| !file.contains(char::is_whitespace));
        let position = text.split("at position ").nth(1).and_then(leading_number);
        return UvFailure::Syntax { file, position, explanation };
    }
    UvFailure::Other { explanation }
}

/// uv's message without its drawing characters, hints of progress, and credentials.
fn clean(stderr: &str) -> String {
    let mut lines = Vec::new();
    for line in stderr.lines() {
        let line = line.trim_end();
        let plain = line.trim_start_matches([' ', '×', '├', '╰', '│', '─', '▶']);
        let is_noise = ["Using CPython", "Resolved ", "Updating ", "Building "]
            .iter()
            .any(|start| plain.starts_with(start));
        if plain.is_empty() || is_noise {
            continue;
        }
        let plain = plain.strip_prefix("error: ").unwrap_or(plain);
        let plain = plain.strip_prefix("cause: ").unwrap_or(plain);
        lines.push(plain.split(' ').map(strip_credentials).collect::<Vec<_>>().join(" "));
    }
    lines.join("\n")
}

/// An address without `user:password@` and without the punctuation around it.
fn strip_credentials(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else { return word.to_owned() };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let host = rest[..authority_end].rsplit('@').next().unwrap_or_default();
    let tail = rest[authority_end..].trim_end_matches(['`', '\'', ')', ',', '"']);
    let scheme = scheme.trim_start_matches(['`', '\'', '(', '"']);
    format!("{scheme}://{host}{tail}")
}

fn between(text: &str, start: &str, end: &str) -> Option<String> {
    let (_, rest) = text.split_once(start)?;
    // The end of a line is also that of the text.
    let inside = if end == "\n" { rest.lines().next()? } else { rest.split_once(end)?.0 };
    (!inside.is_empty() && !inside.contains('\n')).then(|| inside.to_owned())
}

fn leading_number(text: &str) -> Option<usize> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

#[cfg(test)]
mod tests;
