//! What is read of ELF files, good and hostile.

use super::ElfFacts;
use super::samples::Sample;
use std::collections::BTreeMap;

fn full() -> Sample<'static> {
    Sample {
        soname: Some("libshop.so.1"),
        needed: &["libm.so.6", "libc.so.6"],
        rpath: Some("$ORIGIN/../shop.libs:/opt/lib"),
        runpath: None,
        needs: &[
            ("libm.so.6", &["GLIBC_2.29"]),
            ("libc.so.6", &["GLIBC_2.38", "?GLIBC_2.99", "GLIBC_2.17"]),
        ],
        offers: &["libshop.so.1", "SHOP_2", "SHOP_1"],
    }
}

#[test]
fn everything_that_the_loader_reads_is_read() {
    let facts = ElfFacts::of(&full().bytes()).expect("a library");
    assert_eq!(facts.soname.as_deref(), Some("libshop.so.1"));
    assert_eq!(facts.needed, ["libm.so.6", "libc.so.6"]);
    assert_eq!(facts.rpath, ["$ORIGIN/../shop.libs", "/opt/lib"]);
    assert_eq!(facts.runpath, [""; 0]);
    let versions = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        facts.versions_needed,
        BTreeMap::from([
            ("libc.so.6".to_owned(), versions(&["GLIBC_2.17", "GLIBC_2.38"])),
            ("libm.so.6".to_owned(), versions(&["GLIBC_2.29"])),
        ]),
        "what is weak is not needed"
    );
    assert_eq!(facts.versions_offered, ["SHOP_1", "SHOP_2"], "the file's own name is no version");
    assert!(facts.is_for("amd64") && !facts.is_for("arm64"));
}

#[test]
fn a_runpath_replaces_an_rpath() {
    let facts = ElfFacts::of(&Sample { runpath: Some("/a"), ..full() }.bytes()).expect("a library");
    assert_eq!((facts.rpath.len(), facts.runpath.as_slice()), (0, &["/a".to_owned()][..]));
}

#[test]
fn other_files_are_none() {
    let mut narrow = full().bytes();
    narrow[4] = 1;
    let mut object = full().bytes();
    object[16] = 1;
    for file in [&b""[..], b"\x7fELF", b"#!/bin/sh\n", &narrow, &object, &[0x7f; 200]] {
        assert_eq!(ElfFacts::of(file), None);
    }
}

/// Neither a cut nor any single changed byte makes the reader panic or run for long.
#[test]
fn no_damage_breaks_the_reader() {
    let file = full().bytes();
    for length in 0..file.len() {
        let cut = ElfFacts::of(&file[..length]);
        assert!(cut.is_none() || length > 0x3000, "{length}: {cut:?}");
    }
    let interesting = (0..0x400).chain(0x1000..0x1100).chain(0x2000..0x2100);
    for at in interesting {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            let mut damaged = file.clone();
            damaged[at] = value;
            drop(ElfFacts::of(&damaged));
        }
    }
}

/// A chain whose records lead back to themselves, and counts that no file could have.
#[test]
fn endless_tables_end() {
    let mut file = full().bytes();
    // The count of records that need versions, with a chain that stays where it is.
    let at = file.windows(8).position(|w| w == 0x6fff_ffff_u64.to_le_bytes()).expect("a count");
    file[at + 8..at + 16].copy_from_slice(&u64::MAX.to_le_bytes());
    for next in [16_u32, 1] {
        let mut endless = file.clone();
        endless[0x1000 + 12..0x1000 + 16].copy_from_slice(&next.to_le_bytes());
        drop(ElfFacts::of(&endless));
    }
    let mut wide = file.clone();
    wide[0x1002..0x1004].copy_from_slice(&[0xff, 0xff]);
    drop(ElfFacts::of(&wide));
}
