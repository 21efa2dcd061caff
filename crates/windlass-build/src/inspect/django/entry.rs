//! The WSGI and ASGI objects of a Django project.
//!
//! A file may make several: `django_asgi_app = get_asgi_application()` is only a part of the
//! `application` below it, which routes WebSockets too. What the settings name counts first.

use crate::inspect::candidate::Candidate;
use crate::inspect::django::setting;
use crate::inspect::framework::Framework;
use crate::inspect::modules::Module;
use crate::inspect::python_source::{Assignment, Value};
use windlass_model::{AppReference, Evidence};

/// How the object of one interface is made, and which setting names it.
pub(super) struct Entry {
    interface: &'static str,
    maker: &'static str,
    setting: &'static str,
}

pub(super) const WSGI: Entry = Entry {
    interface: "WSGI",
    maker: "django.core.wsgi.get_wsgi_application",
    setting: "WSGI_APPLICATION",
};

pub(super) const ASGI: Entry = Entry {
    interface: "ASGI",
    maker: "django.core.asgi.get_asgi_application",
    setting: "ASGI_APPLICATION",
};

/// How many names and calls lie between an object and what makes it, at most.
const MAX_DEPTH: u8 = 4;

impl Entry {
    /// The object that the settings name, where one of the modules has it.
    pub(super) fn named(&self, modules: &[&Module], settings: &[&Module]) -> Option<Candidate> {
        let (_, set) = setting(settings, self.setting)?;
        let (name, object) = set.value.as_text()?.rsplit_once('.')?;
        let module = modules.iter().find(|module| module.name == name)?;
        let mut assigned = top(module).filter(|assignment| assignment.target == object);
        let line = assigned.next_back().map(|assignment| assignment.line).or_else(|| {
            let imported = module.source.imports.iter().find(|import| import.alias == object);
            imported.map(|import| import.line)
        })?;
        Some(self.candidate(module, object, line))
    }

    /// The object of the module with the shortest name among those that make one.
    pub(super) fn made(&self, modules: &[&Module]) -> Option<Candidate> {
        let made = modules.iter().filter_map(|module| self.made_in(module));
        made.min_by_key(|candidate| candidate.reference.module.len())
    }

    /// The customary name, else the last object, which the others are parts of.
    fn made_in(&self, module: &Module) -> Option<Candidate> {
        let made: Vec<&Assignment> = top(module)
            .filter(|assignment| assignment.value.as_call().is_some())
            .filter(|assignment| self.makes(module, &assignment.value, 0))
            .collect();
        let customary = made.iter().find(|assignment| assignment.target == "application");
        let chosen = customary.or(made.last())?;
        Some(self.candidate(module, &chosen.target, chosen.line))
    }

    /// `ProtocolTypeRouter({"http": get_asgi_application()})` serves Django too.
    fn makes(&self, module: &Module, value: &Value, depth: u8) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        let makes = |value: &Value| self.makes(module, value, depth + 1);
        match value {
            Value::Call(call) => {
                module.resolve(call.callee()) == self.maker
                    || call.args.iter().any(makes)
                    || call.keywords.iter().any(|(_, value)| makes(value))
            }
            Value::Name(name) => module.value_of(name).is_some_and(makes),
            Value::Dict(items) => items.iter().any(|(_, value)| makes(value)),
            _ => false,
        }
    }

    fn candidate(&self, module: &Module, object: &str, line: u32) -> Candidate {
        let note = format!("`{object}` is the project's {} object", self.interface);
        Candidate {
            framework: Framework::Django,
            evidence: Evidence::at(module.path.as_str(), line, note),
            reference: AppReference {
                module: module.name.clone(),
                object: object.to_owned(),
                factory: false,
            },
            import_root: module.import_root.clone(),
            aside: module.aside,
            missing: Vec::new(),
        }
    }
}

/// What is assigned whenever the file is imported.
fn top(module: &Module) -> impl DoubleEndedIterator<Item = &Assignment> {
    module.source.assignments.iter().filter(|a| a.scope.is_empty() && !a.main)
}
