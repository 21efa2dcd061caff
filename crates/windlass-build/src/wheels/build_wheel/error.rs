//! Why a package could not be built.

use crate::wheels::uv::FindUvError;
use crate::wheels::wheel_error::WheelError;
use std::path::PathBuf;
use windlass_model::Problem;

/// Why a package could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildWheelError {
    /// There is no uv to build with.
    #[error(transparent)]
    FindUv(#[from] FindUvError),
    /// There is no Python to build with.
    #[error("there is no Python 3.8 or later on this machine, which building {package} needs")]
    NoPython {
        /// The package.
        package: String,
        /// Where it was looked for.
        tried: Vec<PathBuf>,
    },
    /// The package wants a compiler.
    #[error(
        "{package} has no wheel for this Python and platform, and building it needs a compiler"
    )]
    NeedsCompiler {
        /// The package.
        package: String,
        /// What it tried to compile, or the compiled file that came out.
        attempt: String,
        /// Why no container with a compiler was used, where one was tried.
        no_container: Option<Box<Problem>>,
    },
    /// It was built with a compiler, and failed.
    #[error("{package} could not be compiled from its sources")]
    Compile {
        /// The package.
        package: String,
        /// The build's last lines.
        output: String,
        /// Debian packages that were there for it, beside the compiler.
        added: Vec<String>,
        /// What it says is missing, and nobody knows a package for.
        unknown: Vec<String>,
    },
    /// What building it needs could not be had.
    #[error("{package} could not be built from its sources: {}", problem.message)]
    Explained {
        /// The package.
        package: String,
        /// Why, in words.
        problem: Box<Problem>,
    },
    /// Its build failed for another reason.
    #[error("{package} could not be built from its sources")]
    Failed {
        /// The package.
        package: String,
        /// The build's last lines.
        output: String,
    },
    /// The build gave no wheel, or one that is not valid.
    #[error("the build of {package} gave no usable wheel")]
    Result {
        /// The package.
        package: String,
        /// What is wrong with it.
        #[source]
        source: Option<WheelError>,
    },
    /// Files could not be read or written.
    #[error("{} cannot be used", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
