//! The page that a FastAPI app has without any route of its own: its documentation.

use super::framework::Framework;
use super::modules::{Module, Modules};
use super::python_source::{Call, Value};

/// The path of a page that the app certainly answers: `docs_url`, `redoc_url` or `openapi_url`, the
/// first that is not switched off. `None` when all are, or when they are not written out.
///
/// Of several apps (parts that are mounted into others) the one in `module` counts.
pub(super) fn path(modules: &Modules, module: Option<&str>) -> Option<String> {
    let makes = |module: &Module, call: &Call| {
        Framework::made_by(&module.resolve(call.callee())) == Some(Framework::FastApi)
    };
    let mut calls: Vec<(&str, &Call)> = Vec::new();
    for module in modules.iter().filter(|module| !module.aside) {
        let made = module.source.calls.iter().filter(|call| makes(module, call));
        calls.extend(made.map(|call| (module.name.as_str(), call)));
    }
    let served = calls.iter().find(|(name, _)| module == Some(*name)).or_else(|| calls.first());
    // An app of a class of its own: what that hands on is not followed.
    let (_, call) = served?;
    if call.keyword("**").is_some() || call.keyword("openapi_url") == Some(&Value::None) {
        return None;
    }
    let pages = [("docs_url", "/docs"), ("redoc_url", "/redoc"), ("openapi_url", "/openapi.json")];
    for (name, default) in pages {
        match call.keyword(name) {
            None => return Some(default.to_owned()),
            Some(Value::Text(path)) if path.starts_with('/') => return Some(path.clone()),
            Some(Value::None) => {}
            Some(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn the_first_page_that_is_not_switched_off() {
        for (arguments, expected) in [
            ("", Some("/docs")),
            ("title='x', openapi_url='/api/openapi.json'", Some("/docs")),
            ("docs_url='/api/docs'", Some("/api/docs")),
            ("docs_url=None", Some("/redoc")),
            ("docs_url=None, redoc_url=None", Some("/openapi.json")),
            ("docs_url=None, redoc_url=None, openapi_url='/o.json'", Some("/o.json")),
            ("openapi_url=None", None),
            ("docs_url='/docs' if DEBUG else None", None),
            ("**settings", None),
        ] {
            let text = format!("from fastapi import FastAPI\napp = FastAPI({arguments})\n");
            let files = [
                ("a/admin.py", "from fastapi import FastAPI\nsub = FastAPI(openapi_url=None)\n"),
                ("main.py", text.as_str()),
            ];
            let modules = Modules::read(&Tree::from_files(files), "").expect("parsed");
            assert_eq!(path(&modules, Some("main")).as_deref(), expected, "{arguments}");
        }
    }
}
