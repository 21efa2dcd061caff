//! The name by which programs ask for a shared library: `DT_SONAME` of an ELF file. Pure.
//!
//! Reads 64-bit little-endian files, which is what amd64 and arm64 have.

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const DT_STRTAB: u64 = 5;
const DT_SONAME: u64 = 14;

/// The library's name; `None` when the bytes are not such a library.
pub(crate) fn soname(file: &[u8]) -> Option<String> {
    let elf64_little = file.starts_with(b"\x7fELF\x02\x01");
    let is_shared = u16_at(file, 16)? == 3;
    if !elf64_little || !is_shared {
        return None;
    }
    let segments = segments(file)?;
    let dynamic = segments.iter().find(|segment| segment.kind == PT_DYNAMIC)?;
    let (mut strings, mut name) = (None, None);
    for at in (0..dynamic.size).step_by(16) {
        let entry = usize::try_from(dynamic.offset + at).ok()?;
        match (u64_at(file, entry)?, u64_at(file, entry + 8)?) {
            (0, _) => break,
            (DT_STRTAB, address) => strings = Some(address),
            (DT_SONAME, offset) => name = Some(offset),
            _ => {}
        }
    }
    let address = strings?;
    let home = segments.iter().find(|segment| {
        segment.kind == PT_LOAD
            && address >= segment.address
            && address - segment.address < segment.size
    })?;
    let start = (address - home.address).checked_add(home.offset)?.checked_add(name?)?;
    let text = file.get(usize::try_from(start).ok()?..)?;
    let end = text.iter().position(|byte| *byte == 0)?;
    std::str::from_utf8(&text[..end]).ok().filter(|n| !n.is_empty()).map(str::to_owned)
}

struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
}

fn segments(file: &[u8]) -> Option<Vec<Segment>> {
    let table = usize::try_from(u64_at(file, 32)?).ok()?;
    let (size, count) = (usize::from(u16_at(file, 54)?), usize::from(u16_at(file, 56)?));
    (0..count)
        .map(|number| {
            let at = table.checked_add(number * size)?;
            Some(Segment {
                kind: u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?),
                offset: u64_at(file, at + 8)?,
                address: u64_at(file, at + 16)?,
                size: u64_at(file, at + 32)?,
            })
        })
        .collect()
}

fn u16_at(file: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?))
}

fn u64_at(file: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(file.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
