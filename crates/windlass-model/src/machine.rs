//! The machines that images are made for, and what they are called: by platform tags, by Debian, and
//! in platforms.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A processor family, by the name that platform tags use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Machine {
    /// 64-bit x86: Debian's `amd64`.
    X86_64,
    /// 64-bit ARM: Debian's `arm64`.
    Aarch64,
}

/// No platform that images are made for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no platform that images are made for: linux/amd64 and linux/arm64 are")]
pub struct InvalidPlatform {
    /// The text as given.
    pub text: String,
}

impl Machine {
    /// Every machine that images are made for, as an index lists them.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Aarch64];

    /// The machine that this program was compiled for.
    pub fn of_this() -> Option<Self> {
        Self::ALL.into_iter().find(|machine| machine.as_str() == std::env::consts::ARCH)
    }

    /// The name in platform tags and in `platform_machine`.
    pub fn as_str(self) -> &'static str {
        match self {
            Machine::X86_64 => "x86_64",
            Machine::Aarch64 => "aarch64",
        }
    }

    /// Debian's name, which is also Go's: `amd64`.
    pub fn debian(self) -> &'static str {
        match self {
            Machine::X86_64 => "amd64",
            Machine::Aarch64 => "arm64",
        }
    }

    /// The machine that Debian calls `amd64` or `arm64`.
    pub fn from_debian(architecture: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|machine| machine.debian() == architecture)
    }
}

/// As a platform: `linux/arm64`.
impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linux/{}", self.debian())
    }
}

impl FromStr for Machine {
    type Err = InvalidPlatform;

    /// A platform; `arm64` and `arm64/v8` are one (image-spec, "Platform Variants").
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|machine| machine.to_string() == text);
        let found = found.or((text == "linux/arm64/v8").then_some(Self::Aarch64));
        found.ok_or_else(|| InvalidPlatform { text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_have_three_names() {
        for machine in Machine::ALL {
            assert_eq!(machine.to_string().parse(), Ok(machine));
            assert_eq!(Machine::from_debian(machine.debian()), Some(machine));
            let stored = serde_json::to_string(&machine).expect("serialises");
            assert_eq!(stored, format!("{:?}", machine.as_str()));
        }
        assert_eq!("linux/arm64/v8".parse(), Ok(Machine::Aarch64));
        for bad in ["", "arm64", "linux/arm", "linux/386", "windows/amd64", "linux/amd64/v2"] {
            assert!(bad.parse::<Machine>().is_err(), "{bad}");
        }
    }
}
