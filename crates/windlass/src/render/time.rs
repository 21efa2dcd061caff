//! Points in time and spans, as people read them.

use jiff::tz::TimeZone;
use windlass_model::quantity::format_duration_ms;

/// How long ago, in the coarsest unit that says enough: `40 s ago`, `3 h ago`.
pub(crate) fn ago(now_ms: u64, then_ms: u64) -> String {
    let seconds = now_ms.saturating_sub(then_ms) / 1_000;
    match seconds {
        0..2 => "now".to_owned(),
        2..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// A log line's time: date and time of day in the zone of the reader, with milliseconds.
pub(crate) fn stamp(at_ms: u64, zone: &TimeZone) -> String {
    let time = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    time.map_or_else(
        || "-".to_owned(),
        |time| time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
    )
}

/// A point in time as RFC 3339 has it, in UTC and whole seconds.
pub(crate) fn rfc3339(at_ms: u64) -> String {
    let seconds = i64::try_from(at_ms / 1_000).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A day in UTC, `YYYY-MM-DD`.
pub(crate) fn day(at_ms: u64) -> String {
    rfc3339(at_ms).chars().take(10).collect()
}

/// A span in seconds with one decimal, for lists of spans that are compared: `0.4`.
pub(crate) fn seconds(ms: u64) -> String {
    format!("{:.1}", ms as f64 / 1e3)
}

/// A span on its own: `2.1 s`, `850 ms`.
pub(crate) fn span(ms: u64) -> String {
    format_duration_ms(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_for_programs() {
        assert_eq!(rfc3339(1_700_000_000_999), "2023-11-14T22:13:20Z");
        assert_eq!(day(1_700_000_000_999), "2023-11-14");
    }

    #[test]
    fn ages() {
        for (ms, text) in [
            (0, "now"),
            (40_000, "40 s ago"),
            (600_000, "10 min ago"),
            (10_800_000, "3 h ago"),
            (864_000_000, "10 days ago"),
        ] {
            assert_eq!(ago(1_000_000_000_000 + ms, 1_000_000_000_000), text);
        }
        assert_eq!(ago(5, 10_000), "now", "clocks may go back");
    }

    #[test]
    fn stamps_are_in_the_readers_zone() {
        assert_eq!(stamp(1_700_000_000_123, &TimeZone::UTC), "2023-11-14 22:13:20.123");
        assert_eq!(stamp(u64::MAX, &TimeZone::UTC), "-");
    }
}
