//! Markers that ask for the lock's own extras and groups (PEP 751, "Clarifications"), as markers
//! of PEP 508, which has one variable for both.
//!
//! `'docs' in extras` becomes `extra == 'extra-docs'`, `'dev' not in dependency_groups` becomes
//! `extra != 'group-dev'`: the two prefixes keep equal names apart.

/// What stands for an extra.
pub(super) fn extra(name: &str) -> String {
    format!("extra-{}", super::normalize_name(name))
}

/// What stands for a dependency group.
pub(super) fn group(name: &str) -> String {
    format!("group-{}", super::normalize_name(name))
}

/// The marker in PEP 508's words; what is not of that form stays as it is.
pub(super) fn plain(marker: &str) -> String {
    let mut out = String::with_capacity(marker.len());
    let mut rest = marker;
    while let Some(start) = rest.find(['\'', '"']) {
        let quote = if rest.as_bytes()[start] == b'"' { '"' } else { '\'' };
        let Some(length) = rest[start + 1..].find(quote) else { break };
        let (before, text) = (&rest[..start], &rest[start + 1..start + 1 + length]);
        let after = &rest[start + length + 2..];
        out.push_str(before);
        if let Some((written, left)) = membership(text, after) {
            out.push_str(&written);
            rest = left;
        } else {
            out.push_str(&rest[start..start + length + 2]);
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// `in extras` and the like after a quoted name: the condition, and what follows.
fn membership<'a>(name: &str, after: &'a str) -> Option<(String, &'a str)> {
    let words = after.trim_start();
    let (operator, words) = match words.strip_prefix("not") {
        Some(words) => ("!=", words.trim_start()),
        None => ("==", words),
    };
    let words = words.strip_prefix("in")?.strip_prefix([' ', '\t'])?.trim_start();
    let (value, left) = words
        .strip_prefix("extras")
        .map(|left| (extra(name), left))
        .or_else(|| Some((group(name), words.strip_prefix("dependency_groups")?)))?;
    Some((format!("extra {operator} '{value}'"), left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_memberships_are_rewritten() {
        for (marker, wanted) in [
            ("'docs' in extras", "extra == 'extra-docs'"),
            ("\"dev\" not in dependency_groups", "extra != 'group-dev'"),
            (
                "python_version < '3.13' and ('a' in extras or 'b' in dependency_groups)",
                "python_version < '3.13' and (extra == 'extra-a' or extra == 'group-b')",
            ),
            ("'linux' in sys_platform", "'linux' in sys_platform"),
            ("sys_platform == 'in extras", "sys_platform == 'in extras"),
            ("", ""),
        ] {
            assert_eq!(plain(marker), wanted);
        }
    }
}
