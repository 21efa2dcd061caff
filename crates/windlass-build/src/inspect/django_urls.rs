//! Routes of a Django project, from its URL configuration.

use super::django::setting;
use super::modules::{Module, Modules};
use super::python_source::{Call, Value};
use super::routes::{Answer, Route, answer_of, is_literal, push};

/// Deepest nesting of `include`.
const MAX_DEPTH: u8 = 8;

/// What a project answers, as far as its URL configuration spells it out.
#[derive(Debug, Default)]
pub(super) struct DjangoRoutes {
    pub(super) routes: Vec<Route>,
    /// Path of the admin site.
    pub(super) admin: Option<String>,
    /// Whether nothing but the admin site is there: only then Django's own page is at `/`.
    pub(super) is_bare: bool,
}

/// The routes below `ROOT_URLCONF`.
pub(super) fn find(modules: &Modules, chain: &[&Module]) -> DjangoRoutes {
    let mut urls = Urls { modules, found: DjangoRoutes::default() };
    let root = setting(chain, "ROOT_URLCONF").and_then(|(_, set)| set.value.as_text());
    if let Some(module) = root.and_then(|name| modules.named(name)) {
        urls.found.is_bare = true;
        urls.patterns(module, "/", 0);
    }
    urls.found
}

struct Urls<'a> {
    modules: &'a Modules,
    found: DjangoRoutes,
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
                for item in items {
                    match item {
                        Value::Call(call) => self.pattern(module, call, at),
                        _ => self.found.is_bare = false,
                    }
                }
            }
            Value::Sum(parts) => parts.iter().for_each(|part| self.list(module, part, at)),
            // `urlpatterns += [...]` repeats what is there already.
            Value::Name(name) if name == "urlpatterns" => {}
            _ => self.found.is_bare = false,
        }
    }

    fn pattern(&mut self, module: &Module, call: &Call, (prefix, depth): (&str, u8)) {
        let is_admin = matches!(call.argument(1, "view"), Some(Value::Name(name)) if name.ends_with("admin.site.urls"));
        self.found.is_bare &= is_admin;
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
            Some(_) if is_admin && is_literal(&path) => {
                self.found.admin.get_or_insert(path);
            }
            Some(_) if is_admin => {}
            Some(Value::Name(name)) => {
                let resolved = module.resolve(name);
                let view = self.modules.split(&resolved).and_then(|(owner, rest)| {
                    let functions = &owner.source.functions;
                    functions
                        .iter()
                        .find(|f| f.name == rest)
                        .map(|f| answer_of(self.modules, owner, f))
                });
                let answer = view.unwrap_or(Answer::Computed);
                push(&mut self.found.routes, module, &path, (call.line, answer));
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
            push(&mut self.found.routes, module, path, (line, answer));
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
        let found = find(&modules, &chain);
        assert!(!found.is_bare);
        let admin = found.admin;
        let found: Vec<(&str, Answer)> =
            found.routes.iter().map(|route| (route.path.as_str(), route.answer)).collect();
        assert_eq!(found, [("/", Answer::Page), ("/shop/up", Answer::Computed)]);
        assert_eq!(admin.as_deref(), Some("/admin/"));
    }

    #[test]
    fn any_other_pattern_takes_djangos_page_away() {
        for (patterns, is_bare) in [
            ("[path('admin/', admin.site.urls)]", true),
            ("[]", true),
            ("[path('admin/', admin.site.urls)]\nurlpatterns += []", true),
            ("[path('api/', include('other.package'))]", false),
            ("[path('<int:pk>/', view)]", false),
            ("[path('admin/', admin.site.urls)] + static('/media/')", false),
            ("router.urls", false),
        ] {
            let urls = format!("urlpatterns = {patterns}\n");
            let tree = Tree::from_files([
                ("site1/settings.py", "ROOT_URLCONF = 'site1.urls'\n"),
                ("site1/urls.py", urls.as_str()),
            ]);
            let modules = Modules::read(&tree, "").expect("parsed");
            let found = find(&modules, &settings_chain(&modules, "site1.settings"));
            assert_eq!((found.is_bare, found.routes.len()), (is_bare, 0), "{patterns}");
        }
    }
}
