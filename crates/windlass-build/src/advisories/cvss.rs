//! Severities out of what advisories say. Pure.
//!
//! The base score of CVSS 3.0 and 3.1 (specification document, section 7.1) is computed from its
//! vector. Vectors of version 4 take a table of hundreds of rows: the word that comes with them
//! is used.

use windlass_model::Severity;

/// The severity of a base score.
fn of_score(score: f64) -> Severity {
    match score {
        score if score >= 9.0 => Severity::Critical,
        score if score >= 7.0 => Severity::High,
        score if score >= 4.0 => Severity::Medium,
        score if score > 0.0 => Severity::Low,
        _ => Severity::Negligible,
    }
}

/// The severity that a text says: a vector, a score, or a word of any database's.
pub(super) fn severity(text: &str) -> Severity {
    if text.starts_with("CVSS:3.") {
        return base_score(text).map_or(Severity::Unknown, of_score);
    }
    if let Ok(score) = text.parse::<f64>() {
        return if (0.0..=10.0).contains(&score) { of_score(score) } else { Severity::Unknown };
    }
    match text.trim_end_matches('*').to_ascii_lowercase().as_str() {
        "critical" => Severity::Critical,
        "high" | "important" => Severity::High,
        "medium" | "moderate" => Severity::Medium,
        "low" => Severity::Low,
        "unimportant" | "negligible" | "none" => Severity::Negligible,
        _ => Severity::Unknown,
    }
}

/// The base score of a vector; `None` when a metric is missing or unknown.
fn base_score(vector: &str) -> Option<f64> {
    let changed = match metric(vector, "S")? {
        "C" => true,
        "U" => false,
        _ => return None,
    };
    let impact = impact(vector, changed)?;
    let exploitability = exploitability(vector, changed)?;
    if impact <= 0.0 {
        return Some(0.0);
    }
    let sum = impact + exploitability;
    let score = if changed { 1.08 * sum } else { sum };
    Some(rounded_up(score.min(10.0)))
}

/// The value of a metric: `H` of `.../C:H/...`.
fn metric<'v>(vector: &'v str, name: &str) -> Option<&'v str> {
    vector.split('/').skip(1).find_map(|part| part.strip_prefix(name)?.strip_prefix(':'))
}

/// What is lost, by confidentiality, integrity and availability.
fn impact(vector: &str, changed: bool) -> Option<f64> {
    let of = |name| match metric(vector, name)? {
        "H" => Some(0.56),
        "L" => Some(0.22),
        "N" => Some(0.0),
        _ => None,
    };
    let (c, i, a): (f64, f64, f64) = (of("C")?, of("I")?, of("A")?);
    let base = 1.0 - (1.0 - c) * (1.0 - i) * (1.0 - a);
    Some(if changed { 7.52 * (base - 0.029) - 3.25 * (base - 0.02).powi(15) } else { 6.42 * base })
}

/// How easy it is.
fn exploitability(vector: &str, changed: bool) -> Option<f64> {
    let attack = match metric(vector, "AV")? {
        "N" => 0.85,
        "A" => 0.62,
        "L" => 0.55,
        "P" => 0.2,
        _ => return None,
    };
    let complexity = match metric(vector, "AC")? {
        "L" => 0.77,
        "H" => 0.44,
        _ => return None,
    };
    let privileges = match (metric(vector, "PR")?, changed) {
        ("N", _) => 0.85,
        ("L", false) => 0.62,
        ("L", true) => 0.68,
        ("H", false) => 0.27,
        ("H", true) => 0.5,
        _ => return None,
    };
    let interaction = match metric(vector, "UI")? {
        "N" => 0.85,
        "R" => 0.62,
        _ => return None,
    };
    Some(8.22 * attack * complexity * privileges * interaction)
}

/// To one decimal, upwards, without the noise of binary fractions (appendix A of CVSS 3.1).
fn rounded_up(score: f64) -> f64 {
    let scaled = (score * 100_000.0).round() as u64;
    if scaled.is_multiple_of(10_000) {
        scaled as f64 / 100_000.0
    } else {
        (scaled / 10_000 + 1) as f64 / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_those_that_were_published() {
        for (vector, score) in [
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", 7.5),
            ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N", 6.1),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
            ("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ] {
            let found = base_score(vector).expect("a whole vector");
            assert!((found - score).abs() < 1e-9, "{vector}: {found}");
        }
        assert_eq!(base_score("CVSS:3.1/AV:N/AC:L"), None);
    }

    #[test]
    fn words_and_vectors() {
        for (text, wanted) in [
            ("MODERATE", Severity::Medium),
            ("high**", Severity::High),
            ("unimportant", Severity::Negligible),
            ("not yet assigned", Severity::Unknown),
            ("CVSS:4.0/AV:N", Severity::Unknown),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Severity::Critical),
            ("9.1", Severity::Critical),
            ("NaN", Severity::Unknown),
            ("", Severity::Unknown),
        ] {
            assert_eq!(severity(text), wanted, "{text}");
        }
    }
}
