//! Requirements files and what they include.

use super::*;

#[test]
fn nested_files_are_followed() {
    let tree = Tree::from_files([
        (
            "requirements.txt",
            "-r requirements/prod.txt  # all\nFlask==3.0.0 \\\n    --hash=sha256:00\n",
        ),
        (
            "requirements/prod.txt",
            "-r base.txt\n--requirement=../more.txt\ngunicorn>=26,<27\n-e .\n",
        ),
        ("requirements/base.txt", "fastapi[standard] ; python_version > '3'\n-r prod.txt\n"),
        ("more.txt", "Flask_SQLAlchemy\nhttps://x/y.zip\n"),
    ]);
    let files = ["requirements.txt".to_owned()];
    let declared = Declared::from_files(&tree, &files).expect("read");
    for name in ["flask", "gunicorn", "fastapi", "flask-sqlalchemy", "uvicorn"] {
        assert!(declared.provides(name).is_some(), "{name}");
    }
    let version = |text: &str| Version::from_str(text).expect(text);
    let gunicorn = declared.get("gunicorn").expect("declared");
    assert_eq!(gunicorn.evidence.to_string(), "requirements/prod.txt:3: `gunicorn>=26,<27`");
    assert!(gunicorn.is_at_least(&version("26")) && !gunicorn.is_at_least(&version("27")));
    let flask = declared.get("flask").expect("declared");
    assert_eq!(flask.pinned(), Some(&version("3.0.0")));
    assert!(declared.own.is_some());
}

#[test]
fn a_constraint_declares_nothing() {
    let tree = Tree::from_files([
        ("requirements.txt", "-c constraints.txt\nflask>=2\n"),
        ("constraints.txt", "flask==3.0.0\ngunicorn==20.1.0\n-c constraints.txt\n"),
    ]);
    let files = ["requirements.txt".to_owned()];
    let declared = Declared::from_files(&tree, &files).expect("read");
    assert!(declared.get("gunicorn").is_none());
    let pinned = Version::from_str("3.0.0").expect("a version");
    assert_eq!(declared.get("flask").and_then(Package::pinned), Some(&pinned));
}

#[test]
fn a_missing_file_is_told() {
    let tree = Tree::from_files([("requirements.txt", "a\n-r gone.txt\n")]);
    let error = Declared::from_files(&tree, &["requirements.txt".to_owned()]);
    assert!(matches!(
        error,
        Err(InspectError::RequirementsMissing { line: 2, ref included, .. }) if included == "gone.txt"
    ));
}
