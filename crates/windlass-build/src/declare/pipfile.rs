//! A `Pipfile`: `[packages]`, and other categories by name.

use super::entry::requirement;
use super::{Asked, Unsayable, line_of};
use toml::{Table, Value};
use windlass_model::Selection;

/// The name that Pipenv gives to the public index: the machine's own settings stand for it.
const PUBLIC: &str = "pypi";

/// The requirements, after the options that name further indexes.
pub(crate) fn pipfile(
    text: &str,
    document: &Table,
    folder: &str,
    selection: &Selection,
) -> Result<Vec<Asked>, Unsayable> {
    let mut asked: Vec<Asked> = sources(document)
        .map(|url| Asked { text: format!("--extra-index-url {url}"), line: None })
        .collect();
    let groups = selection.groups.iter().map(|group| match group.as_str() {
        "dev" | "develop" => "dev-packages",
        other => other,
    });
    for category in std::iter::once("packages").chain(groups) {
        let Some(table) = document.get(category).and_then(Value::as_table) else { continue };
        for (package, value) in table {
            let line = line_of(text, category, package);
            let texts = requirement(package, value, folder).map_err(|written| Unsayable {
                name: package.clone(),
                written,
                line,
            })?;
            asked.extend(texts.into_iter().map(|text| Asked { text, line }));
        }
    }
    Ok(asked)
}

/// Addresses of the indexes besides the public one.
fn sources(document: &Table) -> impl Iterator<Item = &str> {
    let sources = document.get("source").and_then(Value::as_array);
    sources.into_iter().flatten().filter_map(|source| {
        let name = source.get("name").and_then(Value::as_str);
        source.get("url")?.as_str().filter(|_| name != Some(PUBLIC))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_production_needs() {
        let text = "[[source]]\nname = 'pypi'\nurl = 'https://a.example.org'\n[[source]]\n\
            name = 'own'\nurl = 'https://b.example.org'\n[packages]\nflask = '*'\n\
            own = {version = '==1', index = 'own'}\n[dev-packages]\npytest = '*'\n";
        let read = |groups: &[&str]| {
            let groups = groups.iter().map(|name| (*name).to_owned()).collect();
            let selection = Selection { groups, ..Selection::default() };
            let found = pipfile(text, &text.parse().expect("TOML"), "", &selection);
            let found = found.expect("sayable").into_iter();
            found.map(|asked| (asked.text, asked.line.unwrap_or(0))).collect::<Vec<_>>()
        };
        let expected = [
            ("--extra-index-url https://b.example.org".to_owned(), 0),
            ("flask".to_owned(), 8),
            ("own==1".to_owned(), 9),
        ];
        assert_eq!(read(&[]), expected);
        assert_eq!(read(&["dev"]).last(), Some(&("pytest".to_owned(), 11)));
    }
}
