//! Versions as of the date of the declaration's last commit.

use super::*;
use windlass_build::wheels::{AsOf, WhyNow, explain};
use windlass_model::ResolveDate;

fn commit(folder: &Path, date: &str) {
    for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "-m", "x"]] {
        let status = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-C"])
            .arg(folder)
            .args(arguments)
            .env("GIT_COMMITTER_DATE", date)
            .env("GIT_AUTHOR_DATE", date)
            .status();
        assert!(status.expect("git runs").success(), "{arguments:?}");
    }
}

const DATE: &str = "2024-01-15T00:00:00Z";

#[test]
fn what_is_not_locked_is_resolved_as_of_its_last_commit() {
    let cache = shared_cache();
    let (project, mut spec) = requirements("jinja2>=3,<4\n");
    let now = resolve_in(&cache, project.path(), &spec).expect("resolved");
    assert_eq!(now.as_of, AsOf::Now(WhyNow::NoCommit));
    commit(project.path(), DATE);
    let then = resolve_in(&cache, project.path(), &spec).expect("resolved");
    assert_eq!(then.as_of, AsOf::Date(DATE.to_owned()));
    assert_eq!(then.as_of.for_lock().as_deref(), Some(DATE));
    assert_eq!((versions(&then)["jinja2"], versions(&then)["markupsafe"]), ("3.1.3", "2.1.3"));
    assert_ne!(versions(&now)["jinja2"], "3.1.3", "there are newer ones");

    // Other files of the project do not matter, and the project may want it otherwise.
    std::fs::write(project.path().join("app.py"), "").expect("written");
    commit(project.path(), "2024-06-15T00:00:00Z");
    let same = resolve_in(&cache, project.path(), &spec).expect("resolved");
    assert_eq!(same.as_of, then.as_of);
    spec.selection.date = ResolveDate::Now;
    let wanted = resolve_in(&cache, project.path(), &spec).expect("resolved");
    assert_eq!(wanted.as_of, AsOf::Now(WhyNow::Wanted));
    assert_eq!(wanted.resolution, now.resolution);
    spec.selection.date = ResolveDate::At { date: "2024-01-14".to_owned() };
    let told = resolve_in(&cache, project.path(), &spec).expect("resolved");
    assert_eq!(told.as_of, AsOf::Date("2024-01-14T23:59:59Z".to_owned()));
    assert_eq!(told.resolution, then.resolution);

    spec.selection.date = ResolveDate::Commit;
    std::fs::write(project.path().join("requirements.txt"), "jinja2\n").expect("written");
    let changed = resolve_in(&cache, project.path(), &spec).expect("resolved");
    let file = "requirements.txt".to_owned();
    assert_eq!(changed.as_of, AsOf::Now(WhyNow::NotCommitted { file }));
}

#[test]
fn where_the_date_has_no_solution_there_is_one_of_now() {
    let (project, spec) = requirements("itsdangerous==2.2.0\n");
    // Before that version came.
    commit(project.path(), DATE);
    let resolved = resolve_in(&shared_cache(), project.path(), &spec).expect("resolved");
    assert_eq!(resolved.as_of, AsOf::Now(WhyNow::NoSolution { date: DATE.to_owned() }));
    assert_eq!(versions(&resolved)["itsdangerous"], "2.2.0");
    let warnings = explain::notes(&resolved.notes);
    assert_eq!(warnings[0].code, "resolve-date-unsolvable");
    let (wrong, spec) = requirements("itsdangerous==99\n");
    commit(wrong.path(), DATE);
    assert!(resolve_in(&shared_cache(), wrong.path(), &spec).is_err());
}
