//! What the dependencies must fit: the Python, the C library and the processor of the image.
//!
//! Pure. It answers the markers of PEP 508 for that Python; which wheels fit is [`super::tags`]'
//! business.

use pep508_rs::{ExtraName, MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree};
use serde::{Deserialize, Serialize};
use windlass_model::{Machine, PythonVersion};

/// The place that wheels are chosen for: CPython on Linux with the GNU C library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// The image's Python.
    pub python: PythonVersion,
    /// Its patch level: 2 for 3.11.2. Markers ask for it (`python_full_version < "3.11.3"`).
    pub patch: u16,
    /// Version of the image's GNU C library: `(2, 41)` in Debian 13.
    pub glibc: (u16, u16),
    /// The image's processor.
    pub machine: Machine,
}

/// The newest C library that uv knows a platform name for; newer ones ask for this one.
const NEWEST_UV_GLIBC_MINOR: u16 = 40;

impl Target {
    /// The C library of a Debian release, for those that carry a Python 3 worth running.
    pub fn glibc_of(suite: &str) -> Option<(u16, u16)> {
        match suite {
            "bullseye" => Some((2, 31)),
            "bookworm" => Some((2, 36)),
            "trixie" => Some((2, 41)),
            _ => None,
        }
    }

    /// The `--python-platform` that makes uv resolve for this target.
    ///
    /// uv names only some C libraries; the next lower one that it knows is asked for, which can
    /// only leave wheels out, never let in one that does not run.
    pub(super) fn uv_platform(self) -> String {
        let minor = match self.glibc.1 {
            minor @ 31..=NEWEST_UV_GLIBC_MINOR => minor,
            minor if minor > NEWEST_UV_GLIBC_MINOR => NEWEST_UV_GLIBC_MINOR,
            28..=30 => 28,
            _ => 17,
        };
        format!("{}-manylinux_2_{minor}", self.machine.as_str())
    }

    /// The image's Python with its patch level: `3.13.5`.
    pub(super) fn full_version(self) -> String {
        format!("{}.{}", self.python, self.patch)
    }

    /// Whether a marker is true in the image. Extras are never active: the resolver has already
    /// spelled out what they bring.
    pub(super) fn accepts(self, marker: &MarkerTree) -> bool {
        self.accepts_with(marker, &[])
    }

    /// The same with extras; what cannot name one is no extra.
    pub(super) fn accepts_with(self, marker: &MarkerTree, extras: &[String]) -> bool {
        let extras: Vec<ExtraName> = extras.iter().filter_map(|name| name.parse().ok()).collect();
        marker.evaluate(&self.marker_environment(), &extras)
    }

    fn marker_environment(self) -> MarkerEnvironment {
        let version = self.python.to_string();
        let full = self.full_version();
        MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
            implementation_name: "cpython",
            implementation_version: &full,
            os_name: "posix",
            platform_machine: self.machine.as_str(),
            platform_python_implementation: "CPython",
            platform_release: "",
            platform_system: "Linux",
            platform_version: "",
            python_full_version: &full,
            python_version: &version,
            sys_platform: "linux",
        })
        .unwrap_or_else(|error| unreachable!("versions made of numbers parse: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(minor: u8, glibc: u16) -> Target {
        let python = PythonVersion::three(minor);
        Target { python, patch: 2, glibc: (2, glibc), machine: Machine::X86_64 }
    }

    #[test]
    fn markers_are_those_of_the_image() {
        for (marker, wanted) in [
            ("python_version < '3.13'", false),
            ("python_full_version >= '3.13.2'", true),
            ("python_full_version < '3.13.3'", true),
            ("python_full_version >= '3.13.3'", false),
            ("sys_platform != 'win32' and platform_machine == 'x86_64'", true),
            ("implementation_name == 'pypy'", false),
            ("extra == 'dev'", false),
            ("platform_system == 'Linux' or python_version < '3'", true),
        ] {
            let tree: MarkerTree = marker.parse().expect("a marker");
            assert_eq!(target(13, 41).accepts(&tree), wanted, "{marker}");
        }
    }

    #[test]
    fn the_machine_decides_markers_and_platform() {
        let arm64 = Target { machine: Machine::Aarch64, ..target(13, 41) };
        let tree: MarkerTree = "platform_machine == 'aarch64'".parse().expect("a marker");
        assert!(arm64.accepts(&tree) && !target(13, 41).accepts(&tree));
        assert_eq!(arm64.uv_platform(), "aarch64-manylinux_2_40");
    }

    #[test]
    fn uv_is_asked_for_a_library_that_is_not_newer() {
        for (glibc, name) in [(41, "2_40"), (36, "2_36"), (31, "2_31"), (30, "2_28"), (19, "2_17")]
        {
            assert_eq!(target(13, glibc).uv_platform(), format!("x86_64-manylinux_{name}"));
        }
    }
}
