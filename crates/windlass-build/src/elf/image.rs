//! An ELF file as it would lie in memory: addresses turned into places in the file.

/// Gives `length` bytes at `offset` of a file; `None` where there are not so many.
pub(crate) type ReadAt<'a> = &'a dyn Fn(u64, usize) -> Option<Vec<u8>>;

/// A file whose program headers were read.
pub(super) struct Image<'a> {
    read_at: ReadAt<'a>,
    pub(super) machine: u16,
    /// Place and size of the dynamic section, where there is one.
    pub(super) dynamic: Option<(u64, u64)>,
    loaded: Vec<Segment>,
}

/// A part of the file that is loaded.
struct Segment {
    offset: u64,
    address: u64,
    size: u64,
}

const HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const ET_EXEC: u16 = 2;
const ET_DYN: u16 = 3;
/// Longest name of a library or list of folders, in bytes.
const MAX_TEXT: usize = 1 << 16;

impl<'a> Image<'a> {
    /// Reads the header and the program headers.
    pub(super) fn open(read_at: ReadAt<'a>) -> Option<Self> {
        let header = read_at(0, HEADER)?;
        if !header.starts_with(b"\x7fELF\x02\x01")
            || !matches!(u16_in(&header, 16)?, ET_EXEC | ET_DYN)
        {
            return None;
        }
        let (size, count) = (usize::from(u16_in(&header, 54)?), usize::from(u16_in(&header, 56)?));
        if size != PROGRAM_HEADER {
            return None;
        }
        let table = read_at(u64_in(&header, 32)?, size * count)?;
        let mut image =
            Self { read_at, machine: u16_in(&header, 18)?, dynamic: None, loaded: Vec::new() };
        for entry in table.chunks_exact(size) {
            let (offset, address) = (u64_in(entry, 8)?, u64_in(entry, 16)?);
            let size = u64_in(entry, 32)?;
            match u32_in(entry, 0)? {
                PT_LOAD => image.loaded.push(Segment { offset, address, size }),
                PT_DYNAMIC => image.dynamic = Some((offset, size)),
                _ => {}
            }
        }
        Some(image)
    }

    /// `length` bytes at an address.
    pub(super) fn bytes(&self, address: u64, length: usize) -> Option<Vec<u8>> {
        let (offset, left) = self.place(address)?;
        if left < length as u64 { None } else { (self.read_at)(offset, length) }
    }

    /// The text at an address, up to its zero byte.
    pub(super) fn text(&self, address: u64) -> Option<String> {
        let (offset, left) = self.place(address)?;
        let mut wanted = 64;
        loop {
            let length = usize::try_from(left).map_or(wanted, |left| left.min(wanted));
            let bytes = (self.read_at)(offset, length)?;
            if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
                return std::str::from_utf8(&bytes[..end]).ok().map(str::to_owned);
            }
            if length < wanted || wanted >= MAX_TEXT {
                return None;
            }
            wanted *= 8;
        }
    }

    /// Where an address is in the file, and how many bytes follow there.
    fn place(&self, address: u64) -> Option<(u64, u64)> {
        let inside = |segment: &&Segment| {
            address >= segment.address && address - segment.address < segment.size
        };
        let home = self.loaded.iter().find(inside)?;
        let within = address - home.address;
        Some((home.offset.checked_add(within)?, home.size - within))
    }
}

pub(super) fn u16_in(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

pub(super) fn u32_in(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

pub(super) fn u64_in(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}
