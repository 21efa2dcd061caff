//! `setup.cfg`: `install_requires` and `[options.extras_require]`, as setuptools reads them.

use super::Asked;
use windlass_model::Selection;

/// The requirements; `None` where the file asks for none, or where another file holds them
/// (`file: requirements.txt`), which only the build back end follows.
pub(crate) fn setup_cfg(text: &str, selection: &Selection) -> Option<Vec<Asked>> {
    let mut asked = value(text, "options", "install_requires")?;
    for extra in &selection.extras {
        asked.extend(value(text, "options.extras_require", extra).unwrap_or_default());
    }
    let follows =
        |asked: &Asked| asked.text.starts_with("file:") || asked.text.starts_with("attr:");
    (!asked.iter().any(follows)).then_some(asked)
}

/// The lines of a value: on the key's own line, or indented below it. Semicolons separate
/// requirements only where a marker cannot be meant, so they are left alone.
fn value(text: &str, section: &str, key: &str) -> Option<Vec<Asked>> {
    let mut inside = false;
    let mut found: Option<Vec<Asked>> = None;
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        let plain = line.trim();
        if plain.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let (true, false, Some(found)) = (goes_on, plain.is_empty(), found.as_mut()) {
                found.push(asked(plain, at));
            }
            continue;
        }
        // A blank line ends no value (configparser, `empty_lines_in_values`).
        if plain.is_empty() {
            continue;
        }
        goes_on = false;
        if let Some(name) = plain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = name.trim() == section;
        } else if let Some((name, first)) = plain.split_once(['=', ':']).filter(|_| inside)
            && name.trim().eq_ignore_ascii_case(key)
        {
            goes_on = true;
            let first = first.trim();
            let list = found.get_or_insert_default();
            if !first.is_empty() {
                list.push(asked(first, at));
            }
        }
    }
    found
}

fn asked(text: &str, at: usize) -> Asked {
    let text = text.split(" #").next().unwrap_or(text).trim().to_owned();
    Asked { text, line: Some(at as u32 + 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_and_what_another_file_holds_is_not() {
        let text = "[metadata]\nname = x\ninstall_requires = no\n[options]\npackages = find:\n\
            install_requires =\n    flask>=3  # web\n    # none\n\n    click ; python_version < '4'\n\
            zip_safe = no\n[options.extras_require]\npg =\n  psycopg\n";
        let read = |extras: &[&str]| {
            let extras = extras.iter().map(|name| (*name).to_owned()).collect();
            setup_cfg(text, &Selection { extras, ..Selection::default() }).expect("there")
        };
        let shown: Vec<_> = read(&["pg"]).into_iter().map(|a| (a.text, a.line)).collect();
        let click = "click ; python_version < '4'".to_owned();
        let expected =
            [("flask>=3".to_owned(), Some(7)), (click, Some(10)), ("psycopg".to_owned(), Some(14))];
        assert_eq!(shown, expected);
        assert_eq!(read(&[]).len(), 2);
        let selection = Selection::default();
        assert_eq!(setup_cfg("[options]\ninstall_requires = file: r.txt\n", &selection), None);
        assert_eq!(setup_cfg("[metadata]\n", &selection), None);
        let one = setup_cfg("[options]\ninstall_requires = a\n", &selection).expect("there");
        assert_eq!(one[0].text, "a");
    }
}
