//! Wheel file names and which wheel fits best (PEP 425, 427, 600 and 656).
//!
//! Pure. The order is that of `packaging.tags`: what was built for exactly this Python first,
//! then the stable ABI from new to old, then plain Python; among platforms the newest C library
//! that the image still satisfies. musl wheels (PEP 656) never fit.

use super::target::Target;

/// The parts of a wheel's file name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WheelName {
    /// Name of the distribution as written, not normalised.
    pub(super) distribution: String,
    /// Version as written.
    pub(super) version: String,
    /// Build number and its suffix; breaks ties, a higher one wins.
    pub(super) build: (u64, String),
    pythons: Vec<String>,
    abis: Vec<String>,
    platforms: Vec<String>,
}

impl WheelName {
    /// Parses `name-version(-build)?-python-abi-platform.whl`; `None` when it is not that.
    pub(super) fn parse(file: &str) -> Option<Self> {
        let stem = file.strip_suffix(".whl")?;
        let parts: Vec<&str> = stem.split('-').collect();
        let (build, tags) = match parts.len() {
            5 => (None, &parts[2..]),
            6 => (Some(parts[2]), &parts[3..]),
            _ => return None,
        };
        let build = match build {
            None => (0, String::new()),
            Some(text) => {
                let digits = text.bytes().take_while(u8::is_ascii_digit).count();
                (text[..digits].parse().ok()?, text[digits..].to_owned())
            }
        };
        let split = |text: &str| text.split('.').map(str::to_ascii_lowercase).collect::<Vec<_>>();
        Some(Self {
            distribution: parts[0].to_owned(),
            version: parts[1].to_owned(),
            build,
            pythons: split(tags[0]),
            abis: split(tags[1]),
            platforms: split(tags[2]),
        })
    }

    /// How well it fits: lower is better, `None` when it does not run there.
    pub(super) fn rank(&self, target: Target) -> Option<u32> {
        let ranks = self.pythons.iter().flat_map(|python| {
            self.abis.iter().flat_map(move |abi| {
                self.platforms.iter().filter_map(move |platform| {
                    let platform_rank = rank_platform(platform, target)?;
                    Some(rank_python(python, abi, platform == "any", target)? + platform_rank)
                })
            })
        });
        ranks.min()
    }
}

/// Room for every platform within one step of Python and ABI.
const STEP: u32 = 1_000;

fn rank_python(python: &str, abi: &str, any: bool, target: Target) -> Option<u32> {
    let minor = u32::from(target.python.minor);
    let exact = format!("cp3{minor}");
    let step = if any {
        match (python, abi) {
            (python, "none") if python == exact => 400,
            (python, "none") => 401 + rank_generic(python, minor)?,
            _ => return None,
        }
    } else {
        match (python, abi) {
            (python, abi) if python == exact && abi == exact => 0,
            (python, "abi3") => {
                let built_for: u32 = python.strip_prefix("cp3")?.parse().ok()?;
                let age = minor.checked_sub(built_for)?;
                if age == 0 { 1 } else { 2 + age }
            }
            (python, "none") if python == exact => 2,
            (python, "none") => 200 + rank_generic(python, minor)?,
            _ => return None,
        }
    };
    Some(step * STEP)
}

/// `py313` before `py3` before `py312` down to `py30`.
fn rank_generic(python: &str, minor: u32) -> Option<u32> {
    let version = python.strip_prefix("py3")?;
    if version.is_empty() {
        return Some(1);
    }
    let age = minor.checked_sub(version.parse().ok()?)?;
    Some(if age == 0 { 0 } else { 1 + age })
}

fn rank_platform(platform: &str, target: Target) -> Option<u32> {
    if platform == "any" {
        return Some(0);
    }
    let (family, machine) = split_machine(platform, target.machine.as_str())?;
    debug_assert_eq!(machine, target.machine.as_str());
    let (major, minor) = match family {
        "linux" => return Some(STEP - 1),
        "manylinux2014" => (2, 17),
        "manylinux2010" => (2, 12),
        "manylinux1" => (2, 5),
        other => {
            let (major, minor) = other.strip_prefix("manylinux_")?.split_once('_')?;
            (major.parse().ok()?, minor.parse().ok()?)
        }
    };
    let (wanted_major, have_minor): (u16, u16) = target.glibc;
    let age = have_minor.checked_sub(minor).filter(|_| major == wanted_major)?;
    Some(u32::from(age).min(STEP - 2))
}

fn split_machine<'a>(platform: &'a str, machine: &'a str) -> Option<(&'a str, &'a str)> {
    let family = platform.strip_suffix(machine)?.strip_suffix('_')?;
    Some((family, machine))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::{Machine, PythonVersion};

    const TRIXIE: Target = Target {
        python: PythonVersion::three(13),
        patch: 5,
        glibc: (2, 41),
        machine: Machine::X86_64,
    };

    fn rank(tags: &str) -> Option<u32> {
        WheelName::parse(&format!("p-1.0-{tags}.whl")).expect("a wheel name").rank(TRIXIE)
    }

    #[test]
    fn better_wheels_come_first() {
        let order = [
            "cp313-cp313-manylinux_2_34_x86_64",
            "cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64",
            "cp313-cp313-manylinux1_x86_64",
            "cp313-cp313-linux_x86_64",
            "cp313-abi3-manylinux2014_x86_64",
            "cp313-none-manylinux2014_x86_64",
            "cp311-abi3-manylinux2014_x86_64",
            "cp37-abi3-manylinux2014_x86_64",
            "py3-none-manylinux2014_x86_64",
            "py2.py3-none-manylinux1_x86_64",
            "cp313-none-any",
            "py313-none-any",
            "py2.py3-none-any",
            "py310-none-any",
        ];
        let ranks: Vec<u32> = order.iter().map(|tags| rank(tags).expect("it fits")).collect();
        assert!(ranks.is_sorted_by(|a, b| a < b), "{ranks:?}");
    }

    #[test]
    fn what_does_not_run_there_does_not_fit() {
        for tags in [
            "cp312-cp312-manylinux2014_x86_64",
            "cp313-cp313t-manylinux2014_x86_64",
            "cp313-cp313-manylinux2014_aarch64",
            "cp313-cp313-musllinux_1_2_x86_64",
            "cp313-cp313-manylinux_2_42_x86_64",
            "cp313-cp313-macosx_11_0_arm64",
            "cp313-cp313-win_amd64",
            "cp314-abi3-manylinux2014_x86_64",
            "py2-none-any",
            "py314-none-any",
            "pp310-pypy310_pp73-manylinux2014_x86_64",
        ] {
            assert_eq!(rank(tags), None, "{tags}");
        }
    }

    #[test]
    fn names_are_taken_apart() {
        let name = WheelName::parse("Zope.Event-5.0-2b-py3-none-any.whl").expect("a wheel name");
        assert_eq!((name.distribution.as_str(), name.version.as_str()), ("Zope.Event", "5.0"));
        assert_eq!(name.build, (2, "b".to_owned()));
        for bad in ["a-1.0.tar.gz", "a-1.0-py3-any.whl", "a-1.0-b-py3-none-any.whl", "x.whl"] {
            assert_eq!(WheelName::parse(bad), None, "{bad}");
        }
    }
}
