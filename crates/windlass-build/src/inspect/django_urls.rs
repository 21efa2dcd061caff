//! Routes of a Django project, from its URL configuration.

use super::django::setting;
use super::modules::{Module, Modules};
use super::python_source::{Call, Value};
use super::routes::{Answer, Route, answer_of, push};

/// Deepest nesting of `include`.
const MAX_DEPTH: u8 = 8;

/// The routes below `ROOT_URLCONF`, and whether the admin site is among them, with its path.
pub(super) fn find(modules: &Modules, chain: &[&Module]) -> (Vec<Route>, Option<String>) {
    let mut urls = Urls { modules, routes: Vec::new(), admin: None };
    let root = setting(chain, "ROOT_URLCONF").and_then(|(_, set)| set.value.as_text());
    if let Some(module) = root.and_then(|name| modules.named(name)) {
        urls.patterns(module, "/", 0);
    }
    (urls.routes, urls.admin)
}

struct Urls<'a> {
    modules: &'a Modules,
    routes: Vec<Route>,
    admin: Option<String>,
}

impl Urls<'_> {
    fn patterns(&mut self, module: &Module, prefix: &str, depth: u8) {
        let patterns = module.source.assignments.iter().filter(|a| a.target == "urlpatterns");
        for assignment in patterns {
            self.list(module, &assignment.value, (prefix, depth));
        }
    }

    fn list(&mut self, module: &Module, value: &Value, at: (&str, u8)) {
        match value {
            Value::List(items) => {
                for call in items.iter().filter_map(Value::as_call) {
                    self.pattern(module, call, at);
                }
            }
            Value::Sum(parts) => parts.iter().for_each(|part| self.list(module, part, at)),
            _ => {}
        }
    }

    fn pattern(&mut self, module: &Module, call: &Call, (prefix, depth): (&str, u8)) {
        let function = module.resolve(call.callee());
        let Some(written) = call.argument(0, "route").and_then(Value::as_text) else { return };
        let path = match function.rsplit('.').next() {
            Some("path") => written.to_owned(),
            Some("re_path" | "url") => {
                written.trim_start_matches('^').trim_end_matches('$').to_owned()
            }
            _ => return,
        };
        let path = format!("{prefix}{path}");
        match call.argument(1, "view") {
            Some(Value::Name(name)) if name.ends_with("admin.site.urls") => {
                self.admin.get_or_insert(path);
            }
            Some(Value::Name(name)) => {
                let resolved = module.resolve(name);
                let view = self.modules.split(&resolved).and_then(|(owner, rest)| {
                    let functions = &owner.source.functions;
                    functions.iter().find(|f| f.name == rest).map(|f| answer_of(owner, f))
                });
                let answer = view.unwrap_or(Answer::Computed);
                push(&mut self.routes, module, &path, (call.line, answer));
            }
            Some(Value::Call(view)) => self.view(module, view, &path, (call.line, depth)),
            _ => {}
        }
    }

    /// `include("app.urls")` goes on there; `View.as_view()` is a page.
    fn view(&mut self, module: &Module, view: &Call, path: &str, (line, depth): (u32, u8)) {
        if !module.resolve(view.callee()).ends_with("include") {
            let template = view.callee().ends_with("TemplateView.as_view");
            let answer = if template { Answer::Page } else { Answer::Computed };
            push(&mut self.routes, module, path, (line, answer));
            return;
        }
        if depth >= MAX_DEPTH {
            return;
        }
        let included = match view.args.first() {
            Some(Value::Text(name)) => self.modules.named(name),
            Some(Value::Name(name)) => self.modules.named(&module.resolve(name)),
            _ => None,
        };
        if let Some(included) = included {
            self.patterns(included, path, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::django::settings_chain;
    use super::super::tree::Tree;
    use super::*;

    #[test]
    fn includes_are_followed() {
        let tree = Tree::from_files([
            ("site1/settings.py", "ROOT_URLCONF = 'site1.urls'\n"),
            (
                "site1/urls.py",
                "from django.contrib import admin\nfrom django.urls import include, path\nimport hello.views\nurlpatterns = [path('', hello.views.index), path('shop/', include('hello.urls')), path('admin/', admin.site.urls)]\n",
            ),
            (
                "hello/views.py",
                "from django.shortcuts import render\ndef index(request):\n    return render(request, 'index.html')\n",
            ),
            (
                "hello/urls.py",
                "from django.urls import path, re_path\nfrom . import views\nurlpatterns = [path('<int:pk>/', views.index), re_path(r'^up$', views.up)]\n",
            ),
        ]);
        let modules = Modules::read(&tree, "").expect("parsed");
        let chain = settings_chain(&modules, "site1.settings");
        let (routes, admin) = find(&modules, &chain);
        let found: Vec<(&str, Answer)> =
            routes.iter().map(|route| (route.path.as_str(), route.answer)).collect();
        assert_eq!(found, [("/", Answer::Page), ("/shop/up", Answer::Computed)]);
        assert_eq!(admin.as_deref(), Some("/admin/"));
    }
}
