//! How much a handler needs to answer, as far as its `return` statements tell.

use crate::inspect::modules::Module;
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
pub(in crate::inspect) fn answer_of(module: &Module, function: &Function) -> Answer {
    let given = ["request", "req", "self", "response", "_request", "_"];
    if function.required.iter().any(|name| !given.contains(&name.as_str())) {
        return Answer::NeedsArguments;
    }
    let returns = function.returns.iter();
    let mut answers =
        returns.filter(|value| **value != Value::None).map(|value| simple(module, value));
    let first = answers.next().unwrap_or(Answer::Computed);
    answers.fold(first, std::cmp::max)
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
