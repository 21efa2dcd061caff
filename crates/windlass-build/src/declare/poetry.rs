//! `[tool.poetry]` of a `pyproject.toml`: main dependencies, groups, extras and sources.

use super::entry::requirement;
use super::{Asked, Unsayable, line_of};
use toml::{Table, Value};
use windlass_model::Selection;

/// What Poetry's table asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Poetry {
    /// The requirements that are wanted.
    pub(crate) asked: Vec<Asked>,
    /// Addresses of further package indexes.
    pub(crate) sources: Vec<String>,
}

const MAIN: &str = "tool.poetry.dependencies";

/// Reads the table; `None` where the file has none. `folder` is that of the file, relative to
/// the project.
pub(crate) fn poetry(
    text: &str,
    document: &Table,
    folder: &str,
    selection: &Selection,
) -> Result<Option<Poetry>, Unsayable> {
    let poetry = document.get("tool").and_then(|tool| tool.get("poetry")?.as_table());
    let Some(poetry) = poetry else { return Ok(None) };
    let mut found = Poetry::default();
    let mut read = |name: &str, table: &Table| -> Result<(), Unsayable> {
        for (package, value) in table {
            if package == "python" || !is_wanted(poetry, package, value, selection) {
                continue;
            }
            let line = line_of(text, name, package);
            let texts = requirement(package, value, folder).map_err(|written| Unsayable {
                name: package.clone(),
                written,
                line,
            })?;
            found.asked.extend(texts.into_iter().map(|text| Asked { text, line }));
        }
        Ok(())
    };
    if let Some(main) = poetry.get("dependencies").and_then(Value::as_table) {
        read(MAIN, main)?;
    }
    for group in &selection.groups {
        let own = poetry.get("group").and_then(|groups| groups.get(group)?.get("dependencies"));
        // Before groups there was one table for development.
        let old = poetry.get("dev-dependencies").filter(|_| group == "dev");
        if let Some(table) = own.and_then(Value::as_table) {
            read(&format!("tool.poetry.group.{group}.dependencies"), table)?;
        } else if let Some(table) = old.and_then(Value::as_table) {
            read("tool.poetry.dev-dependencies", table)?;
        }
    }
    let sources = poetry.get("source").and_then(Value::as_array);
    let addresses = sources.into_iter().flatten().filter_map(|source| source.get("url")?.as_str());
    found.sources = addresses.map(str::to_owned).collect();
    Ok(Some(found))
}

/// An optional dependency is wanted when an extra that is wanted names it.
fn is_wanted(poetry: &Table, package: &str, value: &Value, selection: &Selection) -> bool {
    let is_optional = |value: &Value| value.get("optional").and_then(Value::as_bool) == Some(true);
    let optional = match value {
        Value::Array(items) => items.iter().any(is_optional),
        value => is_optional(value),
    };
    let names_it = |extra: &String| {
        let members = poetry.get("extras").and_then(|extras| extras.get(extra)?.as_array());
        members.into_iter().flatten().any(|member| member.as_str() == Some(package))
    };
    !optional || selection.extras.iter().any(names_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[tool.poetry]\nname = 'x'\n[tool.poetry.dependencies]\npython = '^3.11'\n\
        flask = '^3.0'\nclick = { version = '8.1.7', optional = true }\n\
        lib = { path = '../lib', develop = true }\n[tool.poetry.dependencies.redis]\nversion = '5'\n\
        [tool.poetry.extras]\ncli = ['click']\n[tool.poetry.group.metrics.dependencies]\nstatsd = '*'\n\
        [tool.poetry.dev-dependencies]\npytest = '*'\n\
        [[tool.poetry.source]]\nname = 'own'\nurl = 'https://example.org/simple'\n";

    fn read(text: &str, extras: &[&str], groups: &[&str]) -> Result<Option<Poetry>, Unsayable> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let selection =
            Selection { extras: owned(extras), groups: owned(groups), ..Selection::default() };
        poetry(text, &text.parse().expect("TOML"), "api", &selection)
    }

    fn texts(found: &Poetry) -> Vec<(&str, Option<u32>)> {
        found.asked.iter().map(|asked| (asked.text.as_str(), asked.line)).collect()
    }

    #[test]
    fn the_main_group_alone_unless_more_is_wanted() {
        let found = read(TEXT, &[], &[]).expect("sayable").expect("there");
        assert_eq!(
            texts(&found),
            [("flask>=3.0,<4", Some(5)), ("lib @ ./api/../lib", Some(7)), ("redis==5", Some(8)),]
        );
        assert_eq!(found.sources, ["https://example.org/simple"]);
        let found = read(TEXT, &["cli"], &["metrics", "dev"]).expect("sayable").expect("there");
        let all = texts(&found);
        for wanted in [("click==8.1.7", Some(6)), ("statsd", Some(13)), ("pytest", Some(15))] {
            assert!(all.contains(&wanted), "{all:?}");
        }
    }

    #[test]
    fn what_cannot_be_said_has_its_line() {
        let error = read("[tool.poetry.dependencies]\na = '1'\nb = '^1 || ^3'\n", &[], &[]);
        let error = error.expect_err("unsayable");
        assert_eq!((error.name.as_str(), error.line), ("b", Some(3)));
        assert_eq!(read("[project]\n", &[], &[]), Ok(None));
    }
}
