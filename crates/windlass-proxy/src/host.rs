//! What a `Host` header may hold (RFC 9110 section 7.2, RFC 3986 section 3.2), strictly.

/// The host of an authority `host[:port]`, or `None` where it is not exactly that.
///
/// Names are letters, digits, `-`, `.` and `_`; an IPv6 address is in brackets and kept with
/// them. No user information, no percent-encoding, no empty host, no empty port.
pub(crate) fn parse(authority: &[u8]) -> Option<&[u8]> {
    if authority.is_empty() || authority.len() > 259 {
        return None;
    }
    let end = if authority[0] == b'[' {
        let close = authority.iter().position(|&b| b == b']')?;
        let inside = std::str::from_utf8(&authority[1..close]).ok()?;
        inside.parse::<std::net::Ipv6Addr>().ok()?;
        close + 1
    } else {
        let end = authority.iter().position(|&b| b == b':').unwrap_or(authority.len());
        let name = &authority[..end];
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
        if name.is_empty() || name[0] == b'.' || !name.iter().all(plain) {
            return None;
        }
        end
    };
    match &authority[end..] {
        [] => Some(&authority[..end]),
        [b':', port @ ..] => {
            let digits = (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
            let number = std::str::from_utf8(port).ok()?.parse::<u16>();
            (digits && number.is_ok()).then_some(&authority[..end])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_plain_authorities_pass() {
        let cases: [(&str, Option<&str>); 16] = [
            ("shop.example", Some("shop.example")),
            ("shop.example:8080", Some("shop.example")),
            ("127.0.0.1:1", Some("127.0.0.1")),
            ("[::1]:80", Some("[::1]")),
            ("my_app", Some("my_app")),
            ("shop.", Some("shop.")),
            ("", None),
            ("a/b@c", None),
            ("user@shop", None),
            ("shop:", None),
            ("shop:+80", None),
            ("shop:99999", None),
            ("shop:80:80", None),
            ("[::1", None),
            ("[zz]", None),
            ("a b", None),
        ];
        for (text, host) in cases {
            assert_eq!(super::parse(text.as_bytes()), host.map(str::as_bytes), "{text}");
        }
    }
}
