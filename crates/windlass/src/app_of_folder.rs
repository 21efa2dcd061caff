//! Which app a project's folder is, without asking the server.

use std::path::Path;
use windlass_model::config::{AppConfig, ConfigError};
use windlass_model::{AppName, Problem};

/// The app that a project's folder holds, by the rule of a deploy and without reading its code:
/// `[tool.windlass]`, `[project]`, the folder's own name.
pub(crate) fn app_name(project: &Path) -> Result<AppName, Problem> {
    let text = std::fs::read_to_string(project.join("pyproject.toml")).unwrap_or_default();
    let folder = project.file_name().unwrap_or_default().to_string_lossy();
    name(&text, &folder).map_err(|error| error.explain())
}

fn name(pyproject: &str, folder: &str) -> Result<AppName, ConfigError> {
    if let Some(name) = AppConfig::from_pyproject(pyproject)?.name {
        return Ok(name);
    }
    let table: toml::Table = pyproject.parse().unwrap_or_default();
    let project = table.get("project").and_then(|project| project.get("name")?.as_str());
    Ok(AppName::from_loose(project.unwrap_or(folder)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_name_wins() {
        let own = "[tool.windlass]\nname = \"own\"\n";
        let project = "[project]\nname = \"My_Shop\"\n";
        for (text, wanted) in [
            (format!("{project}{own}"), "own"),
            (project.to_owned(), "my-shop"),
            ("[project]\nversion = \"1\"\n".to_owned(), "folder"),
            (String::new(), "folder"),
        ] {
            assert_eq!(name(&text, "Folder").expect("valid").as_str(), wanted, "{text}");
        }
        assert!(name("[tool.windlass]\nnmae = \"x\"\n", "folder").is_err());
    }
}
