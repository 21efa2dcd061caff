//! A [`Problem`] for a person: what, why, how to cure.

use super::style::{Style, Tone, printable};
use windlass_model::{Kind, Problem};

/// The lines of a problem that ended what the user asked for.
pub(crate) fn error(problem: &Problem, style: Style) -> Vec<String> {
    let mut lines = labelled("error", Tone::Bad, &problem.message, style);
    lines.extend(rest(problem, style));
    if problem.kind == Kind::Bug {
        let ask = "this is a bug in Windlass: please report it with the lines above";
        lines.extend(labelled("help", Tone::Good, ask, style));
    }
    lines
}

/// The lines of a problem that stopped nothing.
pub(crate) fn warning(problem: &Problem, style: Style) -> Vec<String> {
    let mut lines = labelled("warning", Tone::Warn, &problem.message, style);
    lines.extend(rest(problem, style));
    lines
}

fn rest(problem: &Problem, style: Style) -> Vec<String> {
    let causes =
        problem.causes.iter().flat_map(|cause| labelled("because", Tone::Warn, cause, style));
    let hints = problem.hints.iter().flat_map(|hint| labelled("help", Tone::Good, hint, style));
    causes.chain(hints).collect()
}

/// `label: first line`, and further lines below it, indented.
fn labelled(label: &str, tone: Tone, text: &str, style: Style) -> Vec<String> {
    let mut lines = text.trim_end().lines();
    let first = printable(lines.next().unwrap_or_default());
    let head = format!("{}: {first}", style.paint(tone, label));
    let below = lines.map(|line| format!("    {}", printable(line)).trim_end().to_owned());
    std::iter::once(head).chain(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_why_and_how_to_cure_in_this_order() {
        let problem = Problem::user("replica-unhealthy", "web.1 of shop did not become healthy")
            .cause("it answered 500 in 3 ms")
            .cause("the last lines of its log:\nTraceback:\n  File \"x\"\n\nKeyError\n")
            .hint("set the variable");
        assert_eq!(
            error(&problem, Style::plain()).join("\n"),
            "error: web.1 of shop did not become healthy\n\
             because: it answered 500 in 3 ms\n\
             because: the last lines of its log:\n\
             \x20   Traceback:\n\
             \x20     File \"x\"\n\
             \n\
             \x20   KeyError\n\
             help: set the variable"
        );
    }

    #[test]
    fn our_own_bugs_ask_for_a_report() {
        let lines = error(&Problem::bug("x", "broken"), Style::plain());
        assert!(lines[1].starts_with("help: this is a bug in Windlass"), "{lines:?}");
        assert_eq!(warning(&Problem::bug("x", "broken"), Style::plain()), ["warning: broken"]);
    }

    #[test]
    fn a_hostile_log_line_is_shown_not_obeyed() {
        let problem = Problem::user("x", "bad \x1b]0;title\x07");
        assert_eq!(error(&problem, Style::plain()), ["error: bad \\u{1b}]0;title\\u{7}"]);
    }
}
