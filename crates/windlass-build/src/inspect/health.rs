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
    /// Path of Django's admin site.
    pub(super) admin: Option<&'a str>,
    /// Whether Django answers `/` with its own page: with DEBUG and no pattern but the admin's.
    pub(super) welcome: bool,
    /// Path of FastAPI's own page.
    pub(super) docs: Option<&'a str>,
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
    if let Some(admin) = question.admin.filter(|_| !question.welcome) {
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
        Some(Framework::Django) if question.welcome => {
            health("/", rule("with DEBUG and no page of its own, Django answers `/`"))
        }
        Some(Framework::FastApi) if question.docs.is_some() => {
            let note = "FastAPI's own page; no route that needs nothing was found";
            health(question.docs.unwrap_or_default(), rule(note))
        }
        _ => match question.routes.iter().find(|route| route.answer == Answer::Computed) {
            Some(route) => health(&route.path, route.evidence.clone()),
            None => unknown(health("/", rule(NO_ROUTE))),
        },
    }
}

const NO_ROUTE: &str =
    "no route was found in the source: 404 counts as well, since it shows that the app answers";

/// A probe of a path that may not be there: that the app speaks HTTP is all that it can show.
fn unknown(mut health: Health) -> Health {
    health.probe.accept = (200..=206).chain(300..=308).chain([401, 403, 404]).collect();
    health
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::ProbeAnswer;

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
                welcome: false,
                docs: None,
            };
            let found = choose(&question);
            assert_eq!((found.probe.path.as_str(), found.smoke.as_deref()), (expected, smoke));
            assert!(!found.evidence.is_empty());
        }
    }

    #[test]
    fn frameworks_without_routes() {
        for (framework, admin, welcome, expected) in [
            (Framework::Django, Some("/admin/"), true, "/"),
            (Framework::Django, Some("/admin/"), false, "/admin/login/"),
            (Framework::FastApi, None, false, "/docs"),
            (Framework::Streamlit, None, false, "/_stcore/health"),
            (Framework::Flask, None, false, "/"),
        ] {
            let docs = (framework == Framework::FastApi).then_some("/docs");
            let question = Question {
                config: &AppConfig::default(),
                dockerfile: None,
                routes: &[],
                framework: Some(framework),
                admin,
                welcome,
                docs,
            };
            let found = choose(&question).probe;
            assert_eq!(found.path, expected, "{framework}");
            let guessed = framework == Framework::Flask;
            let accepts = |status| {
                found.accepts(&ProbeAnswer::Status { status, body: String::new(), elapsed_ms: 1 })
            };
            assert!(accepts(200) && accepts(302) && !accepts(500), "{framework}");
            assert_eq!(accepts(404), guessed, "{framework}");
        }
    }
}
