//! What a build of Python says of the machine that it was made on, made true for an image.
//!
//! Packages that are compiled read there which compiler to run and where headers lie. Pure; what
//! this does not do: know which files an image keeps.

use crate::scheme::Scheme;

/// Files that say how the build was made (`sysconfig`, PEP 739).
pub(super) fn is_settings(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.starts_with("_sysconfigdata_")
        || name.starts_with("_sysconfig_vars_")
        || name == "build-details.json"
}

/// The build's own prefix becomes the image's, and its compilers what they are called elsewhere: a
/// package that is compiled for this Python looks here for both.
pub(super) fn settled(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(text) = String::from_utf8(bytes) else { return Vec::new() };
    let prefix = format!("/{}", Scheme::PREFIX);
    let mut out = String::with_capacity(text.len() + 1024);
    let mut word = String::new();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "/._+-".contains(c);
    for c in text.chars() {
        if is_word(c) {
            word.push(c);
            continue;
        }
        out.push_str(&settled_word(&word, &prefix));
        word.clear();
        out.push(c);
    }
    out.push_str(&settled_word(&word, &prefix));
    out.into_bytes()
}

fn settled_word(word: &str, prefix: &str) -> String {
    let tool =
        |name: &str| word == name || word.starts_with('/') && word.ends_with(&format!("/{name}"));
    for (theirs, ours) in [("clang++", "c++"), ("clang", "cc"), ("llvm-ar", "ar")] {
        if tool(theirs) {
            return ours.to_owned();
        }
    }
    let after = |flag: &str| word.starts_with(&format!("{flag}/install")).then_some(flag.len());
    let at = ["", "-I", "-L"].into_iter().find_map(after);
    match at {
        Some(at) if matches!(word.as_bytes().get(at + 8), None | Some(b'/')) => {
            format!("{}{prefix}{}", &word[..at], &word[at + 8..])
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_places_and_compilers_of_the_image() {
        for (theirs, ours) in [
            ("\"AR\": \"/tools/llvm/bin/llvm-ar\",", "\"AR\": \"ar\","),
            ("\"CC\": \"clang -pthread\"", "\"CC\": \"cc -pthread\""),
            ("'clang++ -shared'", "'c++ -shared'"),
            ("'/install/lib'", "'/usr/local/lib'"),
            ("'--prefix=/install'", "'--prefix=/usr/local'"),
            ("-I/install/include", "-I/usr/local/include"),
            ("/usr/bin/install -c", "/usr/bin/install -c"),
            ("/installed", "/installed"),
        ] {
            let text = String::from_utf8(settled(theirs.into())).expect("a text");
            assert_eq!(text, ours);
        }
    }
}
