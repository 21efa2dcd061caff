//! Why a project cannot be understood well enough to be built.

use windlass_model::{ConfigError, Evidence, PythonVersion};

/// Why inspection gives no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// `[tool.windlass]` is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `root` names a folder that is not there.
    #[error("`root` names `{root}`, which is not a folder of the project")]
    NoSuchRoot {
        /// The folder as given.
        root: String,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
    },
    /// Several answers are plausible.
    #[error("{} could be the app", list(choices))]
    Ambiguous {
        /// Each answer with its evidence and the line that chooses it.
        choices: Vec<Choice>,
    },
    /// The only apps are in tests, examples or documentation.
    #[error("the only apps are in examples, tests or documentation: {}", list(choices))]
    OnlyAside {
        /// Each of them.
        choices: Vec<Choice>,
    },
    /// Nothing that could be run was found.
    #[error("no app was found in {python_files} Python files")]
    NothingFound {
        /// How many Python files were read.
        python_files: usize,
        /// Things that were near to an app, with the reason that they are none.
        near: Vec<Evidence>,
    },
    /// An app was found, and it cannot be served as it is.
    #[error("the {framework} app at {evidence} cannot be served as it is: {reason}")]
    Unservable {
        /// Its framework.
        framework: super::Framework,
        /// Where it is.
        evidence: Evidence,
        /// Why not.
        reason: UnservableReason,
    },
    /// `app` names a module that is not there.
    #[error("`app` names the module `{module}`, and no file of the project is that module")]
    NoSuchModule {
        /// The module as given.
        module: String,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
        /// Modules that hold an app.
        found: Vec<String>,
    },
    /// The project's Python constraint allows none that can be had.
    #[error("{evidence} allows none of the Pythons that can be built: {}", versions(available))]
    PythonExcluded {
        /// What excludes them.
        evidence: Evidence,
        /// What can be had.
        available: Vec<PythonVersion>,
    },
    /// The Python that `[tool.windlass]` asks for cannot be had.
    #[error("Python {wanted} cannot be built yet: there are {}", versions(available))]
    PythonUnavailable {
        /// What is asked for.
        wanted: PythonVersion,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
        /// What can be had.
        available: Vec<PythonVersion>,
    },
    /// `requires-python` is no version specifier (PEP 440).
    #[error("`requires-python = \"{text}\"` is not a version specifier")]
    BadRequiresPython {
        /// As written.
        text: String,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
    },
    /// A lock without the file that says what it locks.
    #[error("{file} is there, and the file that it locks is not")]
    LockWithoutDeclaration {
        /// The lock.
        file: String,
        /// Its tool.
        tool: &'static str,
    },
    /// `dependencies` names a file that is not there.
    #[error("`dependencies` names `{file}`, which is no file of the project")]
    NoSuchDeclaration {
        /// The file as given.
        file: String,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
    },
    /// An extra or a group that the declaration does not have.
    #[error("`{key}` names `{name}`, which {file} does not have")]
    NoSuchGroup {
        /// The key of `[tool.windlass]`.
        key: &'static str,
        /// The name as given.
        name: String,
        /// The declaration.
        file: String,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
        /// The names that it has.
        known: Vec<String>,
    },
    /// A declaration that is not what its name says.
    #[error("{file}:{line}: {message}")]
    DeclarationInvalid {
        /// The file.
        file: String,
        /// The line.
        line: u32,
        /// What the parser says.
        message: String,
    },
    /// A version constraint without a form in PEP 508.
    #[error("{}: `{written}` of `{name}` cannot be read", place(file, *line))]
    ConstraintUnknown {
        /// The file.
        file: String,
        /// Its line.
        line: Option<u32>,
        /// The package.
        name: String,
        /// The constraint as written.
        written: String,
    },
    /// A requirements file by a name that no tool reads.
    #[error("`{found}` looks like a misspelt requirements.txt")]
    MisspeltRequirements {
        /// The file.
        found: String,
    },
    /// A requirements file includes one that is not there.
    #[error("{file}:{line}: includes `{included}`, which is not there")]
    RequirementsMissing {
        /// The including file.
        file: String,
        /// Its line.
        line: u32,
        /// The file as written.
        included: String,
    },
    /// A line of an Aptfile that cannot be followed.
    #[error("{file}:{line}: `{text}`: {reason}")]
    Aptfile {
        /// The file.
        file: String,
        /// Its line.
        line: u32,
        /// What is written there.
        text: String,
        /// Why not.
        reason: super::AptfileReason,
    },
    /// A process type without a command.
    #[error("`processes.{process}` has no command")]
    NoCommand {
        /// The process type.
        process: String,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
    },
    /// More than one of a process type of which two must never run at once.
    #[error("`processes.{process}` has a count of {count}, and two of it must never run at once")]
    CountOfSingleton {
        /// The process type.
        process: String,
        /// The count.
        count: u32,
        /// Line in `pyproject.toml`.
        line: Option<u32>,
    },
    /// The parser could not be given the stack that it needs.
    #[error("the Python parser could not be given its stack of 1 GiB of address space")]
    NoStack,
}

/// One plausible answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it is, such as ``Flask app `shop:app` ``.
    pub what: String,
    /// Where it is.
    pub evidence: Evidence,
    /// The line of `[tool.windlass]` that chooses it.
    pub line_to_add: String,
}

/// Why an app that was found cannot be served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnservableReason {
    /// Its factory needs parameters.
    Parameters(Vec<String>),
    /// Its framework brings a server that takes no address from outside.
    OwnServer,
    /// Dash without the WSGI object that a server needs.
    NoDashServer {
        /// Name of the Dash object.
        object: String,
    },
}

impl std::fmt::Display for UnservableReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Parameters(names) => {
                write!(f, "its factory needs values for {}", names.join(", "))
            }
            Self::OwnServer => {
                f.write_str("it starts a server of its own that takes no address from outside")
            }
            Self::NoDashServer { object } => {
                write!(f, "there is no `server = {object}.server` beside it")
            }
        }
    }
}

fn place(file: &str, line: Option<u32>) -> String {
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

fn list(choices: &[Choice]) -> String {
    choices.iter().map(|choice| choice.what.as_str()).collect::<Vec<_>>().join(", ")
}

fn versions(available: &[PythonVersion]) -> String {
    available.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
