//! Paths and texts that the source computes from `__file__`, as far as that can be followed.

use super::modules::{Module, Modules};
use super::python_source::{Call, Value};
use std::cell::Cell;

/// Stands for the project's folder at the start of a path. It cannot occur in source text that
/// means a path, and it survives being joined and concatenated as the real folder would.
pub(super) const PROJECT: &str = "\u{1}";

/// Deepest chain of names and calls that is followed.
const MAX_DEPTH: u8 = 12;

/// Most expressions that are looked at for one answer: names may be made from each other in
/// ways that no depth alone bounds.
const MAX_STEPS: u32 = 2_000;

/// One question, with what may still be spent on it.
struct Evaluation<'a> {
    modules: &'a Modules,
    steps_left: Cell<u32>,
}

/// The texts that an expression may be, paths included; empty when it cannot be told.
pub(super) fn texts(modules: &Modules, module: &Module, value: &Value) -> Vec<String> {
    let evaluation = Evaluation { modules, steps_left: Cell::new(MAX_STEPS) };
    let mut found = evaluate(&evaluation, module, value, 0);
    found.dedup();
    found
}

/// A path below the project, when the text is one.
pub(super) fn in_project(text: &str) -> Option<String> {
    let rest = text.strip_prefix(PROJECT)?;
    let mut parts: Vec<&str> = Vec::new();
    for part in rest.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn evaluate(evaluation: &Evaluation<'_>, module: &Module, value: &Value, depth: u8) -> Vec<String> {
    let left = evaluation.steps_left.get();
    if depth > MAX_DEPTH || left == 0 {
        return Vec::new();
    }
    evaluation.steps_left.set(left - 1);
    let inner = |value: &Value| evaluate(evaluation, module, value, depth + 1);
    match value {
        Value::Text(text) => vec![text.clone()],
        Value::Name(name) => name_value(evaluation, module, name, depth),
        Value::Attribute(of, name) if name == "parent" => map(&inner(of), parent),
        Value::Path(a, b) => join_all(&inner(a), &inner(b)),
        Value::Sum(parts) => {
            parts.iter().map(inner).reduce(|a, b| concat_all(&a, &b)).unwrap_or_default()
        }
        Value::AnyOf(values) => values.iter().flat_map(inner).take(8).collect(),
        Value::Call(call) => called(evaluation, module, call, depth),
        _ => Vec::new(),
    }
}

fn name_value(evaluation: &Evaluation<'_>, module: &Module, name: &str, depth: u8) -> Vec<String> {
    if name == "__file__" {
        return vec![format!("{PROJECT}/{}", module.path)];
    }
    if let Some(of) = name.strip_suffix(".parent") {
        return map(&name_value(evaluation, module, of, depth), parent);
    }
    if let Some(value) = module.value_of(name) {
        // A name that is made from itself has no value that could be told here.
        return if value.as_name() == Some(name) {
            Vec::new()
        } else {
            evaluate(evaluation, module, value, depth + 1)
        };
    }
    let resolved = module.resolve(name);
    match evaluation.modules.split(&resolved) {
        Some((owner, rest)) if owner.path != module.path && !rest.is_empty() => owner
            .value_of(rest)
            .map(|value| evaluate(evaluation, owner, value, depth + 1))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn called(evaluation: &Evaluation<'_>, module: &Module, call: &Call, depth: u8) -> Vec<String> {
    let inner = |value: &Value| evaluate(evaluation, module, value, depth + 1);
    if let Value::Attribute(of, name) = &call.function {
        return match name.as_str() {
            "resolve" | "absolute" | "replace" | "as_posix" | "strip" => inner(of),
            "joinpath" => {
                call.args.iter().fold(inner(of), |path, part| join_all(&path, &inner(part)))
            }
            _ => Vec::new(),
        };
    }
    let first = || call.args.first().map(inner).unwrap_or_default();
    let name = module.resolve(call.callee());
    match name.as_str() {
        "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "pathlib.Path" => {
            let rest = call.args.iter().skip(1);
            rest.fold(first(), |path, part| join_all(&path, &inner(part)))
        }
        "os.path.dirname" => map(&first(), parent),
        "os.path.join" => {
            let rest = call.args.iter().skip(1);
            rest.fold(first(), |path, part| join_all(&path, &inner(part)))
        }
        _ if call.callee() == "str" => first(),
        _ => {
            let method = call.callee().rsplit_once('.');
            if let Some((of, "resolve" | "absolute" | "replace" | "as_posix")) = method {
                return name_value(evaluation, module, of, depth + 1);
            }
            if let Some((of, "joinpath")) = method {
                let start = name_value(evaluation, module, of, depth + 1);
                return call.args.iter().fold(start, |path, part| join_all(&path, &inner(part)));
            }
            // `os.environ.get("X", default)`, `config("X", default=...)`.
            call.argument(1, "default").map(inner).unwrap_or_default()
        }
    }
}

fn map(texts: &[String], change: impl Fn(&str) -> String) -> Vec<String> {
    texts.iter().map(|text| change(text)).collect()
}

fn parent(path: &str) -> String {
    path.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned())
}

fn join_all(a: &[String], b: &[String]) -> Vec<String> {
    let join = |a: &String, b: &String| {
        if b.starts_with('/') || a.is_empty() {
            b.clone()
        } else {
            format!("{}/{b}", a.trim_end_matches('/'))
        }
    };
    a.iter().flat_map(|a| b.iter().map(move |b| join(a, b))).take(8).collect()
}

fn concat_all(a: &[String], b: &[String]) -> Vec<String> {
    a.iter().flat_map(|a| b.iter().map(move |b| format!("{a}{b}"))).take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn paths_are_followed() {
        let text = "import os\nfrom pathlib import Path\nfrom shop.base import ROOT\n\
             BASE_DIR = Path(__file__).resolve().parent.parent\n\
             basedir = os.path.abspath(os.path.dirname(__file__))\n\
             loop = loop\n\
             a = BASE_DIR / 'db.sqlite3'\n\
             b = os.environ.get('URL', '').replace('x', 'y') or 'sqlite:///' + os.path.join(basedir, 'app.db')\n\
             c = f'sqlite:///{BASE_DIR}/x.db'\n\
             d = str(BASE_DIR.parent / 'up')\n\
             e = ROOT / 'r'\n\
             f = os.path.join(basedir, '..', 'data')\n\
             g = loop\n\
             many = many or many or many or many or many or many or many or many\n";
        let tree = Tree::from_files([
            ("shop/conf/settings.py", text),
            ("shop/conf/__init__.py", ""),
            ("shop/__init__.py", ""),
            ("shop/base.py", "import pathlib\nROOT = pathlib.Path(__file__).parent\n"),
        ]);
        let modules = Modules::read(&tree, "").expect("parsed");
        let module = modules.named("shop.conf.settings").expect("there");
        for (name, expected) in [
            ("a", "\u{1}/shop/db.sqlite3"),
            ("b", "sqlite:///\u{1}/shop/conf/app.db"),
            ("c", "sqlite:///\u{1}/shop/x.db"),
            ("d", "\u{1}/up"),
            ("e", "\u{1}/shop/r"),
            ("f", "\u{1}/shop/conf/../data"),
        ] {
            let found = texts(&modules, module, &Value::Name(name.to_owned()));
            assert!(found.iter().any(|text| text == expected), "{name}: {found:?}");
        }
        for name in ["g", "many"] {
            assert!(texts(&modules, module, &Value::Name(name.to_owned())).is_empty(), "{name}");
        }
        assert_eq!(in_project("\u{1}/shop/../data/x").as_deref(), Some("data/x"));
        assert_eq!((in_project("/tmp/x"), in_project("\u{1}/../x")), (None, None));
    }
}
