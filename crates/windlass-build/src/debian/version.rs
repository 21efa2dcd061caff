//! Debian version numbers and their order (Debian policy 5.6.12, deb-version(7)).

use std::cmp::Ordering;

/// Orders two versions as dpkg does: epoch, then upstream version, then revision.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (split(a), split(b));
    a.0.cmp(&b.0).then_with(|| part(a.1, b.1)).then_with(|| part(a.2, b.2))
}

/// Epoch (0 when not given), upstream version, revision (empty when not given).
fn split(version: &str) -> (u64, &str, &str) {
    let (epoch, rest) = match version.split_once(':') {
        Some((epoch, rest)) => (epoch.parse().unwrap_or(0), rest),
        None => (0, version),
    };
    let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, upstream, revision)
}

/// Alternates between runs of non-digits, by [`weight`], and runs of digits, as numbers.
fn part(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while !a.is_empty() || !b.is_empty() {
        loop {
            let (x, y) = (non_digit(a), non_digit(b));
            if x.is_none() && y.is_none() {
                break;
            }
            match weight(x).cmp(&weight(y)) {
                Ordering::Equal => {}
                other => return other,
            }
            a = &a[1..];
            b = &b[1..];
        }
        let (x, y) = (digits(&mut a), digits(&mut b));
        // Without leading zeros the longer number is the larger one.
        match x.len().cmp(&y.len()).then_with(|| x.cmp(y)) {
            Ordering::Equal => {}
            other => return other,
        }
    }
    Ordering::Equal
}

fn non_digit(text: &[u8]) -> Option<u8> {
    text.first().copied().filter(|c| !c.is_ascii_digit())
}

/// `~` before the end of the part, then letters, then everything else.
fn weight(c: Option<u8>) -> i32 {
    match c {
        None => 0,
        Some(b'~') => -1,
        Some(c) if c.is_ascii_alphabetic() => i32::from(c),
        Some(c) => i32::from(c) + 256,
    }
}

fn digits<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    let end = text.iter().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    let zeros = number.iter().take_while(|c| **c == b'0').count();
    &number[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_as_dpkg_does() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, order) in [
            ("1.0", "1.0", Equal),
            ("1.0", "1.00", Equal),
            ("0:1.0", "1.0", Equal),
            ("1.0-0", "1.0", Equal),
            ("1:0.1", "2.0", Greater),
            ("1.0~rc1", "1.0", Less),
            ("1.0~~", "1.0~", Less),
            ("1.0~~a", "1.0~", Less),
            ("1.0~", "1.0", Less),
            ("1.0", "1.0a", Less),
            ("1.0a", "1.0+", Less),
            ("1.0+b1", "1.0", Greater),
            ("1.10", "1.9", Greater),
            ("1.2-3", "1.2-10", Less),
            ("1.2-3", "1.2-3.1", Less),
            ("2.41-12+deb13u5", "2.41-12", Greater),
            ("1:1.3.dfsg+really1.3.1-1+b1", "1:1.3.dfsg-1", Greater),
            ("3.13.5-2+deb13u5", "3.13.5-2+deb13u10", Less),
            ("7.6p2-4", "7.6-0", Greater),
            ("1.0.3-3", "1.0-1", Greater),
            ("0.4a6-2", "0.4-1", Greater),
            ("5.6-0.1", "5.6-1~", Less),
            ("a", "1", Greater),
            ("09", "9", Equal),
        ] {
            assert_eq!(compare(a, b), order, "{a} {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} {a}");
        }
    }
}
