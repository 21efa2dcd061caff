//! Where a wheel's files go in the image: the plan of one wheel's installation (PEP 427, PEP 491).
//!
//! Pure. Everything goes where the image's Python looks ([`Scheme`]). Commands name the
//! image's interpreter by its full path.

use super::archive::{WheelEntry, WheelListing};
use super::dist_info::EntryPoint;
use super::place;
use super::record;
use super::segment::SegmentIndex;
use super::wheel_error::WheelError;
use crate::scheme::Scheme;
use std::collections::BTreeMap;

/// The scheme of one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placement {
    /// Where the image's Python looks.
    pub(super) scheme: Scheme,
}

/// A file of the image, before its content is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedFile {
    /// Path in the image, without a leading slash.
    pub(super) path: String,
    /// Permission bits.
    pub(super) mode: u32,
    /// Its bytes.
    pub(super) content: PlannedContent,
}

/// Where a planned file's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PlannedContent {
    /// The entry of this number in the listing, as it is.
    Entry(usize),
    /// What an installer makes.
    Text(Vec<u8>),
}

/// How a wheel is to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlannedWheel {
    /// Path of its `.dist-info` folder in the image.
    pub(super) dist_info: String,
    /// Its files, sorted by path, RECORD not among them.
    pub(super) files: Vec<PlannedFile>,
    /// Entries of the listing that do not get into the image; they are checked all the same.
    pub(super) left_out: Vec<usize>,
}

/// Contents of scripts, by their number in the listing.
pub(super) type Scripts = BTreeMap<usize, Vec<u8>>;

/// A larger script is a program, and taken as it is.
const LARGEST_SCRIPT: u64 = 1 << 20;

/// The entries whose content decides how they are placed.
pub(super) fn scripts_of(listing: &WheelListing) -> Vec<usize> {
    let folder = format!("{}scripts/", data_folder(listing));
    let is_script =
        |entry: &WheelEntry| entry.path.starts_with(&folder) && entry.size <= LARGEST_SCRIPT;
    let numbered = listing.entries.iter().enumerate();
    numbered.filter(|(_, entry)| is_script(entry)).map(|(number, _)| number).collect()
}

fn data_folder(listing: &WheelListing) -> String {
    format!("{}.data/", stem_of(listing))
}

fn stem_of(listing: &WheelListing) -> &str {
    listing.dist_info.trim_end_matches(".dist-info")
}

impl Placement {
    /// The folder of importable packages.
    pub(super) fn packages(self) -> String {
        self.scheme.packages()
    }

    /// The interpreter that commands name.
    fn interpreter(self) -> String {
        self.scheme.interpreter()
    }

    /// Plans a wheel. `built` says that it was built here: then its tags and its generator, which
    /// depend on this machine, are replaced.
    pub(super) fn place(
        self,
        listing: &WheelListing,
        scripts: &Scripts,
        built: bool,
    ) -> Result<PlannedWheel, WheelError> {
        let data = data_folder(listing);
        let dist_info = format!("{}/{}", self.packages(), listing.dist_info);
        let mut planned = PlannedWheel {
            dist_info: dist_info.clone(),
            files: Vec::with_capacity(listing.entries.len() + 4),
            left_out: Vec::new(),
        };
        for (number, entry) in listing.entries.iter().enumerate() {
            let file = if is_left_out(&entry.path, &listing.dist_info) {
                None
            } else if built && entry.path == format!("{}/WHEEL", listing.dist_info) {
                Some(text_file(format!("{dist_info}/WHEEL"), 0o644, BUILT_HERE.to_owned()))
            } else if let Some(rest) = entry.path.strip_prefix(&data) {
                let script = scripts.get(&number).map(Vec::as_slice);
                Some(self.place_data((number, entry), rest, script, stem_of(listing))?)
            } else {
                let path = format!("{}/{}", self.packages(), entry.path);
                Some(entry_file(path, mode_of(entry), number))
            };
            let as_it_is =
                file.as_ref().is_some_and(|file| matches!(file.content, PlannedContent::Entry(_)));
            if !as_it_is {
                planned.left_out.push(number);
            }
            planned.files.extend(file);
        }
        for command in &listing.commands {
            let path = format!("usr/local/bin/{}", command.name);
            // A script of that name in the wheel's data is replaced, as every installer does.
            planned.replace(text_file(path, 0o755, self.command_text(command)));
        }
        let installer = "windlass\n".to_owned();
        planned.replace(text_file(format!("{dist_info}/INSTALLER"), 0o644, installer));
        planned.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(planned)
    }

