//! One dependency in the tables of Poetry and Pipenv, which look alike.

use super::constraint::{python_marker, to_pep440};
use toml::{Table, Value};

/// A dependency as PEP 508, or the text of it that has no form there.
///
/// `folder` is that of the file, relative to the project: paths start from it.
pub(super) fn requirement(name: &str, value: &Value, folder: &str) -> Result<Vec<String>, String> {
    match value {
        Value::String(text) => Ok(vec![versioned(name, &Table::new(), text)?]),
        Value::Table(table) => Ok(vec![from_table(name, table, folder)?]),
        Value::Array(items) => {
            let each = items.iter().map(|item| requirement(name, item, folder));
            Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
        }
        other => Err(other.to_string()),
    }
}

fn from_table(name: &str, table: &Table, folder: &str) -> Result<String, String> {
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let whole = format!("{name}{}", extras(table));
    if let Some(path) = text("path").or_else(|| text("file").filter(|file| !is_address(file))) {
        return with_markers(format!("{whole} @ {}", below(folder, path)), table);
    }
    if let Some(address) = text("url").or_else(|| text("file")) {
        return with_markers(format!("{whole} @ {address}"), table);
    }
    if let Some(repository) = text("git") {
        let reference = ["rev", "ref", "tag", "branch"].iter().find_map(|key| text(key));
        let at = reference.map(|reference| format!("@{reference}")).unwrap_or_default();
        let below = text("subdirectory").map(|folder| format!("#subdirectory={folder}"));
        let address = git_address(repository);
        let whole = format!("{whole} @ git+{address}{at}{}", below.unwrap_or_default());
        return with_markers(whole, table);
    }
    versioned(name, table, text("version").unwrap_or("*"))
}

fn versioned(name: &str, table: &Table, constraint: &str) -> Result<String, String> {
    let specifiers = to_pep440(constraint).ok_or_else(|| constraint.to_owned())?;
    with_markers(format!("{name}{}{specifiers}", extras(table)), table)
}

fn extras(table: &Table) -> String {
    let extras = table.get("extras").and_then(Value::as_array);
    let names: Vec<&str> = extras.into_iter().flatten().filter_map(Value::as_str).collect();
    if names.is_empty() { String::new() } else { format!("[{}]", names.join(",")) }
}

/// Adds the conditions under which the requirement counts.
fn with_markers(requirement: String, table: &Table) -> Result<String, String> {
    let mut all = markers(table);
    if let Some(python) = table.get("python").and_then(Value::as_str) {
        all.push(python_marker(python).ok_or_else(|| python.to_owned())?);
    }
    all.retain(|marker| !marker.trim().is_empty());
    if all.is_empty() {
        return Ok(requirement);
    }
    let all: Vec<_> = all.iter().map(|marker| format!("({marker})")).collect();
    Ok(format!("{requirement} ; {}", all.join(" and ")))
}

/// The markers of an entry, all of which must hold; Poetry's `python` is not among them. Pipenv
/// writes each variable as a key of its own (`sys_platform = "== 'linux'"`), Poetry has `platform`.
pub(crate) fn markers(table: &Table) -> Vec<String> {
    const VARIABLES: [&str; 8] = [
        "os_name",
        "sys_platform",
        "platform_machine",
        "platform_python_implementation",
        "platform_system",
        "python_version",
        "python_full_version",
        "implementation_name",
    ];
    let text = |key: &str| table.get(key).and_then(Value::as_str);
    let mut markers: Vec<String> = Vec::new();
    markers.extend(text("markers").map(str::to_owned));
    markers.extend(text("platform").map(|platform| format!("sys_platform == '{platform}'")));
    for variable in VARIABLES {
        markers.extend(text(variable).map(|condition| format!("{variable} {condition}")));
    }
    markers
}

fn is_address(text: &str) -> bool {
    text.contains("://")
}

/// A path of the declaration, relative to the project and recognisable as a path.
fn below(folder: &str, path: &str) -> String {
    match (path.starts_with('/'), folder.is_empty()) {
        (true, _) => path.to_owned(),
        (false, true) => format!("./{path}"),
        (false, false) => format!("./{folder}/{path}"),
    }
}

/// `git@host:path`, as people copy it, is an address of SSH.
fn git_address(repository: &str) -> String {
    match repository.split_once(':') {
        Some((host, path)) if !is_address(repository) && host.contains('@') => {
            format!("ssh://{host}/{path}")
        }
        _ => repository.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_requirements() {
        for (entry, wanted) in [
            ("'^2.0'", "p>=2.0,<3"),
            ("'*'", "p"),
            ("{ version = '1.2', extras = ['a', 'b'] }", "p[a,b]==1.2"),
            ("{ version = '*', python = '<3.12' }", "p ; ((python_full_version < '3.12'))"),
            (
                "{ version = '*', python = '~3.9 || ^3.11' }",
                "p ; ((python_full_version >= '3.9' and python_full_version < '3.10') or \
                 (python_full_version >= '3.11' and python_full_version < '4'))",
            ),
            (
                "{ version = '~=3.0', markers = \"a == '1' or b == '2'\", platform = 'linux' }",
                "p~=3.0 ; (a == '1' or b == '2') and (sys_platform == 'linux')",
            ),
            ("{ version = '*', sys_platform = \"== 'linux'\" }", "p ; (sys_platform == 'linux')"),
            ("{ path = '../lib', develop = true }", "p @ ./sub/../lib"),
            ("{ path = '/lib' }", "p @ /lib"),
            (
                "{ git = 'https://example.org/p.git', tag = 'v1' }",
                "p @ git+https://example.org/p.git@v1",
            ),
            ("{ git = 'git@example.org:a/p.git' }", "p @ git+ssh://git@example.org/a/p.git"),
            ("{ url = 'https://example.org/p.whl' }", "p @ https://example.org/p.whl"),
            ("{ file = 'p.whl' }", "p @ ./sub/p.whl"),
        ] {
            let table: Table = format!("x = {entry}").parse().expect("TOML");
            let found = requirement("p", &table["x"], "sub").expect(entry);
            assert_eq!(found, [wanted], "{entry}");
        }
        for bad in ["'^1 || ^3'", "1", "'newest'", "{ version = '1', python = '?' }"] {
            let table: Table = format!("x = {bad}").parse().expect("TOML");
            assert!(requirement("p", &table["x"], "").is_err(), "{bad}");
        }
    }
}
