//! The digests by which Poetry, PDM and Pipenv recognise that a declaration is the locked one.
//!
//! Each is the SHA-256 of a part of the declaration as Python's `json.dumps` writes it, keys
//! sorted. The parts changed over the years: every form that a release used is accepted.

use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use toml::{Table, Value};
use windlass_model::Digest;

const POETRY_KEYS: [&str; 4] = ["dependencies", "source", "extras", "dev-dependencies"];
const PROJECT_KEYS: [&str; 3] = ["requires-python", "dependencies", "optional-dependencies"];

/// JSON with nulls, which TOML lacks: what Poetry writes for an absent key.
enum Json {
    Null,
    Toml(Value),
    Object(Vec<(&'static str, Json)>),
}

/// Every digest that some Poetry gives to a `pyproject.toml`.
pub(super) fn poetry(pyproject: &Table) -> Vec<String> {
    let empty = Table::new();
    let poetry = pyproject.get("tool").and_then(|tool| tool.get("poetry")?.as_table());
    let poetry = poetry.unwrap_or(&empty);
    let project = pyproject.get("project").and_then(Value::as_table).unwrap_or(&empty);
    let standard = || -> Vec<(&'static str, Json)> {
        let known = PROJECT_KEYS.iter().filter_map(|key| Some((*key, project.get(*key)?.clone())));
        known.map(|(key, value)| (key, Json::Toml(value))).collect()
    };
    let own = |nulls: bool| -> Vec<(&'static str, Json)> {
        let of = |key: &&'static str| match poetry.get(*key) {
            Some(value) => Some((*key, Json::Toml(value.clone()))),
            None => nulls.then_some((*key, Json::Null)),
        };
        let group = poetry.get("group").map(|value| ("group", Json::Toml(value.clone())));
        POETRY_KEYS.iter().filter_map(of).chain(group).collect()
    };
    let groups = pyproject.get("dependency-groups").map(|it| Json::Toml(it.clone()));
    let mut forms = vec![Json::Object(own(true))];
    if !standard().is_empty() {
        forms.push(Json::Object(vec![
            ("project", Json::Object(standard())),
            ("tool", Json::Object(vec![("poetry", Json::Object(own(false)))])),
        ]));
    }
    if let Some(groups) = groups {
        let mut form = Vec::new();
        if !standard().is_empty() {
            form.push(("project", Json::Object(standard())));
        }
        form.push(("dependency-groups", groups));
        form.push(("tool", Json::Object(vec![("poetry", Json::Object(own(false)))])));
        forms.push(Json::Object(form));
    }
    forms.iter().filter_map(|form| digest(form, (", ", ": "))).collect()
}

/// The digest that PDM gives to a `pyproject.toml`.
pub(super) fn pdm(pyproject: &Table) -> Option<String> {
    let project = |key: &str| pyproject.get("project").and_then(|it| it.get(key)).cloned();
    let settings =
        |key: &str| pyproject.get("tool").and_then(|it| it.get("pdm")?.get(key)).cloned();
    let array = || Value::Array(Vec::new());
    let table = || Value::Table(Table::new());
    let mut groups = Table::new();
    for known in [pyproject.get("dependency-groups").cloned(), settings("dev-dependencies")] {
        for (name, members) in known.as_ref().and_then(Value::as_table).into_iter().flatten() {
            let name = super::normalize_name(name);
            let all = groups.entry(name).or_insert_with(array);
            if let (Value::Array(all), Value::Array(more)) = (all, members) {
                all.extend(more.iter().cloned());
            }
        }
    }
    let parts = [
        ("sources", settings("source").unwrap_or_else(array)),
        ("dependencies", project("dependencies").unwrap_or_else(array)),
        ("dev-dependencies", Value::Table(groups)),
        ("optional-dependencies", project("optional-dependencies").unwrap_or_else(table)),
        ("requires-python", project("requires-python").unwrap_or(Value::String(String::new()))),
        ("resolution", settings("resolution").unwrap_or_else(table)),
    ];
    let parts = parts.into_iter().map(|(key, value)| (key, Json::Toml(value))).collect();
    digest(&Json::Object(parts), (", ", ": "))
}

/// Every digest that some Pipenv gives to a `Pipfile`.
pub(super) fn pipfile(pipfile: &Table) -> Vec<String> {
    const FIXED: [&str; 8] = [
        "source",
        "packages",
        "dev-packages",
        "requires",
        "scripts",
        "pipfile",
        "pipenv",
        "default",
    ];
    let table = |key: &str| pipfile.get(key).cloned().unwrap_or(Value::Table(Table::new()));
    let sources = pipfile.get("source").cloned().unwrap_or(Value::Table(Table::new()));
    let meta = Table::from_iter([
        ("sources".to_owned(), sources),
        ("requires".to_owned(), table("requires")),
    ]);
    let mut whole = Table::from_iter([
        ("_meta".to_owned(), Value::Table(meta)),
        ("default".to_owned(), table("packages")),
        ("develop".to_owned(), table("dev-packages")),
    ]);
    let older = whole.clone();
    for (category, values) in pipfile {
        if !FIXED.contains(&category.as_str()) && category != "develop" {
            whole.insert(category.clone(), values.clone());
        }
    }
    let forms = [Json::Toml(Value::Table(whole)), Json::Toml(Value::Table(older))];
    forms.iter().filter_map(|form| digest(form, (",", ":"))).collect()
}

/// The digest of a value as `json.dumps(..., sort_keys=True)` writes it; `None` when it holds what
/// Python would write in its own way (fractions) or not at all (dates).
fn digest(json: &Json, separators: (&str, &str)) -> Option<String> {
    let mut text = String::new();
    write_json(json, separators, &mut text)?;
    Some(Digest::from_bytes(Sha256::digest(text.as_bytes()).into()).hex())
}

fn write_json(json: &Json, separators: (&str, &str), out: &mut String) -> Option<()> {
    match json {
        Json::Null => out.push_str("null"),
        Json::Toml(value) => write_value(value, separators, out)?,
        Json::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { separators.0 });
                write_text(key, out);
                out.push_str(separators.1);
                write_json(value, separators, out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

fn write_value(value: &Value, separators: (&str, &str), out: &mut String) -> Option<()> {
    match value {
        Value::String(text) => write_text(text, out),
        Value::Integer(number) => out.push_str(&number.to_string()),
        Value::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Float(_) | Value::Datetime(_) => return None,
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { separators.0 });
                write_value(item, separators, out)?;
            }
            out.push(']');
        }
        Value::Table(table) => {
            let mut members: Vec<_> = table.iter().collect();
            members.sort_by(|a, b| a.0.cmp(b.0));
            out.push('{');
            for (at, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if at == 0 { "" } else { separators.0 });
                write_text(key, out);
                out.push_str(separators.1);
                write_value(value, separators, out)?;
            }
            out.push('}');
        }
    }
    Some(())
}

/// A string as Python's `json` writes it: everything beyond ASCII as UTF-16 escapes.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}
