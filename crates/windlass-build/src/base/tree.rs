//! The files of an image, as its unpacked layers show them together.
//!
//! Read once, layer by layer, as the kernel's overlay would put them together: what a higher layer
//! has or takes away hides what is below. Links are followed within the image alone, so that none
//! leads to this machine's files.

use super::BaseError;
use rustix::fs::FileType;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// The most files, folders and links of a base; large ones have some hundred thousand.
const MOST: usize = 3_000_000;
/// How many links are followed from one path.
const LINKS: usize = 40;
/// The most that is read of a text, in bytes.
const TEXT: u64 = 16 << 20;
/// How a folder is marked that hides what lower layers have in it (the kernel's overlayfs.rst).
const OPAQUE: [&str; 2] = ["trusted.overlay.opaque", "user.overlay.opaque"];

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Dir,
    File {
        /// Where it lies on this machine.
        place: PathBuf,
        executable: bool,
    },
    Link(String),
}

/// Everything, by path without a leading slash.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// Reads unpacked layers, lowest first.
    pub(super) fn read(name: &str, layers: &[PathBuf]) -> Result<Self, BaseError> {
        let mut tree = Self::default();
        for layer in layers {
            let mut folders = vec![String::new()];
            while let Some(folder) = folders.pop() {
                let place = layer.join(&folder);
                let disk = |source| BaseError::Disk { path: place.clone(), source };
                for child in fs::read_dir(&place).map_err(disk)? {
                    let child = child.map_err(disk)?;
                    // Names that are no text are nothing that is looked for.
                    let Ok(file) = child.file_name().into_string() else { continue };
                    let path = if folder.is_empty() { file } else { format!("{folder}/{file}") };
                    if tree.add(&path, &child.path()).map_err(disk)? {
                        folders.push(path);
                    }
                    if tree.nodes.len() > MOST {
                        return Err(BaseError::TooLarge { name: name.to_owned(), limit: MOST });
                    }
                }
            }
        }
        Ok(tree)
    }

    /// Puts what is at `place` over what is there; true for a folder.
    fn add(&mut self, path: &str, place: &Path) -> io::Result<bool> {
        let found = place.symlink_metadata()?;
        let kind = FileType::from_raw_mode(found.mode());
        let was_dir = self.nodes.get(path) == Some(&Node::Dir);
        if was_dir && (kind != FileType::Directory || is_opaque(place)) {
            self.remove_below(path);
        }
        let node = match kind {
            FileType::Directory => Node::Dir,
            FileType::RegularFile => {
                Node::File { place: place.to_owned(), executable: found.mode() & 0o111 != 0 }
            }
            FileType::Symlink => match fs::read_link(place)?.into_os_string().into_string() {
                Ok(target) => Node::Link(target),
                Err(_) => return Ok(false),
            },
            // A device 0:0 takes away what is below it; others are nothing that is looked for.
            _ => {
                self.nodes.remove(path);
                return Ok(false);
            }
        };
        let is_dir = node == Node::Dir;
        self.nodes.insert(path.to_owned(), node);
        Ok(is_dir)
    }

    fn remove_below(&mut self, folder: &str) {
        let below: Vec<String> = self.below(folder).map(|(path, _)| path.clone()).collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// Everything below a folder, at any depth.
    pub(super) fn below(&self, folder: &str) -> impl Iterator<Item = (&String, &Node)> {
        let begin = format!("{folder}/");
        self.nodes.range(begin.clone()..).take_while(move |(path, _)| path.starts_with(&begin))
    }

    /// Everything.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.nodes.iter()
    }

    /// What a path leads to, through all links, with its path then.
    pub(super) fn resolve(&self, path: &str) -> Option<(String, &Node)> {
        let mut left: Vec<String> = parts(path).rev().map(str::to_owned).collect();
        let mut at = String::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            if part == ".." {
                at.truncate(at.rfind('/').unwrap_or(0));
                continue;
            }
            let next = if at.is_empty() { part } else { format!("{at}/{part}") };
            match self.nodes.get(&next)? {
                Node::Link(target) => {
                    links += 1;
                    if links > LINKS {
                        return None;
                    }
                    if target.starts_with('/') {
                        at.clear();
                    }
                    left.extend(parts(target).rev().map(str::to_owned));
                }
                Node::File { .. } if !left.is_empty() => return None,
                _ => at = next,
            }
        }
        let node = self.nodes.get(&at)?;
        Some((at, node))
    }

    /// Whether a path leads to a file, and where that lies on this machine.
    pub(super) fn file(&self, path: &str) -> Option<&Path> {
        match self.resolve(path)?.1 {
            Node::File { place, .. } => Some(place),
            _ => None,
        }
    }

    /// The text of a file, when it is one.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let mut text = String::new();
        let file = fs::File::open(self.file(path)?).ok()?;
        file.take(TEXT).read_to_string(&mut text).ok()?;
        Some(text)
    }
}

/// The parts of a path that mean anything.
fn parts(path: &str) -> impl DoubleEndedIterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

fn is_opaque(folder: &Path) -> bool {
    let mut value = [0_u8; 1];
    OPAQUE.iter().any(|name| {
        rustix::fs::getxattr(folder, *name, &mut value[..]).is_ok_and(|_| value == *b"y")
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// Layers of these paths: text, a target after `->`, or a folder where the path ends in `/`.
    pub(crate) fn tree(layers: &[&[(&str, &str)]]) -> (tempfile::TempDir, Tree) {
        let home = tempfile::tempdir().expect("a folder");
        let mut folders = Vec::new();
        for (number, layer) in layers.iter().enumerate() {
            let folder = home.path().join(number.to_string());
            fs::create_dir(&folder).expect("made");
            for (path, text) in *layer {
                let place = folder.join(path);
                if path.ends_with('/') {
                    fs::create_dir_all(&place).expect("made");
                    continue;
                }
                fs::create_dir_all(place.parent().expect("a folder")).expect("made");
                match text.strip_prefix("->") {
                    Some(target) => symlink(target, &place).expect("linked"),
                    None => fs::write(&place, text).expect("written"),
                }
            }
            folders.push(folder);
        }
        let tree = Tree::read("base", &folders).expect("readable");
        (home, tree)
    }

    #[test]
    fn higher_layers_hide_lower_ones_and_links_stay_inside() {
        let (_home, tree) = tree(&[
            &[
                ("usr/bin/python3.12", "real"),
                ("bin", "->usr/bin"),
                ("usr/bin/python3", "->python3.12"),
                ("etc/alternatives/python", "->/usr/bin/python3"),
                ("usr/bin/python", "->/etc/alternatives/python"),
                ("opt/old/a", "a"),
                ("loop", "->loop"),
                ("escape", "->../../../../etc/hostname"),
            ],
            &[("opt/old", "a file now"), ("usr/bin/python3.12", "newer")],
        ]);
        let (path, _) = tree.resolve("/bin/python").expect("there");
        assert_eq!(path, "usr/bin/python3.12");
        assert_eq!(tree.text("bin/python").as_deref(), Some("newer"));
        assert!(tree.file("opt/old/a").is_none() && tree.file("opt/old").is_some());
        for nothing in ["loop", "escape", "usr/bin/python3.12/x", "usr/bin"] {
            assert!(tree.file(nothing).is_none(), "{nothing}");
        }
    }
}
