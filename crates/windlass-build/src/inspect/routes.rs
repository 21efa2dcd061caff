//! Paths that the app answers to GET without parameters, as far as the source spells them out.
//!
//! Routers and blueprints are followed to the app that includes them, prefixes joined on the way.
//! A router that nothing includes serves nothing, so its routes are left out.

mod answer;
mod resources;

pub(super) use self::answer::{Answer, answer_of};
use super::modules::{Module, Modules};
use super::python_source::{Call, Value};
use windlass_model::Evidence;

/// One path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) path: String,
    pub(super) evidence: Evidence,
    pub(super) answer: Answer,
}

/// One router within another: parent, child, prefix.
struct Included {
    parent: String,
    child: String,
    prefix: Option<String>,
}

/// All routes outside tests, examples and documentation.
pub(super) fn find(modules: &Modules) -> Vec<Route> {
    let included = inclusions(modules);
    let mut found = Vec::new();
    for module in modules.iter().filter(|module| !module.aside) {
        for function in &module.source.functions {
            for call in function.decorators.iter().filter_map(Value::as_call) {
                let Some((owner, path)) = decorated(modules, module, call) else { continue };
                let Some(prefix) = prefix_of(modules, &included, &owner, 0) else { continue };
                let answer = answer_of(modules, module, function);
                push(&mut found, module, &format!("{prefix}{path}"), (function.line, answer));
            }
        }
        for call in &module.source.calls {
            if let Some((path, answer)) = resources::resource(modules, &included, module, call) {
                push(&mut found, module, &path, (call.line, answer));
            }
            let Some((owner, path, handler)) = registered(modules, module, call) else { continue };
            let Some(prefix) = prefix_of(modules, &included, &owner, 0) else { continue };
            let answer = handler
                .and_then(|name| module.source.functions.iter().find(|f| f.name == name))
                .map_or(Answer::Computed, |function| answer_of(modules, module, function));
            push(&mut found, module, &format!("{prefix}{path}"), (call.line, answer));
        }
    }
    found
}

/// Adds a route unless its path has parameters.
pub(super) fn push(
    found: &mut Vec<Route>,
    module: &Module,
    path: &str,
    (line, answer): (u32, Answer),
) {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    if is_literal(&path) {
        let evidence = Evidence::at(module.path.as_str(), line, format!("answers `{path}`"));
        found.push(Route { path, evidence, answer });
    }
}

/// Whether a path has no parameters.
pub(super) fn is_literal(path: &str) -> bool {
    path.bytes().all(|b| b.is_ascii_graphic() && !b"<>{}*\\^$()".contains(&b))
}

/// The router and path of a decorator such as `@bp.get("/x")`.
fn decorated(modules: &Modules, module: &Module, call: &Call) -> Option<(String, String)> {
    let (owner, method) = call.callee().rsplit_once('.').unwrap_or(("", call.callee()));
    let resolved = module.resolve(call.callee());
    if matches!(resolved.as_str(), "litestar.get" | "litestar.handlers.get") {
        let path = call.argument(0, "path").and_then(Value::as_text).unwrap_or("/");
        return Some((String::new(), path.to_owned()));
    }
    if owner.is_empty() || !matches!(method, "route" | "get" | "api_route") {
        return None;
    }
    if let Some(Value::List(methods)) = call.keyword("methods") {
        let get =
            methods.iter().any(|m| m.as_text().is_some_and(|m| m.eq_ignore_ascii_case("get")));
        if !get {
            return None;
        }
    }
    let path = call.args.first().or_else(|| call.keyword("path").or(call.keyword("rule")))?;
    Some((canonical(modules, &module.resolve(owner), 0), path.as_text()?.to_owned()))
}

/// The router, path and handler of a call such as `app.add_url_rule("/", view_func=index)`.
fn registered(
    modules: &Modules,
    module: &Module,
    call: &Call,
) -> Option<(String, String, Option<String>)> {
    let (owner, method) = call.callee().rsplit_once('.').unwrap_or(("", call.callee()));
    let text = |at: usize| call.args.get(at).and_then(Value::as_text).map(str::to_owned);
    let name = |value: Option<&Value>| value.and_then(Value::as_name).map(str::to_owned);
    match method {
        "add_url_rule" if !owner.is_empty() => {
            let owner = canonical(modules, &module.resolve(owner), 0);
            let path = call.argument(0, "rule")?.as_text()?.to_owned();
            Some((owner, path, name(call.argument(2, "view_func"))))
        }
        "add_get" => Some((String::new(), text(0)?, name(call.args.get(1)))),
        "add_api_route" | "add_route" if !owner.is_empty() => {
            let owner = canonical(modules, &module.resolve(owner), 0);
            Some((owner, text(0)?, name(call.args.get(1))))
        }
        _ => match module.resolve(call.callee()).as_str() {
            "starlette.routing.Route" | "aiohttp.web.get" => {
                Some((String::new(), text(0)?, name(call.args.get(1))))
            }
            _ => None,
        },
    }
}

