//! `WWW-Authenticate` (RFC 9110, section 11.6.1): what a registry wants to see. Pure.

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A user name and a password with every request.
    Basic,
    /// A token from somewhere else (distribution spec, "token authentication").
    Bearer {
        /// Where tokens are given out.
        realm: String,
        /// What the token is for.
        service: Option<String>,
        /// What it must allow.
        scope: Option<String>,
        /// Why the one that was sent is not enough.
        error: Option<String>,
    },
}

/// The challenges of a header's value that are understood, tokens first.
pub(super) fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for value in values {
        let mut rest = value.trim();
        while !rest.is_empty() {
            let end = rest.find([' ', ',']).unwrap_or(rest.len());
            let (scheme, after) = rest.split_at(end);
            let (parameters, after) = parameters(after.trim_start());
            let get = |name: &str| {
                let found = parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.clone())
            };
            if scheme.eq_ignore_ascii_case("basic") {
                found.push(Challenge::Basic);
            } else if scheme.eq_ignore_ascii_case("bearer")
                && let Some(realm) = get("realm")
            {
                let (service, scope, error) = (get("service"), get("scope"), get("error"));
                found.push(Challenge::Bearer { realm, service, scope, error });
            }
            rest = after.trim_start_matches([',', ' ']);
        }
    }
    found.sort_by_key(|challenge| matches!(challenge, Challenge::Basic));
    found
}

/// `name=value` pairs, and what follows them: the next scheme has no `=` after it.
fn parameters(text: &str) -> (Vec<(String, String)>, &str) {
    let mut pairs = Vec::new();
    let mut rest = text;
    loop {
        let start = rest.trim_start_matches([',', ' ']);
        let name_end = start.find(['=', ' ', ',']).unwrap_or(start.len());
        let after = start[name_end..].trim_start();
        let Some(value) = after.strip_prefix('=').filter(|_| name_end > 0) else {
            return (pairs, rest);
        };
        let (value, after) = parameter_value(value.trim_start());
        pairs.push((start[..name_end].to_owned(), value));
        rest = after;
    }
}

/// A token or a quoted string with its escapes undone, and what follows.
fn parameter_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(realm: &str, service: Option<&str>, scope: Option<&str>) -> Challenge {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Challenge::Bearer {
            realm: realm.to_owned(),
            service: owned(service),
            scope: owned(scope),
            error: None,
        }
    }

    #[test]
    fn a_header_that_is_cut_or_altered_anywhere_comes_to_an_end() {
        let whole = r#"Basic realm="a\"b", Bearer realm="https://t.example", service=s , scope="""#;
        for end in 0..whole.len() {
            parse([&whole[..end]].into_iter());
            for letter in ["\"", "=", ",", " ", "\\", "x"] {
                let altered = format!("{}{letter}{}", &whole[..end], &whole[end + 1..]);
                parse([altered.as_str()].into_iter());
            }
        }
    }

    #[test]
    fn challenges_are_read_and_tokens_come_first() {
        let full = bearer("https://t.example/token", Some("s"), Some("repository:a/b:pull,push"));
        for (value, wanted) in [
            (r#"Basic realm="a, b""#, vec![Challenge::Basic]),
            (
                r#"Bearer realm="https://t.example/token",service="s",scope="repository:a/b:pull,push""#,
                vec![full.clone()],
            ),
            (
                r#"basic realm="x", bearer realm="https://t.example/token" , service=s, scope="repository:a/b:pull,push""#,
                vec![full, Challenge::Basic],
            ),
            (r#"Bearer realm="a\"b""#, vec![bearer("a\"b", None, None)]),
            ("Negotiate", vec![]),
            ("Negotiate abc==, Basic", vec![Challenge::Basic]),
            ("Bearer service=s", vec![]),
            ("", vec![]),
            ("Bearer realm=\"open", vec![bearer("open", None, None)]),
            (",,,", vec![]),
        ] {
            assert_eq!(parse([value].into_iter()), wanted, "{value}");
        }
    }
}
