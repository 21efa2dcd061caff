//! What maintainer scripts would have left behind, made by code.
//!
//! Pure: from the entries of packages to further entries. Users, names, temporary folders, the
//! bundle of certificates, the loader's cache, busybox's commands, Python's customary names.

use super::ld_cache;
use crate::elf::ElfFacts;
use crate::scheme::{PythonBuild, Scheme};
use std::collections::BTreeMap;
use windlass_model::{BuildSpec, PersistPath, Serves};
use windlass_oci::{Content, EntryKind, LayerEntry};

/// Entries by path: each path once.
pub(crate) type Entries = BTreeMap<String, LayerEntry>;

const NSSWITCH: &str = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n\
    networks: files\nprotocols: files\nservices: files\nethers: files\nrpc: files\n";

/// Commands that busybox stands for when no package brings them.
const BUSYBOX: &str = "[ awk base64 basename bunzip2 bzcat cat chmod clear cmp cp cut date dd df \
    diff dirname du echo egrep env expand expr false fgrep find fold free getopt grep gunzip gzip \
    head hexdump hostname id ip kill less ln logname ls md5sum mkdir mkfifo mktemp more mv nc \
    nslookup nohup od paste patch pgrep pidof ping pkill printf ps pwd readlink realpath reset \
    rev rm rmdir sed seq sha1sum sha256sum sha512sum sleep sort stat strings stty sync tac tail \
    tar tee telnet test time timeout top touch tr traceroute true truncate tty uname uniq unxz \
    unzip uptime usleep vi watch wc wget which whoami xargs xxd xz xzcat yes zcat";

/// Completes the lowest layer.
pub(crate) fn base(entries: &mut Entries) {
    let user = BuildSpec::USER;
    // The one folder that every container may write to: its root is read-only.
    let home = "/tmp";
    let mut add = |entry: LayerEntry| drop(entries.insert(entry.path.clone(), entry));
    add(LayerEntry::text(
        "etc/passwd",
        format!(
            "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n\
             app:x:{user}:{user}:app:{home}:/bin/sh\n"
        ),
    ));
    add(LayerEntry::text("etc/group", format!("root:x:0:\nnogroup:x:65534:\napp:x:{user}:\n")));
    add(LayerEntry::text("etc/nsswitch.conf", NSSWITCH));
    // A container's own are mounted over these.
    add(LayerEntry::text("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"));
    add(LayerEntry::text("etc/hostname", "localhost\n"));
    add(LayerEntry::text("etc/resolv.conf", ""));
    add(LayerEntry::symlink("etc/mtab", "/proc/mounts"));
    add(LayerEntry::symlink("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"));
    add(LayerEntry::text("etc/timezone", "Etc/UTC\n"));
    add(LayerEntry::symlink("var/run", "/run"));
    add(LayerEntry::symlink("var/lock", "/run/lock"));
    let (volume, socket) = (&PersistPath::VOLUME[1..], &Serves::SOCKET_DIR[1..]);
    for dir in ["dev", "proc", "sys", "run", "run/lock", "home"] {
        add(LayerEntry::dir(dir));
    }
    for dir in [volume, socket] {
        add(LayerEntry::dir(dir).owned_by(user));
    }
    for dir in ["tmp", "var/tmp"] {
        add(LayerEntry { mode: 0o1777, ..LayerEntry::dir(dir) });
    }
    certificates(entries);
    for command in BUSYBOX.split_whitespace() {
        let path = format!("usr/bin/{command}");
        let there =
            entries.contains_key(&path) || entries.contains_key(&format!("usr/sbin/{command}"));
        if !there && entries.contains_key("usr/bin/busybox") {
            entries.insert(path.clone(), LayerEntry::symlink(path, "busybox"));
        }
    }
    entries
        .entry("usr/bin/sh".to_owned())
        .or_insert_with(|| LayerEntry::symlink("usr/bin/sh", "dash"));
}

/// One file with every certificate, and the place where OpenSSL looks for it.
fn certificates(entries: &mut Entries) {
    let mut bundle = Vec::new();
    for (path, entry) in entries.iter() {
        let is_certificate = path.starts_with("usr/share/ca-certificates/")
            && std::path::Path::new(path).extension().is_some_and(|end| end == "crt");
        if let (true, EntryKind::File(Content::Bytes(bytes))) = (is_certificate, &entry.kind) {
            bundle.extend_from_slice(bytes);
            if !bundle.ends_with(b"\n") {
                bundle.push(b'\n');
            }
        }
    }
    let place = "etc/ssl/certs/ca-certificates.crt";
    let bundle = LayerEntry::file(place, 0o644, Content::Bytes(bundle));
    entries.insert(place.to_owned(), bundle);
    // Debian's OpenSSL has /usr/lib/ssl as its folder; the package with these links is not in.
    for (link, target) in [
        ("usr/lib/ssl/cert.pem", "/etc/ssl/certs/ca-certificates.crt"),
        ("usr/lib/ssl/certs", "/etc/ssl/certs"),
    ] {
        entries.insert(link.to_owned(), LayerEntry::symlink(link, target));
    }
}

