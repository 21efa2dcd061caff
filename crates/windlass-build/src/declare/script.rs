//! Inline script metadata (PEP 723): a block of comments that holds TOML.

use super::Asked;
use toml::{Table, Value};

/// What a script says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Script {
    /// Its dependencies.
    pub(crate) asked: Vec<Asked>,
    /// The Pythons that it runs on.
    pub(crate) requires_python: Option<String>,
}

/// Reads the `script` block of a Python file. `None` where there is none; a message where it is
/// not valid, with its line.
pub(crate) fn script(text: &str) -> Option<Result<Script, (u32, String)>> {
    let start = text.lines().position(|line| line.trim_end() == "# /// script")?;
    let below = text.lines().skip(start + 1).take_while(|line| line.starts_with('#'));
    let lines: Vec<&str> = below.collect();
    // The last such line ends the block: what looks like an end in between is content.
    let end = lines.iter().rposition(|line| line.trim_end() == "# ///")?;
    let content: Vec<&str> = lines[..end]
        .iter()
        .map(|line| line.strip_prefix("# ").or_else(|| line.strip_prefix('#')).unwrap_or(line))
        .collect();
    let first = start as u32 + 2;
    let content = content.join("\n");
    let table: Table = match content.parse() {
        Ok(table) => table,
        Err(error) => {
            let error: toml::de::Error = error;
            let before = content.get(..error.span().map_or(0, |span| span.start));
            let line = first + before.unwrap_or_default().matches('\n').count() as u32;
            return Some(Err((line, error.message().to_owned())));
        }
    };
    let listed = table.get("dependencies").and_then(Value::as_array);
    let texts = listed.into_iter().flatten().filter_map(Value::as_str);
    let asked = texts.map(|text| {
        let line = content.lines().position(|line| line.contains(text));
        Asked { text: text.to_owned(), line: line.map(|at| first + at as u32) }
    });
    let python = table.get("requires-python").and_then(Value::as_str);
    Some(Ok(Script { asked: asked.collect(), requires_python: python.map(str::to_owned) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_read_and_a_broken_one_is_placed() {
        let text = "#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.11\"\n\
            # dependencies = [\n#   \"flask>=3\",\n#\n#   \"click\",\n# ]\n# ///\nimport flask\n";
        let found = script(text).expect("there").expect("valid");
        assert_eq!(found.requires_python.as_deref(), Some(">=3.11"));
        let shown: Vec<_> = found.asked.iter().map(|a| (a.text.as_str(), a.line)).collect();
        assert_eq!(shown, [("flask>=3", Some(5)), ("click", Some(7))]);
        assert_eq!(script("import flask\n"), None);
        assert_eq!(script("# /// script\n# x = 1\nimport y\n"), None, "never ends");
        let broken = script("# /// script\n# a = 1\n# b = \n# ///\n").expect("there");
        assert_eq!(broken.expect_err("broken").0, 3);
    }
}
