//! What stays out of an image, and what takes it back.

use super::*;

#[test]
fn defaults_keep_secrets_and_caches_out() {
    let rules = IgnoreRules::new("", &[]);
    for (path, out) in [
        (".git/config", true),
        ("a/b/__pycache__/x.pyc", true),
        (".env", true),
        ("conf/.env.production", true),
        (".env.example", false),
        ("certs/server.pem", true),
        (".envs/.production/.django", true),
        ("deploy/prod.env", true),
        ("deploy/example.env", false),
        (".streamlit/secrets.toml", true),
        (".streamlit/config.toml", false),
        ("windlass.lock", true),
        ("sub/windlass.lock", false),
        ("build/lib/shop/app.py", true),
        ("build/lib.linux-x86_64-cpython-311/shop/app.py", true),
        ("build/bdist.linux-x86_64/x", true),
        ("build/library/x.js", false),
        ("web/build/lib/x.js", false),
        ("tests/test_a.py", false),
        ("environment.py", false),
        ("app.py", false),
    ] {
        assert_eq!(rules.excludes(path), out, "{path}");
    }
}

#[test]
fn patterns_are_dockers() {
    let text = "# note\n/docs\n*.md\n!README.md\n**/tmp\na/*/c\n[xy]?.t\\*t\n!.env\n";
    let rules = IgnoreRules::new(text, &["secret-*".to_owned()]);
    for (path, out) in [
        ("docs/a/b", true),
        ("x/docs", false),
        ("a.md", true),
        ("x/a.md", false),
        ("README.md", false),
        ("p/q/tmp/r", true),
        ("a/b/c/d", true),
        ("a/b/d", false),
        ("x1.t*t", true),
        ("x1.txt", false),
        (".env", false),
        ("secret-1", true),
    ] {
        assert_eq!(rules.excludes(path), out, "{path}");
    }
    assert!(rules.must_enter("a") && !rules.must_enter("a/.git"));
    assert!(!IgnoreRules::new("a", &[]).must_enter("a"));
}

#[test]
fn a_list_of_what_is_allowed_takes_no_secret_back() {
    let text = "*\n!app\n!conf/**\n!certs/*.pem\n!.aws/config\n!web/node_modules\n\
         !**/credentials\n!app/__pycache__\n!app/old.pyc\n!app/.git\n";
    let rules = IgnoreRules::new(text, &[]);
    for (path, out) in [
        ("app/main.py", false),
        ("app/.env", true),
        ("app/deep/prod.env", true),
        ("app/__pycache__/m.cpython-313.pyc", true),
        ("app/old.pyc", true),
        ("app/.git/config", true),
        ("conf/app.toml", false),
        ("conf/.env", true),
        ("conf/secrets.toml", true),
        ("certs/ca.pem", false),
        ("certs/ca.key", true),
        (".aws/config", false),
        (".aws/credentials", true),
        ("web/node_modules/x/index.js", false),
        ("web/node_modules/x/.env", true),
        ("other.py", true),
    ] {
        assert_eq!(rules.excludes(path), out, "{path}");
    }
    let named = IgnoreRules::new("*\n!app\n!app/.env\n", &[]);
    assert!(!named.excludes("app/.env") && named.excludes("app/.env.local"));
    let later = IgnoreRules::new("!.env\n.env\n", &[]);
    assert!(later.excludes(".env"));
}

/// Docker's reference, section ".dockerignore file", rule by rule; the last column says whether the
/// path stays out.
const RULES: &[(&str, &str, bool)] = &[
    // Comments begin a line, whatever follows; a space before one makes it a pattern.
    ("# *.py", "a.py", false),
    (" # notes", "# notes", true),
    // A byte order mark, line ends of other systems, spaces around a pattern.
    ("\u{feff}docs", "docs/a", true),
    ("docs\r\ntmp\r\n", "tmp/x", true),
    ("  docs\t ", "docs", true),
    ("! docs", "docs", false),
    // The root of the project is the root: a leading slash says nothing, nor does one at the end.
    ("/foo/bar", "foo/bar", true),
    ("foo/bar", "foo/bar/baz", true),
    ("foo/bar/", "foo/bar", true),
    ("bar", "foo/bar", false),
    // Cleaned as Go's filepath.Clean does it.
    ("./foo//bar", "foo/bar", true),
    ("foo/../bar", "bar", true),
    ("foo/../bar", "foo", false),
    ("../bar", "bar", false),
    (".", "a", false),
    ("/", "a", false),
    ("!", "a", false),
    // `*` within a name, `?` one character, classes, a backslash before what means itself.
    ("*/temp*", "somedir/temporary.txt", true),
    ("*/temp*", "temporary.txt", false),
    ("*/*/temp*", "somedir/subdir/temporary.txt", true),
    ("temp?", "tempa", true),
    ("temp?", "temp", false),
    ("[a-c]x", "bx", true),
    ("[^a-c]x", "bx", false),
    ("[!a]x", "!x", true),
    ("\\#x", "#x", true),
    ("\\!x", "!x", true),
    ("*", ".hidden", true),
    // `**` any number of folders, none included; at the end what is in a folder.
    ("**/*.go", "a.go", true),
    ("**/*.go", "x/y/a.go", true),
    ("foo/**/bar", "foo/bar", true),
    ("foo/**/bar", "foo/x/y/bar", true),
    ("foo/**", "foo/x/y", true),
    ("foo/**", "foo", false),
    // The last line that matches decides.
    ("*.md\n!README.md", "README.md", false),
    ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", true),
    ("*.md\n!README*.md\nREADME-secret.md", "README-a.md", false),
    ("*.md\nREADME-secret.md\n!README*.md", "README-secret.md", false),
    ("docs\n!docs/api", "docs/api/x", false),
    ("docs\n!docs/api", "docs/other", true),
    ("!docs/api\ndocs", "docs/api", true),
];

#[test]
fn every_documented_rule_of_dockers_holds() {
    for (list, path, out) in RULES {
        assert_eq!(IgnoreRules::new(list, &[]).excludes(path), *out, "{list:?}: {path}");
    }
}
