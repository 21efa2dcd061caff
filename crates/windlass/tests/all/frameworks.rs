//! Each framework's smallest project answers, with nothing configured but the app's name.

use crate::site::{Site, world};
use windlass_testkit::Project;

fn answers(app: &str, project: &Project, text: &str) {
    let site = Site::deploy(world(), app, project);
    let page = site.get("/");
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.body.contains(text), "{page:?}");
}

#[test]
fn fastapi_answers() {
    answers("fast", &Project::fastapi("fast", "quick brown fox"), "quick brown fox");
}

#[test]
fn starlette_answers_without_a_server_declared() {
    answers("star", &Project::starlette("star", "lazy dog"), "lazy dog");
}

#[test]
fn django_answers_without_a_server_declared() {
    answers("djan", &Project::django("djan", "five boxing wizards"), "five boxing wizards");
}
