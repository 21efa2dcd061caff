//! Content hashes, against values that the tools themselves gave for these texts.

use super::super::content_hash;

fn table(text: &str) -> toml::Table {
    text.parse().expect("TOML")
}

#[test]
fn poetrys_digests_of_both_generations() {
    let first = "[tool.poetry]\nname = \"shop\"\n[tool.poetry.dependencies]\npython = \"^3.11\"\n\
        jinja2 = \"~3.1.3\"\nclick = {version = \"8.1.7\", optional = true}\n[tool.poetry.extras]\n\
        cli = [\"click\"]\n[tool.poetry.group.dev.dependencies]\niniconfig = \"2.0.0\"\n\
        [[tool.poetry.source]]\nname = \"own\"\nurl = \"https://example.org/simple\"\n";
    let second = "[project]\nname = \"shop\"\nrequires-python = \">=3.11\"\n\
        dependencies = [\"jinja2 (>=3,<4)\", \"caf\\u00e9\"]\n\
        [tool.poetry.group.dev.dependencies]\niniconfig = \"2.0.0\"\n[tool.poetry]\npackage-mode = false\n";
    let third = format!("{second}[dependency-groups]\ndev = [\"pytest\"]\n");
    for (text, wanted) in [
        (first, "3c6dbe843b5e76d3db96bd3d333f16643523e4a2dc463a89d75ba31be783970f"),
        (second, "e98f2b9addd4a8b8a6511d974b0dedc243fd15cdbde60d358575ec38b9d9031a"),
        (third.as_str(), "c9399e5a7994a19480d55f6c08341f8a2414f6253e5bfdf810b0855b3fc80138"),
    ] {
        let found = content_hash::poetry(&table(text));
        assert!(found.iter().any(|hash| hash == wanted), "{text}: {found:?}");
        let changed = text.replace("jinja2", "jinja3");
        assert!(!content_hash::poetry(&table(&changed)).iter().any(|hash| hash == wanted));
        let described = text.replace("name = \"shop\"", "name = \"shop\"\ndescription = \"x\"");
        assert!(content_hash::poetry(&table(&described)).iter().any(|hash| hash == wanted));
    }
}

#[test]
fn pdms_and_pipenvs_digests() {
    let pdm = "[project]\ndependencies = [\"jinja2~=3.1.3\", \"itsdangerous==2.1.2; python_version < '3.13'\"]\n\
        requires-python = \">=3.11\"\n[project.optional-dependencies]\ncli = [\"click==8.1.7\"]\n\
        [dependency-groups]\nDev_1 = [\"iniconfig==2.0.0\"]\n[tool.pdm.dev-dependencies]\ndev-1 = [\"pytest\"]\n\
        [tool.pdm.resolution]\nrespect-source-order = true\n";
    let wanted = "2d20aee38768fc45f385299c4245488ec326d98f376227518b1e30b47c02d3aa";
    assert_eq!(content_hash::pdm(&table(pdm)).as_deref(), Some(wanted));
    assert_eq!(content_hash::pdm(&table("[tool.pdm.resolution]\nx = 1.5\n")), None);
    let pipfile = "[[source]]\nurl = \"https://example.org/simple\"\nverify_ssl = true\nname = \"pypi\"\n\
        [packages]\njinja2 = \"~=3.1.3\"\n[dev-packages]\niniconfig = \"==2.0.0\"\n[docs]\nsphinx = \"*\"\n\
        [requires]\npython_version = \"3.11\"\n";
    let wanted = "7e18d421aafbbab8457e45a4e18617e9c62484c8d2cf6dd96353b9ff7ba0574e";
    assert!(content_hash::pipfile(&table(pipfile)).iter().any(|hash| hash == wanted));
}
