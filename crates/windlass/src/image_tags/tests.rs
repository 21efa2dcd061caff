//! Which tags follow from what.

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn origin(tags: &[&str], branch: Option<&str>) -> Origin {
    Origin {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        branch: branch.map(str::to_owned),
        commit: Some(COMMIT.to_owned()),
        ..Origin::default()
    }
}

fn shown(origin: &Origin) -> String {
    origin.image_tags().join(" ").replace("sha-0123456", "SHA")
}

#[test]
fn tags_follow_what_was_built() {
    let long = "x".repeat(200);
    let cut = format!("{} SHA", "x".repeat(128));
    for (tags, branch, wanted) in [
        (&[][..], Some("main"), "main SHA"),
        (&[], Some("feature/Über cool"), "feature--ber-cool SHA"),
        (&[], Some("-odd"), "odd SHA"),
        (&[], Some("..."), "SHA"),
        (&[], Some(long.as_str()), cut.as_str()),
        (&[], None, "SHA"),
        (&["v1.4.2"], None, "1.4.2 1.4 1 latest SHA"),
        (&["1.4.2"], Some("main"), "1.4.2 1.4 1 latest SHA"),
        (&["v0.4.2"], None, "0.4.2 0.4 latest SHA"),
        (&["v1.4.2-rc.1"], None, "1.4.2-rc.1 SHA"),
        (&["v1.4.2rc1"], None, "1.4.2rc1 SHA"),
        (&["1.4.2+cpu"], None, "1.4.2-cpu SHA"),
        (&["2024.01.2"], None, "2024.01.2 SHA"),
        (&["v2"], None, "2 SHA"),
        (&["vega"], None, "vega SHA"),
        (&["nightly", "v1.4.2"], None, "nightly 1.4.2 1.4 1 latest SHA"),
    ] {
        assert_eq!(shown(&origin(tags, branch)), wanted, "{tags:?} {branch:?}");
    }
}

#[test]
fn an_older_line_does_not_become_the_newest() {
    let known = ["v1.4.1", "v1.4.2", "v1.5.0", "v2.0.0", "v3.0.0-rc.1", "v9"];
    for (tag, wanted) in [
        ("v1.4.2", "1.4.2 1.4 SHA"),
        ("v1.5.0", "1.5.0 1.5 1 SHA"),
        ("v1.4.1", "1.4.1 SHA"),
        ("v2.0.0", "2.0.0 2.0 2 latest SHA"),
        ("v2.0.1", "2.0.1 2.0 2 latest SHA"),
    ] {
        let known_tags = known.map(str::to_owned).to_vec();
        let origin = Origin { known_tags, ..origin(&[tag], None) };
        assert_eq!(shown(&origin), wanted, "{tag}");
    }
}

#[test]
fn a_changed_tree_is_no_version() {
    let dirty = Origin { dirty: true, ..origin(&["v1.4.2"], Some("main")) };
    assert_eq!(shown(&dirty), "main SHA-dirty");
    let pull = Origin { pull_request: Some("7".to_owned()), ..origin(&["v1.0.0"], Some("x")) };
    assert_eq!(shown(&pull), "pr-7 SHA");
    assert_eq!(shown(&Origin::default()), "");
}

#[test]
fn pipelines_say_what_they_build() {
    for (variables, wanted) in [
        (&[("GITHUB_REF", "refs/heads/feature/x")][..], "feature-x SHA"),
        (&[("GITHUB_REF", "refs/tags/v1.2.3")], "1.2.3 1.2 1 latest SHA"),
        (&[("GITHUB_REF", "refs/pull/7/merge")], "pr-7 SHA"),
        (&[("BUILD_SOURCEBRANCH", "refs/heads/main")], "main SHA"),
        (&[("BUILD_SOURCEBRANCH", "refs/pull/9/merge")], "pr-9 SHA"),
        (&[("CI_COMMIT_BRANCH", "main")], "main SHA"),
        (&[("CI_COMMIT_TAG", "v1.2.3")], "1.2.3 1.2 1 latest SHA"),
        (&[("CI_MERGE_REQUEST_IID", "12")], "pr-12 SHA"),
        (&[("BITBUCKET_PR_ID", "3"), ("BITBUCKET_BRANCH", "x")], "pr-3 SHA"),
        (
            &[
                ("CIRCLE_PULL_REQUEST", "https://forge.example.org/a/b/pull/5"),
                ("CIRCLE_BRANCH", "x"),
            ],
            "pr-5 SHA",
        ),
        (&[("BRANCH_NAME", "v1.2.3"), ("TAG_NAME", "v1.2.3")], "1.2.3 1.2 1 latest SHA"),
        (&[("CHANGE_ID", "4"), ("BRANCH_NAME", "PR-4")], "pr-4 SHA"),
    ] {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = variables.iter().map(owned).collect();
        let found = Origin::of_pipeline(&environment).expect("a pipeline");
        // The checkout's own branch and tags are not looked at.
        let checkout = origin(&["v9.9.9"], Some("checkout"));
        assert_eq!(shown(&found.over(Some(checkout))), wanted, "{variables:?}");
    }
    let none = [("PATH".to_owned(), "/bin".to_owned()), ("GITHUB_REF".to_owned(), String::new())];
    assert_eq!(Origin::of_pipeline(&none.into()), None);
}
