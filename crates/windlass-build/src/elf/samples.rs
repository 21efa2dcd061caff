//! ELF files for tests, written field by field: what a linker would write, and nothing else.

/// A shared library of amd64 that says these things.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample<'a> {
    pub(crate) soname: Option<&'a str>,
    pub(crate) needed: &'a [&'a str],
    pub(crate) rpath: Option<&'a str>,
    pub(crate) runpath: Option<&'a str>,
    /// Library and versions.
    pub(crate) needs: &'a [(&'a str, &'a [&'a str])],
    pub(crate) offers: &'a [&'a str],
}

/// Every part lies at its own fixed place.
const DYNAMIC_AT: usize = 0x200;
const NEEDS_AT: usize = 0x1000;
const OFFERS_AT: usize = 0x2000;
const STRINGS_AT: usize = 0x3000;
/// Where the file is loaded: addresses are not places in the file.
const BASE: u64 = 0x40_0000;

impl Sample<'_> {
    /// The bytes of the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut strings = Strings(vec![0]);
        let mut dynamic: Vec<(u64, u64)> = Vec::new();
        for name in self.needed {
            dynamic.push((1, strings.add(name)));
        }
        for (tag, text) in [(14, self.soname), (15, self.rpath), (29, self.runpath)] {
            dynamic.extend(text.map(|text| (tag, strings.add(text))));
        }
        let (needs, offers) = (self.needs_table(&mut strings), self.offers_table(&mut strings));
        dynamic.push((5, BASE + STRINGS_AT as u64));
        dynamic.push((0x6fff_fffe, BASE + NEEDS_AT as u64));
        dynamic.push((0x6fff_ffff, self.needs.len() as u64));
        if !self.offers.is_empty() {
            dynamic.push((0x6fff_fffc, BASE + OFFERS_AT as u64));
            dynamic.push((0x6fff_fffd, self.offers.len() as u64));
        }
        if self.needs.is_empty() {
            dynamic.retain(|(tag, _)| !matches!(tag, 0x6fff_fffe | 0x6fff_ffff));
        }
        dynamic.push((0, 0));
        let dynamic: Vec<u8> = dynamic
            .iter()
            .flat_map(|(tag, value)| [tag.to_le_bytes(), value.to_le_bytes()].concat())
            .collect();
        let mut file = vec![0; STRINGS_AT];
        put(&mut file, 0, b"\x7fELF\x02\x01\x01");
        put(&mut file, 16, &[3, 0, 62, 0]);
        put(&mut file, 32, &64_u64.to_le_bytes());
        put(&mut file, 54, &[56, 0, 2, 0]);
        file.extend(&strings.0);
        let size = file.len() as u64;
        for (number, kind, at, size) in
            [(0, 1_u32, 0, size), (1, 2, DYNAMIC_AT as u64, dynamic.len() as u64)]
        {
            let header = 64 + number * 56;
            put(&mut file, header, &kind.to_le_bytes());
            for (field, value) in [(8, at), (16, BASE + at), (32, size), (40, size)] {
                put(&mut file, header + field, &value.to_le_bytes());
            }
        }
        put(&mut file, DYNAMIC_AT, &dynamic);
        put(&mut file, NEEDS_AT, &needs);
        put(&mut file, OFFERS_AT, &offers);
        file
    }

    fn needs_table(&self, strings: &mut Strings) -> Vec<u8> {
        let mut table = Vec::new();
        for (number, (library, versions)) in self.needs.iter().enumerate() {
            let last = number + 1 == self.needs.len();
            let next = if last { 0 } else { 16 + 16 * versions.len() as u32 };
            table.extend([1, 0, versions.len() as u8, 0]);
            for word in [strings.add(library) as u32, 16, next] {
                table.extend(word.to_le_bytes());
            }
            for (at, version) in versions.iter().enumerate() {
                let next: u32 = if at + 1 == versions.len() { 0 } else { 16 };
                let (weak, version) = match version.strip_prefix('?') {
                    Some(version) => (2, version),
                    None => (0, *version),
                };
                table.extend([0, 0, 0, 0, weak, 0, 2, 0]);
                table.extend((strings.add(version) as u32).to_le_bytes());
                table.extend(next.to_le_bytes());
            }
        }
        table
    }

    fn offers_table(&self, strings: &mut Strings) -> Vec<u8> {
        let mut table = Vec::new();
        for (number, version) in self.offers.iter().enumerate() {
            let next: u32 = if number + 1 == self.offers.len() { 0 } else { 28 };
            let base = u8::from(number == 0);
            table.extend([1, 0, base, 0, 1, 0, 1, 0, 0, 0, 0, 0]);
            table.extend(20_u32.to_le_bytes());
            table.extend(next.to_le_bytes());
            table.extend((strings.add(version) as u32).to_le_bytes());
            table.extend(0_u32.to_le_bytes());
        }
        table
    }
}

struct Strings(Vec<u8>);

impl Strings {
    fn add(&mut self, text: &str) -> u64 {
        let at = self.0.len() as u64;
        self.0.extend(text.as_bytes());
        self.0.push(0);
        at
    }
}

fn put(file: &mut [u8], at: usize, bytes: &[u8]) {
    file[at..at + bytes.len()].copy_from_slice(bytes);
}
