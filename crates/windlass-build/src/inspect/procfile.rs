//! Procfiles: `name: command` lines.

use windlass_model::Evidence;

/// One line of a Procfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) command: String,
    pub(super) evidence: Evidence,
}

/// A Procfile as read: its entries, and the lines that are none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Procfile {
    pub(super) entries: Vec<Entry>,
    /// Lines that could not be understood, with their numbers.
    pub(super) strange: Vec<(u32, String)>,
}

/// Reads the text of a Procfile at `path`. The first of two lines of one name wins, as it does
/// for the tools that made the format.
pub(super) fn parse(path: &str, text: &str) -> Procfile {
    let mut procfile = Procfile::default();
    for (at, line) in text.lines().enumerate() {
        let number = at as u32 + 1;
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let parts = line.split_once(':').map(|(name, command)| (name.trim(), command.trim()));
        let Some((name, command)) =
            parts.filter(|(name, command)| is_name(name) && !command.is_empty())
        else {
            procfile.strange.push((number, line.to_owned()));
            continue;
        };
        let name = name.to_ascii_lowercase().replace('_', "-");
        if procfile.entries.iter().all(|entry| entry.name != name) {
            procfile.entries.push(Entry {
                evidence: Evidence::at(path, number, format!("`{line}`")),
                command: command.to_owned(),
                name,
            });
        }
    }
    procfile
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_strange_ones_kept() {
        let text = "# comment\nweb: gunicorn a:b\nWorker_1:  VAR=x celery -A a\r\nnonsense\n: x\nweb: other\nempty:\n";
        let procfile = parse("Procfile", text);
        let entries: Vec<(&str, &str)> =
            procfile.entries.iter().map(|e| (e.name.as_str(), e.command.as_str())).collect();
        assert_eq!(entries, [("web", "gunicorn a:b"), ("worker-1", "VAR=x celery -A a")]);
        assert_eq!(procfile.entries[1].evidence.line, Some(3));
        assert_eq!(procfile.strange.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 5, 7]);
    }
}
