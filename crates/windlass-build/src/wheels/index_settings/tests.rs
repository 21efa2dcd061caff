//! Which of the machine's settings reach uv and pip, and which wins.

use super::*;

fn tools(environment: &[(&str, &str)], files: &[&str]) -> PackageTools {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    PackageTools {
        environment: environment.iter().map(owned).collect(),
        pip_config: files.iter().map(|file| (*file).to_owned()).collect(),
        ..PackageTools::default()
    }
}

#[test]
fn pip_settings_reach_uv() {
    let file = "[global]\nindex-url = http://127.0.0.1/a\ntimeout = 60\n# no\n\
                [install]\nextra_index_url =\n    http://127.0.0.1/b\n    http://127.0.0.1/c\n\
                [list]\nindex-url = http://127.0.0.1/wrong\n";
    let settings = IndexSettings::for_uv(&tools(
        &[("PIP_TRUSTED_HOST", "127.0.0.1"), ("PIP_FIND_LINKS", "/links /more")],
        &[file],
    ));
    let get = |name: &str| settings.environment.get(name).map(String::as_str);
    assert_eq!(get("UV_DEFAULT_INDEX"), Some("http://127.0.0.1/a"));
    assert_eq!(get("UV_INDEX"), Some("http://127.0.0.1/b http://127.0.0.1/c"));
    assert_eq!(get("UV_INSECURE_HOST"), Some("127.0.0.1"));
    assert_eq!(get("UV_HTTP_TIMEOUT"), Some("60"));
    assert_eq!(get("PIP_TRUSTED_HOST"), None);
    assert_eq!(settings.find_links, ["/links", "/more"]);
    assert!(!settings.no_index);
}

#[test]
fn the_stronger_source_wins() {
    let weak = "[global]\nindex-url = http://127.0.0.1/weak\ncert = /weak.pem\n";
    let strong = "[global]\nindex-url: http://127.0.0.1/strong\nno-index = yes\n";
    let settings = IndexSettings::for_uv(&tools(&[], &[weak, strong]));
    assert_eq!(settings.environment["UV_DEFAULT_INDEX"], "http://127.0.0.1/strong");
    assert_eq!(settings.environment["SSL_CERT_FILE"], "/weak.pem");
    assert!(settings.no_index);
    for (name, wanted) in [("PIP_INDEX_URL", Some("http://127.0.0.1/env")), ("UV_INDEX_URL", None)]
    {
        let settings =
            IndexSettings::for_uv(&tools(&[(name, "http://127.0.0.1/env")], &[weak, strong]));
        let got = settings.environment.get("UV_DEFAULT_INDEX").map(String::as_str);
        assert_eq!(got, wanted, "{name}");
    }
}

#[test]
fn what_depends_on_the_shell_is_left_out() {
    let given = [
        ("UV_PYTHON", "3.6"),
        ("VIRTUAL_ENV", "/venv"),
        ("PYTHONPATH", "/x"),
        ("UV_INDEX_STRATEGY", "unsafe-best-match"),
        ("HOME", "/users/me"),
        ("PIP_TARGET", "/x"),
        ("PIP_INDEX_URL", "http://127.0.0.1/a"),
    ];
    let settings = IndexSettings::for_uv(&tools(&given, &[]));
    let names: Vec<&str> = settings.environment.keys().map(String::as_str).collect();
    assert_eq!(names, ["HOME", "LC_ALL", "UV_DEFAULT_INDEX", "UV_INDEX_STRATEGY"]);
    let pip = IndexSettings::for_pip(&tools(&given, &[]));
    assert!(pip.contains_key("PIP_INDEX_URL") && !pip.contains_key("PIP_TARGET"));
}
