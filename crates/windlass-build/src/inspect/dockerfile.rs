//! What a Dockerfile tells about a project that Windlass builds without it.

mod apt;
mod instructions;

pub(super) use apt::AptLine;

use super::shell::split;
use instructions::instructions;
use windlass_model::Evidence;

/// The hints in one Dockerfile; later instructions win, as they do there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dockerfile {
    /// The tag of `FROM python:<tag>`, such as `3.12-slim`.
    pub(super) python: Option<(String, Evidence)>,
    /// The path that `HEALTHCHECK` asks for.
    pub(super) health: Option<(String, Evidence)>,
    /// The words of `CMD` (or of `ENTRYPOINT` without one), as one line.
    pub(super) command: Option<(String, Evidence)>,
    /// What the stage that runs installs with apt.
    pub(super) apt: Vec<AptLine>,
}

/// Reads the text of a Dockerfile at `path`.
pub(super) fn parse(path: &str, text: &str) -> Dockerfile {
    let instructions = instructions(text);
    let mut found =
        Dockerfile { apt: apt::installed(path, &instructions), ..Dockerfile::default() };
    let mut entrypoint = None;
    for (line, instruction) in instructions {
        let (keyword, rest) =
            instruction.split_once(char::is_whitespace).unwrap_or((&instruction, ""));
        let rest = rest.trim();
        let evidence = |note: &str| Evidence::at(path, line, format!("`{keyword} {note}`"));
        match keyword.to_ascii_uppercase().as_str() {
            "FROM" => {
                let image = rest.split_whitespace().find(|word| !word.starts_with("--"));
                let tag = image.and_then(|image| {
                    let (name, tag) = image.rsplit_once(':')?;
                    let python = name == "python" || name.ends_with("/python");
                    python.then(|| tag.split('@').next().unwrap_or(tag))
                });
                if let Some(tag) = tag {
                    found.python = Some((tag.to_owned(), evidence(rest)));
                }
            }
            "HEALTHCHECK" => {
                let path = url_path(rest);
                found.health = path.map(|path| (path, evidence(rest)));
            }
            "CMD" => found.command = Some((command_line(rest), evidence(rest))),
            "ENTRYPOINT" => entrypoint = Some((command_line(rest), evidence(rest))),
            _ => {}
        }
    }
    if found.command.is_none() {
        found.command = entrypoint;
    }
    found
}

/// A JSON array of words as a shell line; a shell form as it is.
fn command_line(rest: &str) -> String {
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) => {
            let shell =
                matches!(words.first().map(String::as_str), Some("sh" | "/bin/sh" | "bash"));
            if shell && words.get(1).is_some_and(|flag| flag == "-c") {
                words.get(2).cloned().unwrap_or_default()
            } else {
                words
                    .iter()
                    .map(|word| windlass_model::shell_words::quote(word))
                    .collect::<Vec<_>>()
                    .join(" ")
            }
        }
        Err(_) => rest.to_owned(),
    }
}

/// The path of the first URL of this host in a health check's command.
fn url_path(rest: &str) -> Option<String> {
    let from = ["http://localhost", "http://127.0.0.1", "http://0.0.0.0"]
        .iter()
        .find_map(|host| rest.find(host).map(|at| &rest[at + host.len()..]))?;
    let end = from.find([' ', '"', '\'', ')', ']', ';', '|', ',']).unwrap_or(from.len());
    let path = from[..end].find('/').map_or("/", |at| &from[at..end]);
    let plain = path.bytes().all(|b| b.is_ascii_graphic() && b != b'$');
    plain.then(|| path.to_owned())
}

/// Whether a line's last command is one that a server can be recognised in.
pub(super) fn last_program(line: &str) -> Option<String> {
    Some(split(line)?.last()?.words.first()?.text.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_read() {
        let text = "ARG X=1\nFROM python:3.11 AS build\nFROM --platform=a registry.example/library/python:3.12-slim\n\
             HEALTHCHECK --interval=5s \\\n  # comment\n  CMD curl -f http://localhost:${PORT:-80}/healthz?x=1 || exit 1\n\
             ENTRYPOINT [\"./boot.sh\"]\nCMD [\"gunicorn\", \"a b:c\"]\n";
        let found = parse("Dockerfile", text);
        assert_eq!(found.python.as_ref().map(|(tag, _)| tag.as_str()), Some("3.12-slim"));
        let (health, evidence) = found.health.expect("health");
        assert_eq!((health.as_str(), evidence.line), ("/healthz?x=1", Some(4)));
        assert_eq!(found.command.map(|(line, _)| line).as_deref(), Some("gunicorn 'a b:c'"));
    }

    #[test]
    fn other_forms() {
        for (text, command, health) in [
            ("CMD [\"sh\", \"-c\", \"run $PORT\"]", Some("run $PORT"), None),
            ("cmd run it", Some("run it"), None),
            ("ENTRYPOINT [\"x\"]", Some("x"), None),
            ("HEALTHCHECK NONE", None, None),
            ("HEALTHCHECK CMD python -c \"get('http://127.0.0.1:8000/up')\"", None, Some("/up")),
            ("HEALTHCHECK CMD curl http://localhost", None, Some("/")),
            ("\\", None, None),
        ] {
            let found = parse("Dockerfile", text);
            assert_eq!(found.command.map(|(line, _)| line).as_deref(), command, "{text}");
            assert_eq!(found.health.map(|(path, _)| path).as_deref(), health, "{text}");
        }
    }
}
