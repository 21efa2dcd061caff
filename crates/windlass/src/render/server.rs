//! The server of this machine.

use super::style::{Style, Tone};
use super::table::{Table, cell, toned};
use super::time::ago;
use windlass_server::wire::Ping;

/// A server that runs.
pub(crate) fn running(ping: &Ping, now_ms: u64, style: Style) -> Vec<String> {
    let mut facts = Table::new(&[]);
    let mut fact = |name: &str, value: String| {
        facts.row(vec![toned(Tone::Faint, name), cell(value)]);
    };
    let since = ago(now_ms, ping.started_at_ms);
    fact("server", format!("{} (process {}, started {since})", ping.version, ping.pid));
    fact("state", ping.state.display().to_string());
    let listen: Vec<_> = ping.listen.iter().map(|address| format!("http://{address}")).collect();
    let listen = if listen.is_empty() {
        "nowhere: the edge does not run".to_owned()
    } else {
        listen.join(", ")
    };
    fact("listens", listen);
    let mut lines = facts.lines(style, 0);
    let notes =
        ping.notes.iter().map(|note| format!("{} {note}", style.paint(Tone::Warn, "note:")));
    lines.extend(notes);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_where_it_listens_and_what_it_lacks() {
        let ping = Ping {
            version: "0.1.0".to_owned(),
            pid: 7,
            started_at_ms: 0,
            state: "/s".into(),
            listen: vec!["127.0.0.1:8080".parse().expect("an address")],
            notes: vec!["no memory limits here".to_owned()],
        };
        let wanted = "\
server   0.1.0 (process 7, started 30 s ago)
state    /s
listens  http://127.0.0.1:8080
note: no memory limits here";
        assert_eq!(running(&ping, 30_000, Style::plain()).join("\n"), wanted);
    }
}
