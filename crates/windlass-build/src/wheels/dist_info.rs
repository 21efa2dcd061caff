//! The metadata that decides how a wheel is installed: `WHEEL` and `entry_points.txt`.
//!
//! Pure (PEP 427; the entry points specification).

use super::wheel_error::WheelError;
use serde::{Deserialize, Serialize};

/// A command that a wheel wants made for one of its functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EntryPoint {
    /// Name of the command.
    pub(super) name: String,
    /// Module to import.
    pub(super) module: String,
    /// What to call in it: `main`, `cli.run`.
    pub(super) function: String,
}

/// The one folder that ends in `.dist-info`, by the paths of a wheel.
pub(super) fn find<'a>(paths: impl Iterator<Item = &'a str>) -> Result<String, WheelError> {
    let mut found: Vec<&str> = paths
        .filter_map(|path| path.split_once('/').map(|(top, _)| top))
        .filter(|top| top.ends_with(".dist-info"))
        .collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [one] => Ok((*one).to_owned()),
        _ => Err(WheelError::DistInfo { count: found.len() }),
    }
}

/// Checks the format's version in `WHEEL`.
pub(super) fn check_format(text: &str) -> Result<(), WheelError> {
    let version = text
        .lines()
        .find_map(|line| line.strip_prefix("Wheel-Version:"))
        .map(str::trim)
        .ok_or_else(|| WheelError::Metadata { file: "WHEEL".to_owned(), line: 1 })?;
    match version.split('.').next() {
        Some("1") => Ok(()),
        _ => Err(WheelError::Format { version: version.to_owned() }),
    }
}

/// Reads the console and GUI commands of `entry_points.txt`.
pub(super) fn read_entry_points(text: &str) -> Result<Vec<EntryPoint>, WheelError> {
    let mut found: Vec<EntryPoint> = Vec::new();
    let mut inside = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = matches!(section.trim(), "console_scripts" | "gui_scripts");
        } else if inside {
            let entry = read_entry_point(line).ok_or_else(|| WheelError::Metadata {
                file: "entry_points.txt".to_owned(),
                line: index + 1,
            })?;
            if found.iter().all(|known| known.name != entry.name) {
                found.push(entry);
            }
        }
    }
    Ok(found)
}

fn read_entry_point(line: &str) -> Option<EntryPoint> {
    let (name, target) = line.split_once('=')?;
    let target = target.split('[').next()?;
    let (module, function) = target.split_once(':')?;
    let (name, module, function) = (name.trim(), module.trim(), function.trim());
    // Both become code: nothing but dotted identifiers may get through.
    let is_dotted = |text: &str| {
        !text.is_empty()
            && text.split('.').all(|part| {
                !part.is_empty()
                    && !part.starts_with(|c: char| c.is_ascii_digit())
                    && part.chars().all(|c| c == '_' || c.is_alphanumeric())
            })
    };
    let is_file_name =
        !name.is_empty() && !name.contains(['/', '\\', '\0']) && name != "." && name != "..";
    (is_file_name && is_dotted(module) && is_dotted(function)).then(|| EntryPoint {
        name: name.to_owned(),
        module: module.to_owned(),
        function: function.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_and_nothing_else() {
        let text = "[console_scripts]\nflask = flask.cli:main\nx=a.b:C.run [extra]\n\n\
                    [other]\nhook = a:b\n[gui_scripts]\ngui = g:main\n";
        let found = read_entry_points(text).expect("valid");
        let names: Vec<_> = found.iter().map(|e| (e.name.as_str(), e.function.as_str())).collect();
        assert_eq!(names, [("flask", "main"), ("x", "C.run"), ("gui", "main")]);
    }

    #[test]
    fn what_would_become_other_code_is_refused() {
        for bad in ["a = b", "../a = b:c", "a = b:c;import os", "a = b:c()", "= b:c", "a = .b:c"] {
            let text = format!("[console_scripts]\n{bad}\n");
            assert!(read_entry_points(&text).is_err(), "{bad}");
        }
    }

    #[test]
    fn later_formats_are_refused() {
        assert!(check_format("Wheel-Version: 1.9\nTag: x\n").is_ok());
        assert!(matches!(check_format("Wheel-Version: 2.0\n"), Err(WheelError::Format { .. })));
        assert!(matches!(check_format("Tag: x\n"), Err(WheelError::Metadata { .. })));
    }
}
