//! Looking up a host and a path in the rules of a table.

use std::collections::HashMap;

/// Rules in the order in which they are tried, for a destination of any kind.
#[derive(Debug)]
pub(crate) struct Router<D> {
    exact: HashMap<Box<str>, Vec<Rule<D>>>,
    any: Vec<Rule<D>>,
}

#[derive(Debug)]
struct Rule<D> {
    /// Without a final `/`: empty for the whole site.
    prefix: Box<str>,
    destination: D,
}

impl<D> Default for Router<D> {
    fn default() -> Self {
        Self { exact: HashMap::new(), any: Vec::new() }
    }
}

impl<D> Router<D> {
    /// Adds a rule; `None` is any host.
    pub(crate) fn add(&mut self, host: Option<&str>, path_prefix: &str, destination: D) {
        let rules = match host {
            Some(name) => self.exact.entry(name.into()).or_default(),
            None => &mut self.any,
        };
        let rule = Rule { prefix: path_prefix.trim_end_matches('/').into(), destination };
        let longer = |other: &Rule<D>| other.prefix.len() >= rule.prefix.len();
        rules.insert(rules.partition_point(longer), rule);
    }

    /// The destination for a host (without port) and a path.
    ///
    /// An exact host without a fitting prefix falls back on the rules for any host.
    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&D> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let exact = if self.exact.is_empty() {
            None
        } else if host.bytes().any(|b| b.is_ascii_uppercase()) {
            self.exact.get(host.to_ascii_lowercase().as_str())
        } else {
            self.exact.get(host)
        };
        exact
            .and_then(|rules| first_fitting(rules, path))
            .or_else(|| first_fitting(&self.any, path))
    }
}

fn first_fitting<'a, D>(rules: &'a [Rule<D>], path: &str) -> Option<&'a D> {
    rules.iter().find(|rule| fits(&rule.prefix, path)).map(|rule| &rule.destination)
}

/// `/api` fits `/api` and what begins with `/api/`.
fn fits(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_exact_rule_wins() {
        let mut router = Router::default();
        for (host, prefix, name) in [
            (None, "/", "any"),
            (None, "/api", "any-api"),
            (Some("shop.example"), "/", "shop"),
            (Some("shop.example"), "/api/", "shop-api"),
            (Some("shop.example"), "/api/v2", "shop-api-2"),
            (Some("blog.example"), "/posts", "posts"),
        ] {
            router.add(host, prefix, name);
        }
        for (host, path, name) in [
            ("other", "/", "any"),
            ("other", "/api", "any-api"),
            ("other", "/api/x", "any-api"),
            ("other", "/apis", "any"),
            ("shop.example", "/", "shop"),
            ("SHOP.example", "/x", "shop"),
            ("shop.example.", "/api", "shop-api"),
            ("shop.example", "/api/v2/x", "shop-api-2"),
            ("shop.example", "/api/v22", "shop-api"),
            ("blog.example", "/posts/1", "posts"),
            ("blog.example", "/", "any"),
            ("shop.example", "*", "shop"),
        ] {
            assert_eq!(router.find(host, path), Some(&name), "{host}{path}");
        }
        let mut narrow = Router::default();
        narrow.add(Some("a"), "/x", 1);
        assert_eq!(narrow.find("b", "/x"), None);
        assert_eq!(narrow.find("a", "/y"), None);
    }
}
