//! Why a package could not be built.

use crate::wheels::uv::FindUvError;
use crate::wheels::wheel_error::WheelError;
use std::path::PathBuf;

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
