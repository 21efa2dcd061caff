//! Commands that a project gives itself, moved to the replica's own socket.
//!
//! A known server's address flags are replaced; a line that needs a shell keeps its shell, with
//! `exec` before the last command so that signals reach the server. What is for development, or
//! speaks no HTTP, is told apart and not run.

mod refusal;
mod rules;

pub(super) use self::refusal::Refusal;
use self::refusal::refusal;
use super::serve::{SHELL_ADDRESS, Tuning, gunicorn_surroundings, uvicorn_surroundings};
use super::shell::{SimpleCommand, Word, split};
use rules::{RULES, Rule, WRAPPERS};
use windlass_model::{CommandLine, Serves};

/// A command made ready to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rewritten {
    pub(super) command: Vec<String>,
    pub(super) serves: Serves,
    /// What was changed and why, in few words.
    pub(super) notes: Vec<String>,
    /// Words that may be the app that the server is given, the likelier first: only the
    /// project's modules tell `mysite.wsgi` from the `info` of `--log-level info`.
    pub(super) apps: Vec<String>,
}

/// Makes a web command ready.
pub(super) fn web(line: &CommandLine, tuning: &Tuning) -> Result<Rewritten, Refusal> {
    let (text, mut commands) = match line {
        CommandLine::Words(words) => {
            let words = words.iter().map(|word| Word::new(word)).collect();
            (String::new(), vec![SimpleCommand { words, ..SimpleCommand::default() }])
        }
        CommandLine::Line(text) => match split(text) {
            Some(commands) if !commands.is_empty() => (text.clone(), commands),
            _ => return Ok(by_shell(text, Vec::new())),
        },
    };
    let Some(mut last) = commands.pop() else { return Ok(by_shell(&text, Vec::new())) };
    let mut notes = Vec::new();
    let before = text.get(..last.start).unwrap_or_default().to_owned();
    let kept = unwrap(&mut last.words, &mut notes);
    let mut server: Vec<Word> = last.words.split_off(kept);
    let python_m = python_module(&server);
    let program = if python_m {
        server.get(2).map(|word| word.text.clone()).unwrap_or_default()
    } else {
        let first = server.first().map(|word| word.text.as_str()).unwrap_or_default();
        first.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let arguments = if python_m { 3 } else { 1 };
    refusal(&program, &server)?;
    let Some(rule) = RULES.iter().find(|rule| rule.program == program) else {
        if commands.is_empty() && last.assignments.is_empty() && last.words.is_empty() {
            return Ok(direct_or_shell(line, &server, notes));
        }
        last.words.extend(server);
        return Ok(shell(&before, &last, Serves::Port, notes, Vec::new()));
    };
    let removed = remove_flags(&mut server, arguments, rule);
    if !removed.is_empty() {
        notes.push(format!("`{}` gives way to the replica's own socket", removed.join(" ")));
    }
    let added = additions(rule, &server, tuning);
    let at = (arguments + usize::from(rule.subcommand.is_some())).min(server.len());
    let apps = app_arguments(&server[at..]);
    let shared = rule.program == "gunicorn" && tuning.reuse_port;
    let serves = if shared { Serves::Port } else { Serves::Socket };
    server.splice(at..at, added.iter().map(|word| Word::new(word)));
    if shared && let Some(address) = server.get_mut(at + 1) {
        *address = Word { raw: SHELL_ADDRESS.to_owned(), text: String::new(), literal: false };
    }
    last.words.extend(server);
    let simple = before.trim().is_empty()
        && last.assignments.is_empty()
        && last.words.iter().all(|word| word.literal);
    if simple {
        let command = last.words.into_iter().map(|word| word.text).collect();
        return Ok(Rewritten { command, serves, notes, apps });
    }
    Ok(shell(&before, &last, serves, notes, apps))
}

/// Makes a command ready that takes no requests.
pub(super) fn background(line: &CommandLine) -> Vec<String> {
    match line {
        CommandLine::Words(words) => words.clone(),
        CommandLine::Line(text) => {
            let Some(mut commands) = split(text) else { return by_shell(text, Vec::new()).command };
            let Some(mut last) = commands.pop() else { return by_shell(text, Vec::new()).command };
            let before = text.get(..last.start).unwrap_or_default().to_owned();
            unwrap(&mut last.words, &mut Vec::new());
            let literal = last.words.iter().all(|word| word.literal);
            if before.trim().is_empty() && last.assignments.is_empty() && literal {
                return last.words.into_iter().map(|word| word.text).collect();
            }
            shell(&before, &last, Serves::Nothing, Vec::new(), Vec::new()).command
        }
    }
}

/// Leaves out wrappers that the image has no use for; returns how many words in front stay.
fn unwrap(words: &mut Vec<Word>, notes: &mut Vec<String>) -> usize {
    let mut kept = 0;
    while let Some((wrapper, left_out)) = WRAPPERS.iter().find(|(wrapper, _)| {
        let here = words.get(kept..kept + wrapper.len());
        here.is_some_and(|here| here.iter().zip(*wrapper).all(|(word, name)| word.text == *name))
    }) {
        if *left_out {
            words.drain(kept..kept + wrapper.len());
            if *wrapper != ["exec"] {
                notes.push(format!("`{}` is left out: the image needs it not", wrapper.join(" ")));
            }
        } else {
            kept += wrapper.len();
        }
    }
    kept
}

fn python_module(words: &[Word]) -> bool {
    let python =
        words.first().is_some_and(|word| matches!(word.text.as_str(), "python" | "python3"));
    python && words.get(1).is_some_and(|word| word.text == "-m")
}

/// Removes the rule's flags from the words after `from`; returns what went.
fn remove_flags(words: &mut Vec<Word>, from: usize, rule: &Rule) -> Vec<String> {
    let mut removed = Vec::new();
    let mut at = from;
    while at < words.len() {
        let text = words[at].text.clone();
        let joined = rule.valued.iter().any(|flag| match flag.strip_prefix("--") {
            Some(_) => text.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')),
            None => text.len() > 2 && text.starts_with(flag) && !text.starts_with("--"),
        });
        let count = if rule.valued.contains(&text.as_str()) {
            2
        } else {
            usize::from(joined || rule.bare.contains(&text.as_str()))
        };
        if count == 0 {
            at += 1;
            continue;
        }
        let end = (at + count).min(words.len());
        removed.extend(words.drain(at..end).map(|word| word.raw));
    }
    removed
}

fn additions(rule: &Rule, words: &[Word], tuning: &Tuning) -> Vec<String> {
    let has = |flag: &str| words.iter().any(|word| word.text.split('=').next() == Some(flag));
    let mut added: Vec<String> = rule.listen.iter().map(|word| (*word).to_owned()).collect();
    let config = has("-c") || has("--config") || tuning.own_gunicorn_config;
    match rule.program {
        "gunicorn" => {
            if !has("--worker-tmp-dir") {
                added.extend(gunicorn_surroundings(tuning));
            }
            if !has("--graceful-timeout") && !config {
                added.push("--graceful-timeout".to_owned());
                added.push(tuning.graceful_seconds().to_string());
            }
        }
        "uvicorn" => {
            let ours = uvicorn_surroundings(tuning);
            for pair in ours.chunks(2).filter(|pair| !has(&pair[0])) {
                added.extend(pair.iter().cloned());
            }
        }
        _ => {}
    }
    added
}

/// The words that look like `module:object`, then those that look like a module.
fn app_arguments(words: &[Word]) -> Vec<String> {
    let dotted = |text: &&str| {
        text.chars().all(|c| c.is_alphanumeric() || "._:()".contains(c))
            && text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    };
    let words = words.iter().map(|word| word.text.as_str()).filter(dotted);
    let (objects, modules): (Vec<&str>, Vec<&str>) = words.partition(|text| text.contains(':'));
    objects.into_iter().chain(modules).map(str::to_owned).collect()
}

fn direct_or_shell(line: &CommandLine, words: &[Word], notes: Vec<String>) -> Rewritten {
    let direct = words.iter().all(|word| word.literal);
    if direct || matches!(line, CommandLine::Words(_)) {
        let command = words.iter().map(|word| word.text.clone()).collect();
        return Rewritten { command, serves: Serves::Port, notes, apps: Vec::new() };
    }
    let command = SimpleCommand { words: words.to_vec(), ..SimpleCommand::default() };
    shell("", &command, Serves::Port, notes, Vec::new())
}

fn shell(
    before: &str,
    last: &SimpleCommand,
    serves: Serves,
    notes: Vec<String>,
    apps: Vec<String>,
) -> Rewritten {
    // Assignments before `exec` reach the command: POSIX special built-ins export them.
    let words = last.words.iter().map(|word| word.raw.as_str());
    let parts: Vec<&str> = last
        .assignments
        .iter()
        .map(String::as_str)
        .chain(std::iter::once("exec"))
        .chain(words)
        .collect();
    let line = format!("{before}{}", parts.join(" "));
    let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), line];
    Rewritten { command, serves, notes, apps }
}

/// A line that only a shell understands, as it is.
fn by_shell(line: &str, notes: Vec<String>) -> Rewritten {
    let command = vec!["/bin/sh".to_owned(), "-c".to_owned(), line.to_owned()];
    Rewritten { command, serves: Serves::Port, notes, apps: Vec::new() }
}

#[cfg(test)]
mod tests;