    fn place_data(
        self,
        (number, entry): (usize, &WheelEntry),
        rest: &str,
        script: Option<&[u8]>,
        stem: &str,
    ) -> Result<PlannedFile, WheelError> {
        let (scheme, path) = rest
            .split_once('/')
            .ok_or_else(|| WheelError::UnsafePath { entry: entry.path.clone() })?;
        let mode = mode_of(entry);
        Ok(match scheme {
            "purelib" | "platlib" => {
                entry_file(format!("{}/{path}", self.packages()), mode, number)
            }
            "data" => entry_file(format!("usr/local/{path}"), mode, number),
            "headers" => {
                let name = stem.split('-').next().unwrap_or(stem);
                let folder = format!("usr/local/include/python{}/{name}", self.scheme.python);
                entry_file(format!("{folder}/{path}"), mode, number)
            }
            "scripts" => self.place_script(format!("usr/local/bin/{path}"), number, script),
            _ => return Err(WheelError::UnsafePath { entry: entry.path.clone() }),
        })
    }

    /// `#!python` stands for the interpreter of the installation (PEP 427).
    fn place_script(self, path: String, number: usize, script: Option<&[u8]>) -> PlannedFile {
        let Some(rest) = script.and_then(|script| script.strip_prefix(b"#!python")) else {
            return entry_file(path, 0o755, number);
        };
        let rest = rest.strip_prefix(b"w").unwrap_or(rest);
        let mut text = format!("#!{}", self.interpreter()).into_bytes();
        text.extend_from_slice(rest);
        PlannedFile { path, mode: 0o755, content: PlannedContent::Text(text) }
    }

    fn command_text(self, command: &EntryPoint) -> String {
        let EntryPoint { module, function, .. } = command;
        let first = function.split('.').next().unwrap_or(function);
        format!(
            "#!{}\nimport sys\n\nfrom {module} import {first}\n\nif __name__ == \"__main__\":\n    \
             sys.exit({function}())\n",
            self.interpreter()
        )
    }
}

const BUILT_HERE: &str =
    "Wheel-Version: 1.0\nGenerator: windlass\nRoot-Is-Purelib: true\nTag: py3-none-any\n";

/// What installers write about themselves and what must be made anew.
fn is_left_out(path: &str, dist_info: &str) -> bool {
    let own = path.strip_prefix(dist_info).and_then(|rest| rest.strip_prefix('/'));
    let is_installers =
        matches!(own, Some("INSTALLER" | "REQUESTED" | "direct_url.json" | "uv_cache.json"));
    is_installers || place::has_extension(path, "pyc") && path.contains("__pycache__/")
}

fn mode_of(entry: &WheelEntry) -> u32 {
    if entry.executable { 0o755 } else { 0o644 }
}

fn entry_file(path: String, mode: u32, number: usize) -> PlannedFile {
    PlannedFile { path, mode, content: PlannedContent::Entry(number) }
}

fn text_file(path: String, mode: u32, text: String) -> PlannedFile {
    PlannedFile { path, mode, content: PlannedContent::Text(text.into_bytes()) }
}

impl PlannedWheel {
    /// Adds a file in the place of whatever is at its path.
    fn replace(&mut self, file: PlannedFile) {
        let (gone, kept) =
            std::mem::take(&mut self.files).into_iter().partition(|there| there.path == file.path);
        self.files = kept;
        let gone: Vec<PlannedFile> = gone;
        self.left_out.extend(gone.iter().filter_map(|file| match file.content {
            PlannedContent::Entry(number) => Some(number),
            PlannedContent::Text(_) => None,
        }));
        self.files.push(file);
    }
}

impl Placement {
    /// RECORD of an installation: a wheel's files, and the bytecode that will be beside them. Its
    /// paths are relative to the folder of packages (PEP 376).
    pub(super) fn record(self, wheel: &SegmentIndex, bytecode: &[String]) -> PlannedFile {
        let packages = format!("{}/", self.packages());
        let relative = |path: &str| match path.strip_prefix(&packages) {
            Some(inside) => inside.to_owned(),
            // `usr/local/lib/python3.13/dist-packages` is three levels below `usr/local`.
            None => format!("../../../{}", path.strip_prefix("usr/local/").unwrap_or(path)),
        };
        let mut lines: Vec<String> = wheel
            .files
            .iter()
            .map(|file| record::line(&relative(&file.path), &file.sha256, file.slice.size))
            .chain(bytecode.iter().map(|path| record::line_without_hash(&relative(path))))
            .collect();
        let path = format!("{}/RECORD", wheel.dist_info);
        lines.push(record::line_without_hash(&relative(&path)));
        lines.sort_unstable();
        text_file(path, 0o644, lines.concat())
    }
}
