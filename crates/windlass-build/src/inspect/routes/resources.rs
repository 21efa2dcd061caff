//! Flask-RESTful's resources: `api.add_resource(Hello, "/hello")` is a route when `Hello` has a `get`.

use super::{Answer, Included, answer_of, canonical, prefix_of};
use crate::inspect::modules::{Module, Modules};
use crate::inspect::python_source::{Call, Value};

/// The path of a resource, and how much it needs to answer.
pub(super) fn resource(
    modules: &Modules,
    included: &[Included],
    module: &Module,
    call: &Call,
) -> Option<(String, Answer)> {
    let api = call.callee().strip_suffix(".add_resource")?;
    let path = call.args.get(1)?.as_text()?;
    let class = canonical(modules, &module.resolve(call.args.first()?.as_name()?), 0);
    let (owner, name) = modules.split(&class)?;
    let mut functions = owner.source.functions.iter();
    let get = functions.find(|function| function.scope == name && function.name == "get")?;
    let prefix = prefix_of_api(modules, included, &canonical(modules, &module.resolve(api), 0))?;
    Some((format!("{prefix}{path}"), answer_of(modules, owner, get)))
}

/// The prefix of an `Api(app_or_blueprint, prefix="/v1")`; `None` when it is not written out, or
/// nothing includes its blueprint.
fn prefix_of_api(modules: &Modules, included: &[Included], api: &str) -> Option<String> {
    let (owner, name) = modules.split(api)?;
    let mut assignments = owner.source.assignments.iter();
    let call = assignments.find(|made| made.target == name)?.value.as_call()?;
    let own = match call.keyword("prefix") {
        Some(prefix) => prefix.as_text()?,
        None => "",
    };
    let above = match call.args.first().and_then(Value::as_name) {
        Some(app) => prefix_of(modules, included, &canonical(modules, &owner.resolve(app), 0), 0)?,
        None => String::new(),
    };
    Some(format!("{}{own}", above.trim_end_matches('/')))
}
