//! Objects and factories in the source that a server could run.

use super::framework::Framework;
use super::modules::{Module, Modules};
use super::python_source::{Call, Function, Value};
use std::collections::BTreeSet;
use windlass_model::{AppReference, Evidence};

/// One thing that could be the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) framework: Framework,
    pub(super) reference: AppReference,
    /// File and line that make it.
    pub(super) evidence: Evidence,
    /// The folder that its module is imported from.
    pub(super) import_root: String,
    /// Whether it is in a test, an example or documentation.
    pub(super) aside: bool,
    /// Parameters that a factory needs and Windlass cannot give.
    pub(super) missing: Vec<String>,
}

/// All candidates but Django's, in order of file and line.
pub(super) fn find(modules: &Modules) -> Vec<Candidate> {
    let mut found = Vec::new();
    let mut superseded = BTreeSet::new();
    for module in modules.iter() {
        objects(modules, module, &mut found, &mut superseded);
        factories(modules, module, &mut found);
        entry_points(modules, module, &mut found, &mut superseded);
    }
    let full = |candidate: &Candidate| {
        format!("{}.{}", candidate.reference.module, candidate.reference.object)
    };
    found.retain(|candidate| candidate.aside || !superseded.contains(&full(candidate)));
    found
}

/// The framework that a call makes an app of: its constructor, a subclass, or a factory of ours.
fn made_by(modules: &Modules, module: &Module, call: &Call, depth: u8) -> Option<Framework> {
    let name = module.resolve(call.callee());
    if let Some(framework) = Framework::made_by(&name) {
        return (framework != Framework::Django).then_some(framework);
    }
    if depth == 0 {
        return None;
    }
    let (owner, rest) = modules.split(&name)?;
    if let Some(class) = owner.source.classes.iter().find(|class| class.name == rest) {
        return class.bases.iter().find_map(|base| Framework::made_by(&owner.resolve(base)));
    }
    let function = top_function(owner, rest)?;
    made_in(modules, owner, function, depth - 1)
}

fn top_function<'a>(module: &'a Module, name: &str) -> Option<&'a Function> {
    let functions = &module.source.functions;
    functions.iter().rev().find(|function| function.scope.is_empty() && function.name == name)
}

/// The framework of the app that a function returns.
fn made_in(
    modules: &Modules,
    module: &Module,
    function: &Function,
    depth: u8,
) -> Option<Framework> {
    let local = |name: &str| {
        module
            .source
            .assignments
            .iter()
            .filter(|assignment| assignment.scope == function.name && assignment.target == name)
            .find_map(|assignment| made_by(modules, module, assignment.value.as_call()?, depth))
    };
    function.returns.iter().find_map(|value| match value {
        Value::Name(name) => local(name),
        Value::Call(call) => made_by(modules, module, call, depth),
        _ => None,
    })
}

/// How deep factories that call factories are followed.
const FACTORY_DEPTH: u8 = 3;

fn objects(
    modules: &Modules,
    module: &Module,
    found: &mut Vec<Candidate>,
    superseded: &mut BTreeSet<String>,
) {
    for assignment in module.source.assignments.iter().filter(|a| a.scope.is_empty() && !a.main) {
        let target = &assignment.target;
        let simple = target.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !simple {
            continue;
        }
        // `server = app.server` is how Dash gives its WSGI object.
        if let Some(dash) = assignment.value.as_name().and_then(|name| name.strip_suffix(".server"))
            && is_dash(modules, module, dash)
        {
            superseded.insert(format!("{}.{dash}", module.name));
            push(found, module, Framework::Dash, (target, assignment.line), Made::Object);
            continue;
        }
        let Some(call) = assignment.value.as_call() else { continue };
        let Some(framework) = made_by(modules, module, call, FACTORY_DEPTH) else { continue };
        // A Dash app on a Flask object of its own is served through that object.
        if framework == Framework::Dash && matches!(call.keyword("server"), Some(Value::Name(_))) {
            continue;
        }
        if !module.aside {
            superseded.insert(module.resolve(call.callee()));
        }
        found.retain(|c| !(c.evidence.file == module.path && c.reference.object == *target));
        push(found, module, framework, (target, assignment.line), Made::Object);
    }
    mounted(module, superseded);
}

/// Apps that are mounted into another app of the same file are parts of it.
fn mounted(module: &Module, superseded: &mut BTreeSet<String>) {
    for call in &module.source.calls {
        let last = call.callee().rsplit('.').next();
        let mounts = matches!(last, Some("mount" | "Mount"));
        if mounts && let Some(Value::Name(part)) = call.argument(1, "app") {
            superseded.insert(module.resolve(part));
        }
    }
}

fn is_dash(modules: &Modules, module: &Module, name: &str) -> bool {
    let made = module.value_of(name).and_then(Value::as_call);
    made.and_then(|call| made_by(modules, module, call, FACTORY_DEPTH)) == Some(Framework::Dash)
}

fn factories(modules: &Modules, module: &Module, found: &mut Vec<Candidate>) {
    for function in module.source.functions.iter().filter(|f| f.scope.is_empty() && !f.is_async) {
        let by_annotation = || {
            let annotation = module.resolve(function.annotation.as_deref()?);
            Framework::made_by(&annotation)
        };
        let made = made_in(modules, module, function, FACTORY_DEPTH).or_else(by_annotation);
        let Some(framework) = made.filter(|made| *made != Framework::Aiohttp) else { continue };
        if !function.decorators.is_empty() {
            continue;
        }
        let place = (function.name.as_str(), function.line);
        push(found, module, framework, place, Made::Factory(function.required.clone()));
    }
}

/// `wsgi.py` and `asgi.py` that hand on an object of another module are meant for the server.
fn entry_points(
    modules: &Modules,
    module: &Module,
    found: &mut Vec<Candidate>,
    superseded: &mut BTreeSet<String>,
) {
    let last = module.name.rsplit('.').next().unwrap_or_default();
    if !matches!(last, "wsgi" | "asgi" | "autoapp") {
        return;
    }
    for import in module.source.imports.iter().filter(|import| import.name.is_some()) {
        let target = module.resolve(&import.alias);
        let Some((owner, object)) = modules.split(&target) else { continue };
        let made = owner.value_of(object).and_then(Value::as_call);
        let made = made.and_then(|call| made_by(modules, owner, call, FACTORY_DEPTH));
        let Some(framework) = made else { continue };
        superseded.insert(target);
        push(found, module, framework, (&import.alias, import.line), Made::Object);
    }
}

enum Made {
    Object,
    /// With the parameters that it needs.
    Factory(Vec<String>),
}

fn push(
    found: &mut Vec<Candidate>,
    module: &Module,
    framework: Framework,
    (object, line): (&str, u32),
    made: Made,
) {
    let (factory, missing) = match made {
        Made::Object => (false, Vec::new()),
        Made::Factory(missing) => (true, missing),
    };
    let note = if factory {
        format!("`{object}()` makes a {framework} app")
    } else {
        format!("`{object}` is a {framework} app")
    };
    found.push(Candidate {
        framework,
        reference: AppReference { module: module.name.clone(), object: object.to_owned(), factory },
        evidence: Evidence::at(module.path.as_str(), line, note),
        import_root: module.import_root.clone(),
        aside: module.aside,
        missing,
    });
}
