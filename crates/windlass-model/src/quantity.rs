//! Sizes and durations as people write them in `[tool.windlass]`.

/// Why a text is not a size or a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// Not a size in bytes.
    #[error("`{text}` is not a size: write for example \"512MB\" or \"1.5GB\"")]
    Size {
        /// The text as given.
        text: String,
    },
    /// Not a duration.
    #[error("`{text}` is not a duration: write for example \"30s\", \"500ms\" or \"2m\"")]
    Duration {
        /// The text as given.
        text: String,
    },
}

const SIZE_UNITS: [(&str, u64); 8] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

const DURATION_UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Parses `512MB`, `1.5GiB`, `100B` into bytes.
pub fn parse_bytes(text: &str) -> Result<u64, QuantityError> {
    parse(text, &SIZE_UNITS).ok_or_else(|| QuantityError::Size { text: text.to_owned() })
}

/// Parses `30s`, `500ms`, `2m`, `1h` into milliseconds.
pub fn parse_duration_ms(text: &str) -> Result<u64, QuantityError> {
    parse(text, &DURATION_UNITS).ok_or_else(|| QuantityError::Duration { text: text.to_owned() })
}

fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (unit, factor) = units.iter().find(|(unit, _)| {
        text.strip_suffix(unit)
            .is_some_and(|n| n.ends_with(|c: char| c.is_ascii_digit() || c == ' '))
    })?;
    let number = text.strip_suffix(unit)?.trim();
    let plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let value: f64 = if plain { number.parse().ok()? } else { return None };
    let total = value * *factor as f64;
    (total.is_finite() && total < 9.0e15).then_some(total.round() as u64)
}

/// `1536` as `1.5 KB`: decimal units, at most one decimal.
pub fn format_bytes(bytes: u64) -> String {
    let (unit, factor) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        1_000..1_000_000 => ("KB", 1e3),
        1_000_000..1_000_000_000 => ("MB", 1e6),
        _ => ("GB", 1e9),
    };
    let value = bytes as f64 / factor;
    if value < 10.0 { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") }
}

/// `1530` as `1.5 s`, `95000` as `1m 35s`.
pub fn format_duration_ms(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1e3),
        60_000..3_600_000 => format!("{}m {}s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{}h {}m", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("512MB", 512_000_000), ("1.5GiB", 1_610_612_736), ("7 KB", 7_000), ("100B", 100)]
        {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for bad in ["", "MB", "-1MB", "1e9B", "12", "1 XB", "inf B", "99999999TB"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        for (text, ms) in [("30s", 30_000), ("500ms", 500), ("2m", 120_000), ("0.5h", 1_800_000)] {
            assert_eq!(parse_duration_ms(text), Ok(ms), "{text}");
        }
        for bad in ["", "s", "10", "10 days", "-5s"] {
            assert!(parse_duration_ms(bad).is_err(), "{bad}");
        }
    }
}
