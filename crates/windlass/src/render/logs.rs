//! Log lines of an app's processes.

use super::style::{Style, Tone, printable};
use super::time::stamp;
use jiff::tz::TimeZone;
use windlass_server::wire::{LogRecord, LogStream};

/// One line: when, who, what. What came from standard error has a mark of its own.
pub(crate) fn line(record: &LogRecord, zone: &TimeZone, style: Style) -> String {
    let who = format!("{} r{}", record.source, record.release);
    let mark = match record.stream {
        LogStream::Stdout => style.paint(Tone::Faint, "|"),
        LogStream::Stderr => style.paint(Tone::Warn, "!"),
    };
    let when = style.paint(Tone::Faint, &stamp(record.at_ms, zone));
    format!("{when} {} {mark} {}", style.paint(Tone::Link, &who), printable(&record.line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass_model::ReleaseNumber;

    #[test]
    fn a_line_says_when_who_and_what() {
        let record = LogRecord {
            at_ms: 1_700_000_000_123,
            release: ReleaseNumber(3),
            source: "web.1".to_owned(),
            stream: LogStream::Stderr,
            line: "ready\x1b[2J".to_owned(),
        };
        assert_eq!(
            line(&record, &TimeZone::UTC, Style::plain()),
            "2023-11-14 22:13:20.123 web.1 r3 ! ready\\u{1b}[2J"
        );
    }
}
