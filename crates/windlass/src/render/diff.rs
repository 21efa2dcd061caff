//! A file before and after, where lines were only added.

use super::style::{Style, Tone};

/// How many unchanged lines are shown before those added.
const AROUND: usize = 3;

/// `after` must be `before` with lines added at its end: nothing else is ever written.
pub(crate) fn added(name: &str, before: &str, after: &str, style: Style) -> Vec<String> {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let from = old.len().saturating_sub(AROUND);
    let before_name = if before.is_empty() { "/dev/null" } else { name };
    let mut lines = vec![
        style.paint(Tone::Strong, &format!("--- {before_name}")),
        style.paint(Tone::Strong, &format!("+++ {name}")),
    ];
    let start = if old.is_empty() { 0 } else { from + 1 };
    let hunk = format!("@@ -{start},{} +{},{} @@", old.len() - from, from + 1, new.len() - from);
    lines.push(style.paint(Tone::Faint, &hunk));
    lines.extend(old[from..].iter().map(|line| format!(" {line}")));
    let plus = new[old.len()..].iter().map(|line| style.paint(Tone::Good, &format!("+{line}")));
    lines.extend(plus);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_follow_the_last_ones_of_the_file() {
        let diff = added("x.toml", "a\nb\nc\nd\n", "a\nb\nc\nd\n\ne\n", Style::plain());
        let wanted = "--- x.toml\n+++ x.toml\n@@ -2,3 +2,5 @@\n b\n c\n d\n+\n+e";
        assert_eq!(diff.join("\n"), wanted);
        let fresh = added("x.toml", "", "e\n", Style::plain());
        assert_eq!(fresh.join("\n"), "--- /dev/null\n+++ x.toml\n@@ -0,0 +1,1 @@\n+e");
    }
}
