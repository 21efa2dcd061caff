//! Whose a name is: a project does not take over the app of another one by accident.

use crate::explain::another_project;
use crate::store::AppRow;
use std::path::Path;
use windlass_build::inspect::Inspection;
use windlass_model::Problem;

/// Refuses a project whose app, by a name that nobody chose, is that of another project. One that
/// was moved, so that its old folder is gone, is the same project. Touches the disk.
pub(super) fn check(
    known: Option<&AppRow>,
    inspection: &Inspection,
    project: &Path,
) -> Result<(), Problem> {
    let Some((app, owner)) = known.and_then(|app| Some((&app.name, app.project.as_deref()?)))
    else {
        return Ok(());
    };
    if inspection.named || is_same(owner, project) || !owner.is_dir() {
        return Ok(());
    }
    Err(another_project(app, owner, project))
}

/// Whether both paths lead to one folder.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    one == other || real(one).is_some_and(|path| Some(path) == real(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::building::read_project;
    use std::collections::BTreeMap;

    #[test]
    fn a_name_that_nobody_chose_does_not_lead_into_the_app_of_another_project() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = |path: &str, pyproject: &str| {
            let folder = home.path().join(path);
            std::fs::create_dir_all(&folder).expect("made");
            std::fs::write(folder.join("Procfile"), "web: python3 -m http.server\n")
                .expect("written");
            std::fs::write(folder.join("pyproject.toml"), pyproject).expect("written");
            folder
        };
        let mine = folder("mine/shop", "");
        let namesake = folder("theirs/shop", "");
        let chosen = folder("third", "[tool.windlass]\nname = \"shop\"\n");
        std::os::unix::fs::symlink(&mine, home.path().join("link")).expect("linked");
        let row = |project| AppRow {
            name: "shop".parse().expect("valid"),
            project,
            counts: BTreeMap::new(),
            current: None,
            last_release: 1,
        };
        let asked = |project: &Path, app: Option<&str>, owner: Option<&Path>| {
            let app = app.map(|app| app.parse().expect("valid"));
            let inspection = read_project(project, app.as_ref()).expect("a project");
            assert_eq!(inspection.app.name.as_str(), "shop");
            check(Some(&row(owner.map(Path::to_owned))), &inspection, project)
        };
        let refused = asked(&namesake, None, Some(&mine)).expect_err("refused");
        assert_eq!(refused.code, "app-of-another-project");
        for folder in [&mine, &namesake] {
            let told = format!("{refused:?}");
            assert!(told.contains(&*folder.to_string_lossy()), "{told}");
        }
        assert_eq!(asked(&mine, None, Some(&mine)), Ok(()));
        assert_eq!(asked(&mine, None, Some(&home.path().join("link"))), Ok(()), "one folder");
        assert_eq!(asked(&namesake, Some("shop"), Some(&mine)), Ok(()), "asked for by name");
        assert_eq!(asked(&chosen, None, Some(&mine)), Ok(()), "named in the project");
        assert_eq!(asked(&namesake, None, Some(&home.path().join("moved"))), Ok(()), "gone");
        assert_eq!(asked(&namesake, None, None), Ok(()), "no release of anybody");
    }
}
