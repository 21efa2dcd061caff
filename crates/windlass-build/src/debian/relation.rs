//! Relations between packages (Debian policy 7.1): `a (>= 1) | b, c`.

use super::version;
use std::cmp::Ordering;

/// One alternative of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// Package name, real or virtual.
    pub(crate) name: String,
    /// Wanted order of the package's version against this one.
    pub(crate) version: Option<(Operator, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Relation {
    /// Whether a package of that version satisfies the relation.
    pub(crate) fn allows(&self, candidate: &str) -> bool {
        let Some((operator, wanted)) = &self.version else { return true };
        let order = version::compare(candidate, wanted);
        match operator {
            Operator::Less => order == Ordering::Less,
            Operator::LessOrEqual => order != Ordering::Greater,
            Operator::Equal => order == Ordering::Equal,
            Operator::GreaterOrEqual => order != Ordering::Less,
            Operator::Greater => order == Ordering::Greater,
        }
    }
}

impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((operator, version)) = &self.version else { return f.write_str(&self.name) };
        let sign = match operator {
            Operator::Less => "<<",
            Operator::LessOrEqual => "<=",
            Operator::Equal => "=",
            Operator::GreaterOrEqual => ">=",
            Operator::Greater => ">>",
        };
        write!(f, "{} ({sign} {version})", self.name)
    }
}

/// The relations of a field: all of the outer list, any of each inner list.
///
/// Architecture qualifiers of names are dropped: an image has one architecture. Alternatives for
/// other architectures do not occur in binary indexes.
pub(crate) fn parse(field: &str) -> Vec<Vec<Relation>> {
    field
        .split(',')
        .map(|group| group.split('|').filter_map(one).collect::<Vec<_>>())
        .filter(|group| !group.is_empty())
        .collect()
}

fn one(text: &str) -> Option<Relation> {
    let text = text.trim();
    let end = text.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(text.len());
    let name = text[..end].split(':').next().unwrap_or_default();
    if name.is_empty() {
        return None;
    }
    let version = text[end..].trim().strip_prefix('(').and_then(|rest| {
        let inner = rest.split(')').next()?.trim();
        let at = inner.find(|c: char| !"<>=".contains(c))?;
        let operator = match &inner[..at] {
            "<<" => Operator::Less,
            "<=" | "<" => Operator::LessOrEqual,
            "=" => Operator::Equal,
            ">=" | ">" => Operator::GreaterOrEqual,
            ">>" => Operator::Greater,
            _ => return None,
        };
        Some((operator, inner[at..].trim().to_owned()))
    });
    Some(Relation { name: name.to_owned(), version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_and_compares() {
        let all = parse("a (>= 1.0) | b:any, c(<< 2~),\n d");
        let shown: Vec<Vec<_>> =
            all.iter().map(|g| g.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(shown, [vec!["a (>= 1.0)", "b"], vec!["c (<< 2~)"], vec!["d"]]);
        assert!(all[0][0].allows("1.0-1") && !all[0][0].allows("1.0~"));
        assert!(!all[1][0].allows("2~") && all[1][0].allows("1.9"));
        assert!(parse("").is_empty());
    }
}
