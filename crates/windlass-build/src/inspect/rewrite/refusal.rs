//! Commands that are not for production.

use crate::inspect::shell::Word;

/// Why a command is not run in production.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::inspect) enum Refusal {
    /// A development server.
    Development,
    /// uwsgi's own protocol instead of HTTP.
    UwsgiProtocol,
    /// nginx in front of it, in the same container.
    Nginx,
    /// Another process manager.
    Manager,
}

impl Refusal {
    pub(in crate::inspect) fn note(self) -> &'static str {
        match self {
            Refusal::Development => "is a development server",
            Refusal::UwsgiProtocol => "listens with uwsgi's own protocol, not HTTP",
            Refusal::Nginx => "starts nginx, whose place the edge takes",
            Refusal::Manager => "starts a process manager of its own",
        }
    }
}

/// Tells such a command by its program and words.
pub(super) fn refusal(program: &str, words: &[Word]) -> Result<(), Refusal> {
    let has = |text: &str| words.iter().any(|word| word.text == text);
    match program {
        "flask" if has("run") => Err(Refusal::Development),
        "manage.py" if has("runserver") || has("runserver_plus") => Err(Refusal::Development),
        "python" | "python3" if has("runserver") || has("runserver_plus") => {
            Err(Refusal::Development)
        }
        "uvicorn" if has("--reload") => Err(Refusal::Development),
        "fastapi" if has("dev") => Err(Refusal::Development),
        "nginx" => Err(Refusal::Nginx),
        "honcho" | "foreman" | "supervisord" | "circusd" => Err(Refusal::Manager),
        "uwsgi" => {
            let http = words.iter().any(|word| word.text.starts_with("--http"));
            if http { Ok(()) } else { Err(Refusal::UwsgiProtocol) }
        }
        _ => Ok(()),
    }
}