/// Completes Python's layer. `signal` makes a process print its stacks.
pub(crate) fn python(entries: &mut Entries, scheme: Scheme, signal: i32) {
    let name = format!("python{}", scheme.python);
    let links = match scheme.build {
        PythonBuild::Debian => [
            ("usr/bin/python3", name.as_str()),
            ("usr/bin/python", name.as_str()),
            ("usr/local/bin/python3", "/usr/bin/python3"),
            ("usr/local/bin/python", "/usr/bin/python3"),
        ]
        .to_vec(),
        // Its OpenSSL has /etc/ssl as its folder. What is in /usr/bin is left to Debian's packages.
        PythonBuild::Local => [
            ("usr/local/bin/python3", name.as_str()),
            ("usr/local/bin/python", name.as_str()),
            ("etc/ssl/cert.pem", "certs/ca-certificates.crt"),
        ]
        .to_vec(),
    };
    for (link, target) in links {
        entries.insert(link.to_owned(), LayerEntry::symlink(link, target));
    }
    let hook = format!("{}/windlass.pth", scheme.hooks());
    entries.insert(hook.clone(), LayerEntry::text(hook, start_hook(signal)));
}

/// Runs in every Python process of the image before the app does, and must never stop it: a
/// failure is swallowed. `site` executes lines that begin with `import` (Python's `site` module).
pub(crate) fn start_hook(signal: i32) -> String {
    format!(
        "import sys; exec(\"try:\\n import faulthandler\\n \
         faulthandler.register({signal}, all_threads=True, chain=False)\\n\
         except Exception:\\n pass\")\n"
    )
}

/// The loader's cache over every library of the layers so far.
pub(crate) fn loader_cache<'e>(
    entries: impl Iterator<Item = &'e LayerEntry>,
    architecture: &str,
) -> LayerEntry {
    let triplet = triplet(architecture);
    let folders = [format!("usr/lib/{triplet}"), "usr/lib".to_owned()];
    let mut found: Vec<(usize, String, String)> = Vec::new();
    for entry in entries {
        let Some((folder, file)) = entry.path.rsplit_once('/') else { continue };
        let Some(rank) = folders.iter().position(|known| known == folder) else { continue };
        let EntryKind::File(Content::Bytes(bytes)) = &entry.kind else { continue };
        if !file.contains(".so") {
            continue;
        }
        if let Some(name) = ElfFacts::of(bytes).and_then(|facts| facts.soname) {
            // The link of that name is part of every library package.
            found.push((rank, name.clone(), format!("/{folder}/{name}")));
        }
    }
    found.sort();
    let libraries: Vec<_> = found.into_iter().map(|(_, name, path)| (name, path)).collect();
    let cache = ld_cache::encode(&libraries, architecture);
    LayerEntry::file("etc/ld.so.cache", 0o644, Content::Bytes(cache))
}

/// The folder name of an architecture's libraries (multiarch).
pub(crate) fn triplet(architecture: &str) -> &'static str {
    match architecture {
        "arm64" => "aarch64-linux-gnu",
        _ => "x86_64-linux-gnu",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_wins_over_busybox_and_certificates_are_joined() {
        let mut entries = Entries::new();
        for (path, text) in [
            ("usr/bin/busybox", ""),
            ("usr/bin/tar", "real"),
            ("usr/share/ca-certificates/mozilla/B.crt", "b"),
            ("usr/share/ca-certificates/mozilla/A.crt", "a\n"),
        ] {
            entries.insert(path.into(), LayerEntry::text(path, text));
        }
        base(&mut entries);
        assert_eq!(entries["usr/bin/tar"], LayerEntry::text("usr/bin/tar", "real"));
        assert_eq!(entries["usr/bin/ls"], LayerEntry::symlink("usr/bin/ls", "busybox"));
        let bundle = "etc/ssl/certs/ca-certificates.crt";
        assert_eq!(entries[bundle], LayerEntry::text(bundle, "a\nb\n"));
        assert_eq!(entries["tmp"].mode, 0o1777);
    }
}
