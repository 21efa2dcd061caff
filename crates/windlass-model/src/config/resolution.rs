//! Values of the keys that decide which dependencies an image gets, and as of when.

use super::error::ValueError;
use super::values::inside_project;
use crate::ResolveDate;

/// A file of the project that declares dependencies.
pub(super) fn dependencies_file(text: &str) -> Result<String, ValueError> {
    match inside_project(text)? {
        path if path.is_empty() => Err(ValueError::OutsideProject { text: text.to_owned() }),
        path => Ok(path),
    }
}

/// The name of an extra or a group (PEP 508, PEP 735), as written: tools compare them normalised.
pub(super) fn group_name(text: &str) -> Result<String, ValueError> {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    let edge = |c: char| c.is_ascii_alphanumeric();
    if plain && text.starts_with(edge) && text.ends_with(edge) {
        Ok(text.to_owned())
    } else {
        Err(ValueError::Group { text: text.to_owned() })
    }
}

/// `now`, `commit`, a date or a time (RFC 3339).
pub(super) fn resolve_date(text: &str) -> Result<ResolveDate, ValueError> {
    match text {
        "now" => Ok(ResolveDate::Now),
        "commit" => Ok(ResolveDate::Commit),
        _ if is_date_or_time(text) => Ok(ResolveDate::At { date: text.to_owned() }),
        _ => Err(ValueError::Date { text: text.to_owned() }),
    }
}

fn is_date_or_time(text: &str) -> bool {
    let Ok(value) = text.parse::<toml::value::Datetime>() else { return false };
    // A time without its zone would mean another moment on every machine.
    value.date.is_some() && value.time.is_none() == value.offset.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_files_and_names() {
        let at = |date: &str| Ok(ResolveDate::At { date: date.to_owned() });
        for (text, wanted) in [
            ("now", Ok(ResolveDate::Now)),
            ("commit", Ok(ResolveDate::Commit)),
            ("2026-11-01", at("2026-11-01")),
            ("2026-11-01T12:00:00Z", at("2026-11-01T12:00:00Z")),
        ] {
            assert_eq!(resolve_date(text), wanted, "{text}");
        }
        for bad in ["", "yesterday", "2026-11-01T12:00:00", "12:00:00", "2026-13-01"] {
            assert!(resolve_date(bad).is_err(), "{bad}");
        }
        assert_eq!(dependencies_file("./a/prod.txt").as_deref(), Ok("a/prod.txt"));
        assert!(dependencies_file(".").is_err() && dependencies_file("../x").is_err());
        assert!(group_name("prod_2").is_ok() && group_name("-x").is_err());
    }
}
