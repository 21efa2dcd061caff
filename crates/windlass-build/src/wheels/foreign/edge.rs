//! One package asking for another, in the forms that locks and declarations write it.

use super::super::resolution::normalize_name;
use super::super::target::Target;
use crate::declare;
use pep440_rs::Version;
use pep508_rs::{MarkerTree, Requirement, VersionOrUrl};
use std::str::FromStr;
use toml::{Table, Value};

/// A dependency.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Edge {
    pub(super) name: String,
    pub(super) extras: Vec<String>,
    /// As written, for [`declare::allows`]; empty for any version.
    pub(super) constraint: String,
    pub(super) marker: Option<String>,
    /// The constraint on Python that Poetry writes beside markers.
    pub(super) python: Option<String>,
    /// Counts only where an extra names it.
    pub(super) optional: bool,
}

impl Edge {
    /// Whether the image needs it, given the extras of whoever asks.
    /// `Err` holds a marker that is none.
    pub(super) fn counts(&self, target: Target, extras: &[String]) -> Result<bool, String> {
        if let Some(python) = &self.python {
            let version = Version::from_str(&target.full_version()).unwrap_or(Version::new([3]));
            let allowed = declare::allows(python, &version);
            if !allowed.ok_or_else(|| python.clone())? {
                return Ok(false);
            }
        }
        accepts(self.marker.as_deref(), target, extras)
    }

    /// Whether a version is one that is asked for. What cannot be read allows everything: the
    /// lock was made by a tool that could.
    pub(super) fn allows(&self, version: &str) -> bool {
        let Ok(version) = Version::from_str(version) else { return true };
        self.constraint.is_empty() || declare::allows(&self.constraint, &version).unwrap_or(true)
    }

    /// The edge for a person: `flask>=3`.
    pub(super) fn shown(&self) -> String {
        match self.constraint.as_str() {
            "" | "*" => self.name.clone(),
            constraint => format!("{} {constraint}", self.name),
        }
    }
}

/// Whether a marker is true in the image. `Err` holds a marker that is none.
pub(super) fn accepts(
    marker: Option<&str>,
    target: Target,
    extras: &[String],
) -> Result<bool, String> {
    let Some(text) = marker.filter(|text| !matches!(text.trim(), "" | "*")) else {
        return Ok(true);
    };
    let tree: MarkerTree = text.parse().map_err(|_| text.to_owned())?;
    Ok(target.accepts_with(&tree, extras))
}

/// The dependencies in a table of Poetry's or Pipenv's form, `python` left out.
pub(super) fn of_table(table: &Table) -> Vec<Edge> {
    let named = table.iter().filter(|(name, _)| name.as_str() != "python");
    named.flat_map(|(name, value)| of_value(name, value)).collect()
}

fn of_value(name: &str, value: &Value) -> Vec<Edge> {
    let plain = Edge { name: normalize_name(name), ..Edge::default() };
    match value {
        Value::String(constraint) => vec![Edge { constraint: constraint.clone(), ..plain }],
        Value::Array(items) => items.iter().flat_map(|item| of_value(name, item)).collect(),
        Value::Table(table) => {
            let text = |key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
            let extras = table.get("extras").and_then(Value::as_array);
            let extras = extras.into_iter().flatten().filter_map(Value::as_str);
            vec![Edge {
                extras: extras.map(str::to_owned).collect(),
                constraint: text("version").unwrap_or_default(),
                marker: joined(&declare::markers(table)),
                python: text("python"),
                optional: table.get("optional").and_then(Value::as_bool) == Some(true),
                ..plain
            }]
        }
        _ => Vec::new(),
    }
}

/// Markers that must all hold, as one.
fn joined(markers: &[String]) -> Option<String> {
    match markers {
        [] => None,
        [only] => Some(only.clone()),
        all => Some(all.iter().map(|it| format!("({it})")).collect::<Vec<_>>().join(" and ")),
    }
}

/// A dependency as PEP 508 writes it. Of an address that is none to the parser (a relative path)
/// only the name counts.
pub(super) fn of_text(text: &str) -> Option<Edge> {
    let Ok(requirement) = text.parse::<Requirement>() else {
        let (name, _) = text.split_once('@')?;
        let name = normalize_name(name.split('[').next().unwrap_or(name).trim());
        return Some(Edge { name, ..Edge::default() });
    };
    let constraint = match &requirement.version_or_url {
        Some(VersionOrUrl::VersionSpecifier(specifiers)) => specifiers.to_string(),
        Some(VersionOrUrl::Url(_)) | None => String::new(),
    };
    Some(Edge {
        name: normalize_name(requirement.name.as_ref()),
        extras: requirement.extras.iter().map(ToString::to_string).collect(),
        constraint,
        marker: requirement.marker.try_to_string(),
        ..Edge::default()
    })
}

/// The dependencies in an array of such texts.
pub(super) fn of_texts(array: Option<&Value>) -> Vec<Edge> {
    let texts = array.and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).filter_map(of_text).collect()
}
