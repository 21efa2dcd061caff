//! Help beyond clap's: the tour that `windlass` alone shows, and the reference `docs/cli.md`,
//! generated from the command line's own definition so that it cannot go stale.

use crate::args::{command, examples};
use crate::commands::FOUND;
use crate::facts::VARIABLES;
use crate::render::style::{Style, Tone};
use clap::{Arg, Command};
use std::fmt::Write as _;
use windlass_model::Kind;

/// What `windlass` alone says: the way through, in the order in which it is walked.
pub(crate) fn tour(style: Style) -> Vec<String> {
    const STEPS: [(&str, &str); 7] = [
        ("windlass plan", "what Windlass sees in this folder, and why; changes nothing"),
        ("windlass deploy", "build it, start it, prove it, and get a URL"),
        ("windlass status", "how it is"),
        ("windlass logs -f", "what it prints"),
        ("windlass deploy", "again, after a change: no request is lost"),
        ("windlass rollback", "the release before, exactly"),
        ("windlass run -- python", "a prompt inside the app"),
    ];
    let wide = STEPS.iter().map(|(line, _)| line.len()).max().unwrap_or(0);
    let mut lines = vec![
        "Windlass takes a Python project from its source folder to production, and keeps it there."
            .to_owned(),
        String::new(),
        "In a Flask, Django or FastAPI project:".to_owned(),
        String::new(),
    ];
    for (line, what) in STEPS {
        let pad = " ".repeat(wide - line.len());
        lines.push(format!("  {}{pad}  {what}", style.paint(Tone::Strong, line)));
    }
    lines.push(String::new());
    lines.push(
        "Every verb: windlass --help. One verb, with examples: windlass deploy --help.".to_owned(),
    );
    lines
}

/// The reference as Markdown.
pub(crate) fn markdown() -> String {
    let mut root = command();
    root.build();
    let mut text = String::from(
        "# The command line\n\nGenerated from the program itself: `cargo run -- reference > docs/cli.md` writes it \
         anew.\n\nResults go to standard output, everything else to standard error.\n",
    );
    for verb in root.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        section(&mut text, verb, "windlass", 2);
    }
    text += "\n## Options of every verb\n\n";
    let globals = root.get_arguments().filter(|arg| arg.is_global_set());
    rows(&mut text, ("option", "meaning"), globals.map(|arg| (spelling(arg), meaning(arg))));
    text += "\n## Environment variables\n\n";
    let variables = VARIABLES.iter();
    let variables = variables.map(|(name, what)| ((*name).to_owned(), (*what).to_owned()));
    rows(&mut text, ("variable", "meaning"), variables);
    text += "\n## Exit codes\n\n";
    rows(&mut text, ("code", "meaning"), exit_codes());
    text.trim_end().to_owned()
}

fn section(text: &mut String, verb: &Command, parent: &str, depth: usize) {
    let name = format!("{parent} {}", verb.get_name());
    let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
    let below: Vec<_> = verb.get_subcommands().filter(|below| !below.is_hide_set()).collect();
    let _ = write!(text, "\n{} {name}\n\n{about}.\n", "#".repeat(depth));
    if below.is_empty() {
        let usage = verb.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ");
        let _ = write!(text, "\n    {}\n", usage.split_whitespace().collect::<Vec<_>>().join(" "));
        let own = verb
            .get_arguments()
            .filter(|arg| !arg.is_global_set() && !arg.is_hide_set() && arg.get_id() != "help");
        let own: Vec<_> = own.map(|arg| (spelling(arg), meaning(arg))).collect();
        if !own.is_empty() {
            *text += "\n";
            rows(text, ("argument", "meaning"), own);
        }
        let path = name.trim_start_matches("windlass ").to_owned();
        let lines = examples::of(&path);
        if !lines.is_empty() {
            *text += "\nExamples:\n\n";
        }
        for (line, what) in lines {
            let _ = writeln!(text, "    {line}  # {what}");
        }
    }
    for verb in below {
        section(text, verb, &name, depth + 1);
    }
}

fn rows(
    text: &mut String,
    heading: (&str, &str),
    rows: impl IntoIterator<Item = (String, String)>,
) {
    let _ = write!(text, "| {} | {} |\n|---|---|\n", heading.0, heading.1);
    for (name, what) in rows {
        let _ = writeln!(text, "| `{name}` | {} |", what.replace('|', "\\|"));
    }
}

fn spelling(arg: &Arg) -> String {
    let value = arg.get_value_names().filter(|_| arg.get_action().takes_values());
    let value = value.and_then(<[_]>::first).map(ToString::to_string);
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<_> = short.into_iter().chain(long).collect();
    match (names.is_empty(), value) {
        (true, value) => value.unwrap_or_default(),
        (false, Some(value)) => format!("{} {value}", names.join(", ")),
        (false, None) => names.join(", "),
    }
}

fn meaning(arg: &Arg) -> String {
    let mut text = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults = arg.get_default_values().iter().filter(|_| arg.get_action().takes_values());
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    if !defaults.is_empty() {
        let _ = write!(text, " (default `{}`)", defaults.join(" "));
    }
    text
}

fn exit_codes() -> Vec<(String, String)> {
    let code = |kind: Kind, what: &str| (kind.exit_code().to_string(), what.to_owned());
    vec![
        ("0".to_owned(), "done".to_owned()),
        code(Kind::User, "the project, its configuration or the request is at fault"),
        code(Kind::Usage, "the command line cannot be understood"),
        code(Kind::Environment, "the machine is at fault: network, disk, kernel, permissions"),
        (FOUND.to_string(), "of `image scan`: something that counts was found".to_owned()),
        code(Kind::Bug, "Windlass broke one of its own rules: please report it"),
        ("130".to_owned(), "left with Ctrl-C; the job goes on in the server".to_owned()),
        ("other".to_owned(), "of `run` and `exec`: what the command itself ended with".to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not a fixed text: the reference is what the program says, and the file must say the same.
    #[test]
    fn the_reference_on_disk_is_what_the_program_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
        let wanted = markdown() + "\n";
        let found = std::fs::read_to_string(path).unwrap_or_default();
        assert!(found == wanted, "docs/cli.md is stale: cargo run -- reference > docs/cli.md");
    }

    #[test]
    fn the_tour_names_verbs_that_exist() {
        for line in tour(Style::plain()) {
            if let Some(words) = line.strip_prefix("  windlass ") {
                let verb = words.split(' ').next().unwrap_or_default();
                assert!(command().find_subcommand(verb).is_some(), "{verb}");
            }
        }
    }
}
