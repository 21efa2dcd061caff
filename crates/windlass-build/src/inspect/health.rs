//! The path that a probe asks for, and the page that should work beside it.
//!
//! Order: what is configured, what a Dockerfile's `HEALTHCHECK` asks, a route with a customary
//! name, then a route that answers without looking anything up: `/` may need a table that a
//! command still has to make, and no such command is ever run unasked.

use super::framework::Framework;
use super::routes::{Answer, Route};
use windlass_model::{AppConfig, Evidence, ProbeSpec};

/// The probe, its evidence, and a page to look at besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Health {
    pub(super) probe: ProbeSpec,
    pub(super) evidence: Vec<Evidence>,
    pub(super) smoke: Option<String>,
}

/// What is known of the app's paths.
pub(super) struct Question<'a> {
    pub(super) config: &'a AppConfig,
    pub(super) dockerfile: Option<&'a (String, Evidence)>,
    pub(super) routes: &'a [Route],
    pub(super) framework: Option<Framework>,
    /// Path of Django's admin site, and whether `DEBUG` is written as `True`.
    pub(super) admin: Option<&'a str>,
    pub(super) debug: bool,
}

/// Paths that apps give to health checks, the deepest check first.
const CUSTOMARY: [&str; 17] = [
    "/ready",
    "/readyz",
    "/health/ready",
    "/healthz",
    "/health",
    "/healthcheck",
    "/health-check",
    "/up",
    "/ping",
    "/live",
    "/livez",
    "/status",
    "/heartbeat",
    "/__lbheartbeat__",
    "/__heartbeat__",
    "/_health",
    "/ht",
];

/// Chooses the probe.
pub(super) fn choose(question: &Question<'_>) -> Health {
    let smoke = || {
        let root = question.routes.iter().find(|route| route.path == "/");
        root.map(|_| "/".to_owned())
    };
    let health = |path: &str, evidence: Evidence| Health {
        probe: ProbeSpec::at(path),
        evidence: vec![evidence],
        smoke: if path == "/" { None } else { smoke() },
    };
    if let Some(probe) = &question.config.health {
        let note = format!("`health` in [tool.windlass] says `{}`", probe.path);
        let line = question.config.line_of("health");
        let evidence = Evidence { file: "pyproject.toml".to_owned(), line, note };
        return Health { probe: probe.clone(), ..health(&probe.path, evidence) };
    }
    if let Some((path, evidence)) = question.dockerfile {
        return health(path, evidence.clone());
    }
    if let Some(route) = customary(question.routes) {
        return health(&route.path, route.evidence.clone());
    }
    let root = question.routes.iter().filter(|route| route.path == "/");
    let root = root.min_by_key(|route| route.answer);
    let answers = |route: &&Route| route.answer == Answer::Constant;
    if let Some(root) = root.filter(|route| route.answer <= Answer::Page) {
        return health("/", root.evidence.clone());
    }
    if let Some(route) = question.routes.iter().find(answers) {
        let mut found = health(&route.path, route.evidence.clone());
        found.evidence.push(Evidence::rule("it answers without looking anything up"));
        return found;
    }
    // Without DEBUG a page may need tables that a migration still has to make.
    if let Some(admin) = question.admin.filter(|_| !question.debug || !question.routes.is_empty()) {
        let path = format!("{admin}login/");
        let mut found = health(&path, Evidence::rule("the admin site's login page needs no table"));
        found.evidence.extend(root.map(|root| root.evidence.clone()));
        return found;
    }
    if let Some(root) = root.filter(|route| route.answer == Answer::Computed) {
        return health("/", root.evidence.clone());
    }
    by_framework(question, health)
}

fn customary(routes: &[Route]) -> Option<&Route> {
    let usable = || routes.iter().filter(|route| route.answer != Answer::NeedsArguments);
    let bare = |route: &Route| route.path.trim_end_matches('/').to_owned();
    let exact = CUSTOMARY.iter().find_map(|name| usable().find(|route| bare(route) == *name));
    exact.or_else(|| {
        CUSTOMARY.iter().find_map(|name| usable().find(|route| bare(route).ends_with(name)))
    })
}

fn by_framework(question: &Question<'_>, health: impl Fn(&str, Evidence) -> Health) -> Health {
    let rule = Evidence::rule;
    match question.framework {
        Some(Framework::Streamlit) => {
            health("/_stcore/health", rule("Streamlit's own health check"))
        }
        Some(Framework::Django) if question.routes.is_empty() && question.debug => {
            health("/", rule("with DEBUG and no page of its own, Django answers `/`"))
        }
        Some(Framework::FastApi) if question.routes.is_empty() => {
            health("/docs", rule("FastAPI's own page; no route without parameters was found"))
        }
        _ => match question.routes.iter().find(|route| route.answer == Answer::Computed) {
            Some(route) => health(&route.path, route.evidence.clone()),
            None => health("/", rule("no route was found in the source")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_path_is_probed() {
        use Answer::{Computed, Constant, NeedsArguments, Page};
        for (routes, expected, smoke) in [
            (
                vec![("/", Computed), ("/health", Computed), ("/ready", Computed)],
                "/ready",
                Some("/"),
            ),
            (vec![("/", Computed), ("/hello", Constant)], "/hello", Some("/")),
            (vec![("/", Constant), ("/hello", Constant)], "/", None),
            (vec![("/", Page), ("/hello", Constant)], "/", None),
            (vec![("/", Computed), ("/other", Computed)], "/", None),
            (vec![("/api/v1/health", Computed), ("/", Computed)], "/api/v1/health", Some("/")),
            (vec![("/health/", Constant)], "/health/", None),
            (vec![("/health", NeedsArguments), ("/x", Computed)], "/x", None),
            (vec![], "/", None),
        ] {
            let routes: Vec<Route> = routes
                .into_iter()
                .map(|(path, answer)| Route {
                    path: path.to_owned(),
                    evidence: Evidence::at("app.py", 1, path),
                    answer,
                })
                .collect();
            let question = Question {
                config: &AppConfig::default(),
                dockerfile: None,
                routes: &routes,
                framework: None,
                admin: None,
                debug: false,
            };
            let found = choose(&question);
            assert_eq!((found.probe.path.as_str(), found.smoke.as_deref()), (expected, smoke));
            assert!(!found.evidence.is_empty());
        }
    }

    #[test]
    fn frameworks_without_routes() {
        for (framework, admin, debug, expected) in [
            (Framework::Django, Some("/admin/"), true, "/"),
            (Framework::Django, Some("/admin/"), false, "/admin/login/"),
            (Framework::FastApi, None, false, "/docs"),
            (Framework::Streamlit, None, false, "/_stcore/health"),
        ] {
            let question = Question {
                config: &AppConfig::default(),
                dockerfile: None,
                routes: &[],
                framework: Some(framework),
                admin,
                debug,
            };
            assert_eq!(choose(&question).probe.path, expected, "{framework}");
        }
    }
}
