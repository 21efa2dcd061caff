//! Packages that need more of the system than their files say: what is loaded by name while they
//! run (`dlopen`, `ctypes.util.find_library`), and programs that they start.
//!
//! By the distribution's normalised name (PEP 503). Names of Debian packages are those of trixie,
//! then those of bookworm where they differ. What a wheel links to is not here: that is found from
//! the file itself.

use serde::Serialize;

/// What one distribution needs, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Known {
    pub(crate) distribution: &'static str,
    pub(crate) packages: &'static [&'static str],
    pub(crate) why: &'static str,
}

const fn known(
    distribution: &'static str,
    packages: &'static [&'static str],
    why: &'static str,
) -> Known {
    Known { distribution, packages, why }
}

const BY_NAME: &str = "loads the library by its name";
const RUNS: &str = "runs the program";
const CHROMIUM: &[&str] = &["chromium", "chromium-driver", "fonts-dejavu-core"];
const PANGO: &[&str] = &[
    "libpango-1.0-0",
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0 | libharfbuzz0b",
    "fonts-dejavu-core",
];
const MAGIC: &[&str] = &["libmagic1t64 | libmagic1"];
const CAIRO: &[&str] = &["libcairo2"];
const FFMPEG: &[&str] = &["ffmpeg"];
const TESSERACT: &[&str] = &["tesseract-ocr"];
const GRAPHVIZ: &[&str] = &["graphviz", "fonts-dejavu-core"];
const POPPLER: &[&str] = &["poppler-utils"];

/// Sorted by name.
const TABLE: &[Known] = &[
    known("cairocffi", CAIRO, BY_NAME),
    known("cairosvg", CAIRO, BY_NAME),
    known("eyed3", MAGIC, BY_NAME),
    known("ffmpeg-python", FFMPEG, RUNS),
    known("ghostscript", &["libgs10"], BY_NAME),
    known("gitpython", &["git"], RUNS),
    known("graphviz", GRAPHVIZ, RUNS),
    known("moviepy", FFMPEG, RUNS),
    known("opuslib", &["libopus0"], BY_NAME),
    known("pdf2image", POPPLER, RUNS),
    known("playwright", CHROMIUM, "its browsers need the libraries of one"),
    known("psycopg", &["libpq5"], BY_NAME),
    known("pydot", GRAPHVIZ, RUNS),
    known("pydub", FFMPEG, RUNS),
    known("pyenchant", &["libenchant-2-2"], BY_NAME),
    known("pygraphviz", GRAPHVIZ, RUNS),
    known("pylibdmtx", &["libdmtx0t64 | libdmtx0b"], BY_NAME),
    known("pypandoc", &["pandoc"], RUNS),
    known("pytesseract", TESSERACT, RUNS),
    known("python-magic", MAGIC, BY_NAME),
    known("python-snappy", &["libsnappy1v5"], BY_NAME),
    known("pyusb", &["libusb-1.0-0"], BY_NAME),
    known("pyvips", &["libvips42t64 | libvips42"], BY_NAME),
    known("pyzbar", &["libzbar0t64 | libzbar0"], BY_NAME),
    known("selenium", CHROMIUM, RUNS),
    known("sounddevice", &["libportaudio2"], BY_NAME),
    known("tesserocr", TESSERACT, "needs its trained data"),
    known("wand", &["libmagickwand-7.q16-10 | libmagickwand-6.q16-6"], BY_NAME),
    known("weasyprint", PANGO, BY_NAME),
    known("xmlsec", &["libxmlsec1t64-openssl | libxmlsec1-openssl"], BY_NAME),
];

/// A distribution that brings what another would ask the system for.
const SATISFIED_BY: &[(&str, &str)] = &[("psycopg", "psycopg-binary"), ("pyvips", "pyvips-binary")];

/// The rows for these distributions.
pub(crate) fn needs_of(names: &[&str]) -> Vec<Known> {
    let brought = |row: &Known| {
        let mut others = SATISFIED_BY.iter().filter(|(name, _)| *name == row.distribution);
        others.any(|(_, by)| names.contains(by))
    };
    TABLE.iter().filter(|row| names.contains(&row.distribution) && !brought(row)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sorted_and_names_are_normal() {
        assert!(TABLE.is_sorted_by(|a, b| a.distribution < b.distribution));
        for row in TABLE {
            let normal = |name: &str| {
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            };
            assert!(normal(row.distribution), "{}", row.distribution);
            assert!(!row.packages.is_empty() && !row.why.is_empty());
        }
    }

    #[test]
    fn what_a_wheel_brings_is_not_asked_for() {
        let names = |of: &[&str]| -> Vec<&str> {
            needs_of(of).iter().map(|row| row.distribution).collect()
        };
        assert_eq!(names(&["psycopg", "flask", "gitpython"]), ["gitpython", "psycopg"]);
        assert_eq!(names(&["psycopg", "psycopg-binary"]), [""; 0]);
        assert_eq!(names(&["psycopg2-binary", "python-magic-bin"]), [""; 0]);
    }
}