/// Where routers are included into others.
fn inclusions(modules: &Modules) -> Vec<Included> {
    let mut found = Vec::new();
    for module in modules.iter().filter(|module| !module.aside) {
        for call in &module.source.calls {
            let Some((parent, method)) = call.callee().rsplit_once('.') else { continue };
            let child = match method {
                "register_blueprint" => call.argument(0, "blueprint"),
                "include_router" => call.argument(0, "router"),
                "mount" => call.argument(1, "app"),
                _ => continue,
            };
            let Some(child) = child.and_then(Value::as_name) else { continue };
            let prefix = match method {
                "register_blueprint" => call.keyword("url_prefix"),
                "include_router" => call.keyword("prefix"),
                _ => call.argument(0, "path"),
            };
            for child in members(module, child) {
                found.push(Included {
                    parent: canonical(modules, &module.resolve(parent), 0),
                    child: canonical(modules, &module.resolve(&child), 0),
                    prefix: prefix.map(|value| value.as_text().unwrap_or("<unknown>").to_owned()),
                });
            }
        }
    }
    found
}

/// The names that a name stands for: several, when a loop goes over them.
fn members(module: &Module, name: &str) -> Vec<String> {
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let looped = module.source.assignments.iter().find_map(|assignment| match &assignment.value {
        Value::AnyOf(values) if assignment.target == first => Some(values),
        _ => None,
    });
    let Some(values) = looped else { return vec![name.to_owned()] };
    let names = values.iter().filter_map(Value::as_name);
    names
        .map(|name| if rest.is_empty() { name.to_owned() } else { format!("{name}.{rest}") })
        .collect()
}

/// How deep re-exports and inclusions are followed; a ring of them ends there too.
const MAX_DEPTH: u8 = 8;

/// The name under which an object is made, behind re-exports.
fn canonical(modules: &Modules, name: &str, depth: u8) -> String {
    if depth < MAX_DEPTH
        && let Some((owner, rest)) = modules.split(name)
    {
        let first = rest.split('.').next().unwrap_or_default();
        let imported = owner.source.imports.iter().any(|import| import.alias == first);
        let resolved = owner.resolve(rest);
        if imported && !first.is_empty() && resolved != name {
            return canonical(modules, &resolved, depth + 1);
        }
    }
    name.to_owned()
}

/// The prefix that a router's routes get; `None` for a router that nothing includes.
fn prefix_of(modules: &Modules, included: &[Included], router: &str, depth: u8) -> Option<String> {
    if router.is_empty() {
        return Some(String::new());
    }
    let made = modules.split(router).and_then(|(owner, rest)| {
        let call = owner.value_of(rest)?.as_call()?;
        Some((owner.resolve(call.callee()), call))
    });
    let own = made.as_ref().and_then(|(_, call)| {
        let prefix = call.keyword("url_prefix").or_else(|| call.keyword("prefix"))?;
        prefix.as_text()
    });
    let flask = made.as_ref().is_some_and(|(name, _)| name.ends_with("Blueprint"));
    match included.iter().find(|included| included.child == router) {
        Some(place) if depth < MAX_DEPTH && place.parent != router => {
            let above = prefix_of(modules, included, &place.parent, depth + 1)?;
            let given = place.prefix.as_deref();
            // Flask's registration replaces a blueprint's own prefix; FastAPI joins the two.
            let here = if flask {
                given.or(own).unwrap_or_default().to_owned()
            } else {
                format!("{}{}", given.unwrap_or_default(), own.unwrap_or_default())
            };
            Some(format!("{}{here}", above.trim_end_matches('/')))
        }
        _ => {
            let router = flask || made.is_some_and(|(name, _)| name.ends_with("APIRouter"));
            (!router).then(String::new)
        }
    }
}

#[cfg(test)]
mod tests;
