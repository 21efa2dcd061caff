//! Strings in code that look like somebody's access tokens, by the prefixes that their issuers
//! gave them so that they can be found.
//!
//! They are told, not refused: documentation and tests are full of such strings, and one that is
//! real must be withdrawn anyway.

use super::content;

/// How much of a file is searched, in bytes: what is larger was not written by hand.
const LIMIT: usize = 256 << 10;
/// How many findings of one file are told.
const MOST: usize = 5;

/// Something in a file that looks like an access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// Whose token it would be.
    pub(crate) what: &'static str,
    /// The line, counted from 1.
    pub(crate) line: usize,
}

/// What a token begins with, which bytes follow, at least how many, and whose it is.
struct Shape {
    prefix: &'static str,
    is_body: fn(u8) -> bool,
    least: usize,
    what: &'static str,
}

const fn shape(
    prefix: &'static str,
    is_body: fn(u8) -> bool,
    least: usize,
    what: &'static str,
) -> Shape {
    Shape { prefix, is_body, least, what }
}

fn upper(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn dotted(byte: u8) -> bool {
    word(byte) || byte == b'.'
}

const SHAPES: [Shape; 19] = [
    shape("AKIA", upper, 16, "an AWS access key"),
    shape("ASIA", upper, 16, "an AWS access key"),
    shape("AIza", word, 35, "a Google API key"),
    shape("SG.", dotted, 60, "a SendGrid key"),
    shape("dop_v1_", alnum, 64, "a DigitalOcean token"),
    shape("ghp_", alnum, 36, "a GitHub token"),
    shape("gho_", alnum, 36, "a GitHub token"),
    shape("ghs_", alnum, 36, "a GitHub token"),
    shape("github_pat_", word, 60, "a GitHub token"),
    shape("glpat-", word, 20, "a GitLab token"),
    shape("hf_", alnum, 34, "a Hugging Face token"),
    shape("npm_", alnum, 36, "an npm token"),
    shape("pypi-AgE", word, 50, "a PyPI token"),
    shape("rk_live_", alnum, 24, "a Stripe key"),
    shape("sk_live_", alnum, 24, "a Stripe key"),
    shape("sk-ant-", word, 40, "an Anthropic key"),
    shape("sk-proj-", word, 40, "an OpenAI key"),
    shape("xoxb-", word, 40, "a Slack token"),
    shape("xoxp-", word, 40, "a Slack token"),
];

/// What in the file looks like a token, or is a private key in code.
pub(crate) fn tokens(path: &str, bytes: &[u8]) -> Vec<Token> {
    if bytes.len() > LIMIT || !content::is_text(bytes) {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut before = b' ';
    for (at, byte) in bytes.iter().enumerate() {
        // Only where a word begins, and only on the letters that a shape begins with.
        if !word(before) && matches!(byte, b'A' | b'S' | b'd' | b'g' | b'h' | b'n'..=b's' | b'x') {
            let here = &bytes[at..];
            let shape = SHAPES.iter().find(|shape| fits(shape, here));
            if let Some(shape) = shape {
                found.push(Token { what: shape.what, line: line_of(bytes, at) });
                if found.len() == MOST {
                    return found;
                }
            }
        }
        before = *byte;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if content::is_prose(name) {
        let text = String::from_utf8_lossy(bytes);
        if let Some(at) = content::private_key(&text) {
            found.push(Token { what: "a private key", line: line_of(text.as_bytes(), at) });
        }
    }
    found
}

fn fits(shape: &Shape, here: &[u8]) -> bool {
    let Some(rest) = here.strip_prefix(shape.prefix.as_bytes()) else { return false };
    let body: Vec<u8> =
        rest.iter().copied().take(200).take_while(|b| (shape.is_body)(*b)).collect();
    if body.len() < shape.least || body.ends_with(b"EXAMPLE") {
        return false;
    }
    // `ghp_xxxxxxxx` stands for a token in examples.
    let mut seen = body;
    seen.sort_unstable();
    seen.dedup();
    seen.len() >= 8
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].split(|byte| *byte == b'\n').count()
}
