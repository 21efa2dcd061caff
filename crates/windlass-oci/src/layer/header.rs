//! Tar headers: POSIX ustar, with a PAX record before it for what ustar cannot say.

use crate::{EntryKind, LayerEntry};

const NAME: usize = 100;
const PREFIX: usize = 155;
/// Largest size that 11 octal digits hold.
const MAX_SIZE: u64 = 0o777_7777_7777;
/// Largest user number that 7 octal digits hold.
const MAX_OWNER: u32 = 0o777_7777;

/// All header blocks of an entry; `kind` is ustar's type flag.
pub(crate) fn head(entry: &LayerEntry, size: u64, kind: u8, target: &str) -> Vec<u8> {
    let name = if kind == b'5' { format!("{}/", entry.path) } else { entry.path.clone() };
    let split = split_name(&name);
    let mut records = Vec::new();
    if split.is_none() {
        record(&mut records, "path", &name);
    }
    if target.len() > NAME || !target.is_ascii() {
        record(&mut records, "linkpath", target);
    }
    if size > MAX_SIZE {
        record(&mut records, "size", &size.to_string());
    }
    if entry.owner > MAX_OWNER {
        record(&mut records, "uid", &entry.owner.to_string());
        record(&mut records, "gid", &entry.owner.to_string());
    }
    let mut blocks = Vec::with_capacity(512);
    if !records.is_empty() {
        let pax = Meta { mode: 0o644, owner: 0, size: records.len() as u64, kind: b'x' };
        blocks.extend(block(("", "PaxHeaders/entry"), pax, ""));
        let padding = (512 - records.len() % 512) % 512;
        blocks.extend(records);
        blocks.resize(blocks.len() + padding, 0);
    }
    let (prefix, rest) = split.unwrap_or(("", "PaxHeaders/path"));
    let short_target = if target.len() > NAME || !target.is_ascii() { "" } else { target };
    let short_size = if size > MAX_SIZE { 0 } else { size };
    blocks.extend(block(
        (prefix, rest),
        Meta { size: short_size, kind, ..Meta::of(entry) },
        short_target,
    ));
    blocks
}

/// All header blocks of a regular file of root's.
pub(crate) fn file_head(path: &str, mode: u32, size: u64) -> Vec<u8> {
    let entry = LayerEntry::new(path, mode, EntryKind::Dir);
    head(&entry, size, b'0', "")
}

/// All header blocks of a folder of root's that everybody may read.
pub(super) fn folder_head(path: &str) -> Vec<u8> {
    head(&LayerEntry::dir(path), 0, b'5', "")
}

/// Ustar's prefix and name, when the whole name fits in them and is ASCII.
fn split_name(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME {
        return Some(("", name));
    }
    // The separator between the two is not stored; the name must not be empty.
    let earliest = name.len().checked_sub(NAME + 1)?;
    let at = name[earliest..name.len() - 1].find('/')? + earliest;
    (at <= PREFIX).then(|| (&name[..at], &name[at + 1..]))
}

/// One PAX record: its own length in decimal, a key, a value.
fn record(out: &mut Vec<u8>, key: &str, value: &str) {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    out.extend(format!("{length} {key}={value}\n").as_bytes());
}

/// The numbers of a header.
#[derive(Clone, Copy)]
struct Meta {
    mode: u32,
    owner: u32,
    size: u64,
    kind: u8,
}

impl Meta {
    fn of(entry: &LayerEntry) -> Self {
        Self { mode: entry.mode, owner: entry.owner, size: 0, kind: 0 }
    }
}

fn block((prefix, name): (&str, &str), meta: Meta, target: &str) -> [u8; 512] {
    let Meta { mode, owner, size, kind } = meta;
    let mut block = [0_u8; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, format!("{:07o}", mode & 0o7777).as_bytes());
    let owner = format!("{:07o}", if owner > MAX_OWNER { 0 } else { owner });
    put(108, owner.as_bytes());
    put(116, owner.as_bytes());
    put(124, format!("{size:011o}").as_bytes());
    put(136, b"00000000000");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, target.as_bytes());
    put(257, b"ustar\x0000");
    put(329, b"0000000");
    put(337, b"0000000");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_where_they_can_be() {
        let long = format!("{}/{}", "a".repeat(120), "b".repeat(90));
        assert_eq!(split_name("etc/"), Some(("", "etc/")));
        assert_eq!(split_name(&long).map(|(p, n)| (p.len(), n.len())), Some((120, 90)));
        for bad in ["a".repeat(101), format!("{}/x", "a".repeat(156)), "é".to_owned()] {
            assert_eq!(split_name(&bad), None, "{bad}");
        }
        let folder = format!("{}/", "a".repeat(100));
        assert_eq!(split_name(&folder), None, "a name must not become empty");
    }

    #[test]
    fn a_record_counts_its_own_length() {
        for size in 1..1200 {
            let mut out = Vec::new();
            record(&mut out, "path", &"x".repeat(size));
            let text = String::from_utf8(out).expect("ASCII");
            let (length, _) = text.split_once(' ').expect("a length");
            assert_eq!(length.parse::<usize>().expect("a number"), text.len());
        }
    }
}
