//! How much a handler needs to answer, as far as its `return` statements tell.

use crate::inspect::modules::{Module, Modules};
use crate::inspect::python_source::{Function, Value};

/// How much a handler needs to answer; less is better for a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::inspect) enum Answer {
    /// It returns what is written in the source.
    Constant,
    /// It renders a template with nothing looked up.
    Page,
    /// Anything else.
    Computed,
    /// It wants arguments that a probe does not send.
    NeedsArguments,
}

/// How much a handler needs.
pub(in crate::inspect) fn answer_of(
    modules: &Modules,
    module: &Module,
    function: &Function,
) -> Answer {
    let given = ["request", "req", "self", "response", "_request", "_"];
    let injected = |name: &String| {
        let mut annotations = function.annotations.iter().filter(|(of, _)| of == name);
        annotations.any(|(_, annotation)| is_injected(modules, module, annotation, 0))
    };
    if function.required.iter().any(|name| !given.contains(&name.as_str()) && !injected(name)) {
        return Answer::NeedsArguments;
    }
    let returns = function.returns.iter();
    let mut answers =
        returns.filter(|value| **value != Value::None).map(|value| simple(module, value));
    let first = answers.next().unwrap_or(Answer::Computed);
    answers.fold(first, std::cmp::max)
}

/// How deep names that stand for annotations are followed; a ring of them ends there too.
const MAX_DEPTH: u8 = 8;

/// Whether FastAPI gives the parameter itself: `Annotated[Session, Depends(...)]`, a name for that
/// in any of our modules, or one of its own types.
fn is_injected(modules: &Modules, module: &Module, annotation: &Value, depth: u8) -> bool {
    const TYPES: [&str; 6] =
        ["Request", "Response", "WebSocket", "HTTPConnection", "BackgroundTasks", "SecurityScopes"];
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    match annotation {
        Value::Item(of, arguments) => {
            let Value::List(arguments) = arguments.as_ref() else { return false };
            let depends = |call: &crate::inspect::python_source::Call| {
                matches!(last(&module.resolve(call.callee())).as_str(), "Depends" | "Security")
            };
            of.as_name().is_some_and(|name| last(&module.resolve(name)) == "Annotated")
                && arguments.iter().filter_map(Value::as_call).any(depends)
        }
        Value::Name(name) => {
            let resolved = module.resolve(name);
            let Some((owner, rest)) = modules.split(&resolved).filter(|(_, rest)| !rest.is_empty())
            else {
                return TYPES.contains(&last(&resolved).as_str());
            };
            let stands_for = owner.value_of(rest).cloned().unwrap_or(Value::Name(rest.to_owned()));
            depth < MAX_DEPTH && is_injected(modules, owner, &stands_for, depth + 1)
        }
        _ => false,
    }
}

fn simple(module: &Module, value: &Value) -> Answer {
    if value.is_constant() {
        return Answer::Constant;
    }
    let Value::Call(call) = value else { return Answer::Computed };
    let name = module.resolve(call.callee());
    let last = name.rsplit('.').next().unwrap_or_default();
    let mut values = call.args.iter().chain(call.keywords.iter().map(|(_, value)| value));
    let plain = |value: &Value| value.is_constant() || value.as_name() == Some("request");
    let wraps = last == "jsonify" || last == "dict" || last == "json" || last.ends_with("Response");
    match last {
        _ if wraps && values.all(Value::is_constant) => Answer::Constant,
        "render_template" | "render" | "TemplateResponse" if values.all(plain) => Answer::Page,
        _ => Answer::Computed,
    }
}
