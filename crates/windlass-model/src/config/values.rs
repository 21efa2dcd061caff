//! Values of single keys, from the text that people write.

use super::error::ValueError;
use crate::{Compression, PersistPath};
use std::fmt;
use std::str::FromStr;

/// The object that a Python server runs: `package.module:object` or `package.module:factory()`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppReference {
    /// Dotted module name.
    pub module: String,
    /// Dotted name of the object within the module.
    pub object: String,
    /// Whether the object must be called, without arguments, to get the app.
    pub factory: bool,
}

/// A Python web server that Windlass knows how to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerKind {
    /// gunicorn: WSGI, and ASGI through a worker class.
    Gunicorn,
    /// uvicorn: ASGI.
    Uvicorn,
    /// hypercorn: ASGI and WSGI.
    Hypercorn,
    /// granian: ASGI and WSGI.
    Granian,
    /// waitress: WSGI.
    Waitress,
}

/// How layers are compressed, by its name.
pub(super) fn compression(text: &str) -> Result<Compression, ValueError> {
    match text {
        "gzip" => Ok(Compression::Gzip),
        "zstd" => Ok(Compression::Zstd),
        _ => Err(ValueError::NotOneOf { text: text.to_owned(), known: &["gzip", "zstd"] }),
    }
}

impl ServerKind {
    /// All of them, preferred ones first.
    pub const ALL: [Self; 5] =
        [Self::Gunicorn, Self::Uvicorn, Self::Granian, Self::Hypercorn, Self::Waitress];
    pub(super) const NAMES: [&'static str; 5] =
        ["gunicorn", "uvicorn", "granian", "hypercorn", "waitress"];

    /// The name of the package, which is also that of the command.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gunicorn => "gunicorn",
            Self::Uvicorn => "uvicorn",
            Self::Hypercorn => "hypercorn",
            Self::Granian => "granian",
            Self::Waitress => "waitress",
        }
    }
}

impl fmt::Display for ServerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ServerKind {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| ValueError::NotOneOf { text: text.to_owned(), known: &Self::NAMES })
    }
}

impl FromStr for AppReference {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ValueError::Reference { text: text.to_owned() };
        let (module, object) = text.trim().split_once(':').ok_or_else(error)?;
        let (object, factory) = match object.strip_suffix("()") {
            Some(object) => (object, true),
            None => (object, false),
        };
        if is_dotted_name(module) && is_dotted_name(object) {
            Ok(Self { module: module.to_owned(), object: object.to_owned(), factory })
        } else {
            Err(error())
        }
    }
}

impl fmt::Display for AppReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}{}", self.module, self.object, if self.factory { "()" } else { "" })
    }
}

/// Whether every dotted part is a Python identifier.
fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.starts_with(|c: char| c.is_ascii_digit())
            && !part.is_empty()
            && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

/// A path below the project, without a trailing slash; `.` and empty give the project itself.
pub(super) fn inside_project(text: &str) -> Result<String, ValueError> {
    let parts: Vec<&str> =
        text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if text.starts_with('/') || parts.contains(&"..") || text.contains(['\\', '\0']) {
        return Err(ValueError::OutsideProject { text: text.to_owned() });
    }
    Ok(parts.join("/"))
}

/// A kept path: with a slash at the end, or without a dot in its last part, it is a folder.
pub(super) fn persist_path(text: &str) -> Result<PersistPath, ValueError> {
    let path = inside_project(text)?;
    if path.is_empty() {
        return Err(ValueError::OutsideProject { text: text.to_owned() });
    }
    let last = path.rsplit('/').next().unwrap_or_default();
    let directory = text.ends_with('/') || !last.contains('.');
    Ok(PersistPath { path, directory })
}

/// Something like `registry.example.org/python:3.13-slim`; who pulls it knows the whole grammar.
pub(super) fn image_name(text: &str) -> Result<String, ValueError> {
    let text = text.to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-/:@[]".contains(c);
    let good = !text.is_empty() && text.chars().all(is_name) && !text.contains("://");
    if good { Ok(text) } else { Err(ValueError::Image { text }) }
}

/// A host name in lower case (RFC 1123): labels of letters, digits and hyphens.
pub(super) fn host(text: &str) -> Result<String, ValueError> {
    let name = text.to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if name.len() <= 253 && name.split('.').all(label) {
        Ok(name)
    } else {
        Err(ValueError::Host { text: text.to_owned() })
    }
}

/// A URL path with an optional query, in the characters that a request line can hold.
pub(super) fn url_path(text: &str) -> Result<String, ValueError> {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if text.starts_with('/') && plain && text.len() <= 1_024 {
        Ok(text.to_owned())
    } else {
        Err(ValueError::UrlPath { text: text.to_owned() })
    }
}

/// The name of an environment variable (POSIX: letters, digits, underscores).
pub(super) fn variable(text: &str) -> Result<String, ValueError> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain && !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::Variable { text: text.to_owned() })
    }
}

/// The name of a Debian package (Policy 5.6.7).
pub(super) fn debian_package(text: &str) -> Result<String, ValueError> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'));
    if plain && text.len() >= 2 && text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::Package { text: text.to_owned() })
    }
}

const SIGNALS: [(&str, i32); 6] = [
    ("SIGTERM", 15),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGHUP", 1),
    ("SIGUSR1", 10),
    ("SIGUSR2", 12),
];
const SIGNAL_NAMES: [&str; 6] = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/// A signal by name, with or without `SIG`, as its Linux number.
pub(super) fn signal(text: &str) -> Result<i32, ValueError> {
    let name = text.to_ascii_uppercase();
    SIGNALS
        .iter()
        .find(|(known, _)| *known == name || known.strip_prefix("SIG") == Some(&name))
        .map(|(_, number)| *number)
        .ok_or_else(|| ValueError::NotOneOf { text: text.to_owned(), known: &SIGNAL_NAMES })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_name_an_object_or_a_factory() {
        for (text, factory) in [("app:app", false), ("a.b.c:create_app()", true), ("m:x.y", false)]
        {
            let reference: AppReference = text.parse().expect(text);
            assert_eq!((reference.to_string().as_str(), reference.factory), (text, factory));
        }
        for bad in ["app", "app:", ":app", "a b:c", "a:b(1)", "a/b:c", "1a:b", "a..b:c"] {
            assert!(bad.parse::<AppReference>().is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        assert_eq!(inside_project("./a//b/"), Ok("a/b".to_owned()));
        for bad in ["/etc", "a/../..", "..", "a\\b"] {
            assert!(inside_project(bad).is_err(), "{bad}");
        }
        for (text, directory) in [("instance", true), ("db.sqlite3", false), ("data.d/", true)] {
            assert_eq!(persist_path(text).expect(text).directory, directory, "{text}");
        }
        assert!(persist_path(".").is_err());
    }

    #[test]
    fn hosts_signals_packages_variables() {
        assert_eq!(host("Shop.Example.ORG"), Ok("shop.example.org".to_owned()));
        for bad in ["", "a b", "-a.org", "a..b", "http://x"] {
            assert!(host(bad).is_err(), "{bad}");
        }
        assert_eq!((signal("TERM"), signal("SIGQUIT")), (Ok(15), Ok(3)));
        assert!(signal("SIGKILL").is_err());
        assert!(debian_package("libpq5").is_ok() && debian_package("../x").is_err());
        assert!(variable("DATABASE_URL").is_ok() && variable("1A").is_err());
        assert!(url_path("/health?deep=1").is_ok() && url_path("health").is_err());
    }
}
