//! Cures for what Python web apps die of most, recognised by what they print.

use crate::ExitReason;

type Cure = fn(&str) -> Option<String>;

/// In the order in which their cures are given.
const CURES: [Cure; 8] = [
    missing_module,
    missing_variable,
    missing_table,
    refused_host,
    read_only,
    address_in_use,
    missing_command,
    unreachable_service,
];

/// The cures that the evidence points to, each once.
pub(super) fn hints<T: AsRef<str>>(
    evidence: impl Iterator<Item = T>,
    exit: Option<ExitReason>,
) -> Vec<String> {
    let mut hints = Vec::new();
    if let Some(ExitReason::OutOfMemory { limit_bytes }) = exit {
        let limit = limit_bytes.map_or("the host's".to_owned(), crate::quantity::format_bytes);
        hints.push(format!(
            "it used more memory than {limit}: raise `memory` in [tool.windlass.processes], run \
             fewer workers, or look for a leak"
        ));
    }
    let lines: Vec<T> = evidence.collect();
    for cure in CURES {
        let found = lines.iter().flat_map(|text| text.as_ref().lines()).find_map(cure);
        hints.extend(found);
    }
    hints
}

fn missing_module(line: &str) -> Option<String> {
    let name = quoted_after(line, "No module named ")?;
    let package = name.split('.').next().unwrap_or(name);
    Some(format!(
        "`{package}` is not installed in the image: add it to the project's dependencies, or name \
         the folder that holds it with `root` in [tool.windlass]"
    ))
}

/// `KeyError: 'NAME'` where the name looks like a variable; pydantic and decouple say it longer.
fn missing_variable(line: &str) -> Option<String> {
    let name = quoted_after(line, "KeyError: ")
        .or_else(|| line.split_once("Set the ").and_then(|(_, rest)| rest.split(' ').next()))
        .or_else(|| {
            line.strip_suffix(" not found. Declare it as envvar or define a default value.")
        })
        .map(|name| name.rsplit(' ').next().unwrap_or(name))?;
    let like_a_variable = name.len() > 1
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    like_a_variable
        .then(|| format!("the code needs the variable {name}: set it under [tool.windlass.env]"))
}

fn missing_table(line: &str) -> Option<String> {
    let sqlite = line.split_once("no such table: ").map(|(_, table)| table.trim());
    let postgres = line
        .split_once("relation \"")
        .and_then(|(_, rest)| rest.split_once("\" does not exist"))
        .map(|(table, _)| table);
    let table = sqlite.or(postgres)?.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
    Some(format!(
        "the table `{table}` does not exist yet: run the migrations as a release command, \
         `release = [\"...\"]` in [tool.windlass]"
    ))
}

fn refused_host(line: &str) -> Option<String> {
    let marks = ["DisallowedHost", "Invalid HTTP_HOST header", "ALLOWED_HOSTS"];
    marks.iter().any(|mark| line.contains(mark)).then(|| {
        "Django refuses the host name: add the app's host to ALLOWED_HOSTS, or name the host \
         it expects in `hosts` of [tool.windlass]"
            .to_owned()
    })
}

fn read_only(line: &str) -> Option<String> {
    let marks = ["Read-only file system", "attempt to write a readonly database"];
    let denied = line.contains("Permission denied") && line.contains("/app");
    (denied || marks.iter().any(|mark| line.contains(mark))).then(|| {
        let path = quoted_after(line, "file system: ").or_else(|| quoted_after(line, "denied: "));
        match path.map(|path| path.strip_prefix("/app/").unwrap_or(path)) {
            // Only what is below the project can be kept.
            Some(path) if path.starts_with('/') => {
                format!("the image is read-only: let it write below /tmp instead of `{path}`")
            }
            inside => format!(
                "the image is read-only: add {} to `persist` in [tool.windlass], or write below /tmp",
                inside.map_or("the path that it writes".to_owned(), |path| format!("`{path}`"))
            ),
        }
    })
}

fn address_in_use(line: &str) -> Option<String> {
    let marks = ["Address already in use", "address already in use"];
    marks.iter().any(|mark| line.contains(mark)).then(|| {
        "it listens on a fixed port that is taken: let it listen on $PORT of $HOST, or on \
         $WINDLASS_SOCKET"
            .to_owned()
    })
}

fn missing_command(line: &str) -> Option<String> {
    let name = line
        .split_once(": not found")
        .map(|(before, _)| before.rsplit(' ').next().unwrap_or(before))
        .filter(|_| line.contains("sh: "))?;
    Some(format!(
        "`{name}` is not in the image: add the package that has it to the project's dependencies"
    ))
}

fn unreachable_service(line: &str) -> Option<String> {
    let refused = line.contains("Connection refused") || line.contains("could not connect to");
    let name = line.contains("could not translate host name")
        || line.contains("Name or service not known")
        || line.contains("Temporary failure in name resolution");
    (refused || name).then(|| {
        "a service that it needs does not answer: check the address in its settings \
         (DATABASE_URL, REDIS_URL) and that the service runs"
            .to_owned()
    })
}

/// The text in quotes that follows `mark`.
fn quoted_after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(mark)?;
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    rest[1..].split(quote).next().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apps_print_leads_to_its_cure() {
        for (line, cure) in [
            ("ModuleNotFoundError: No module named 'flask_login'", "`flask_login` is not"),
            ("KeyError: 'SECRET_KEY'", "variable SECRET_KEY"),
            ("django.core.exceptions.ImproperlyConfigured: Set the DB_URL environment", "DB_URL"),
            ("sqlite3.OperationalError: no such table: post", "the table `post`"),
            ("psycopg2.errors.UndefinedTable: relation \"user\" does not exist", "`user`"),
            ("django.core.exceptions.DisallowedHost: Invalid HTTP_HOST header: 'x'", "ALLOWED"),
            ("OSError: [Errno 30] Read-only file system: '/app/data'", "add `data` to `persist`"),
            ("OSError: [Errno 30] Read-only file system: '/srv/x'", "instead of `/srv/x`"),
            ("OSError: [Errno 98] Address already in use", "$PORT"),
            ("/bin/sh: 1: gunicorn: not found", "`gunicorn`"),
            ("redis.exceptions.ConnectionError: Connection refused.", "REDIS_URL"),
        ] {
            let hints = hints([line].iter(), None);
            assert!(hints.iter().any(|hint| hint.contains(cure)), "{line}: {hints:?}");
        }
        for line in ["KeyError: 'user'", "hello", "No module named ", "KeyError: "] {
            assert!(hints([line].iter(), None).is_empty(), "{line}");
        }
        let out_of_memory = Some(ExitReason::OutOfMemory { limit_bytes: Some(256_000_000) });
        assert!(hints([""; 0].iter(), out_of_memory)[0].contains("256 MB"));
    }
}
