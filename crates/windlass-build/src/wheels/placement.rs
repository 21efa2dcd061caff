//! Where a wheel's files go in the image: the plan of one wheel's installation (PEP 427, PEP 491).
//!
//! Pure, apart from reading the first bytes of scripts. Everything goes below `/usr/local`, where
//! Debian's Python looks for what was installed beside its packages, so that no environment has
//! to be activated. Commands name the image's interpreter by its full path.

use super::dist_info::EntryPoint;
use super::place;
use super::record;
use super::unpack::{UnpackedWheel, WheelEntry};
use super::wheel_error::WheelError;
use std::path::PathBuf;
use windlass_model::PythonVersion;
use windlass_oci::Content;

/// The scheme of one image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placement {
    /// The image's Python.
    pub(super) python: PythonVersion,
}

/// A file of the image.
#[derive(Debug, Clone)]
pub(super) struct PlacedFile {
    /// Path in the image, without a leading slash.
    pub(super) path: String,
    /// Permission bits.
    pub(super) mode: u32,
    /// Its bytes.
    pub(super) content: Content,
    /// SHA-256 of the bytes as RECORD writes it.
    pub(super) sha256: String,
    /// Size in bytes.
    pub(super) size: u64,
}

/// A wheel and how it is to be placed.
#[derive(Debug, Clone)]
pub(super) struct PlacedWheel {
    /// The package's name.
    pub(super) name: String,
    /// Path of its `.dist-info` folder in the image.
    pub(super) dist_info: String,
    /// Its files, RECORD not yet among them.
    pub(super) files: Vec<PlacedFile>,
}

impl Placement {
    /// The folder of importable packages.
    pub(super) fn packages(self) -> String {
        format!("usr/local/lib/python{}/dist-packages", self.python)
    }

    /// The interpreter that commands name.
    fn interpreter(self) -> String {
        format!("/usr/bin/python{}", self.python)
    }

    /// Plans a wheel. `built` says that it was built here: then its tags and its generator, which
    /// depend on this machine, are replaced.
    pub(super) fn place(
        self,
        name: &str,
        wheel: &UnpackedWheel,
        built: bool,
    ) -> Result<PlacedWheel, WheelError> {
        let stem = wheel.index.dist_info.trim_end_matches(".dist-info");
        let data = format!("{stem}.data/");
        let dist_info = format!("{}/{}", self.packages(), wheel.index.dist_info);
        let mut files = Vec::with_capacity(wheel.index.entries.len() + 4);
        for entry in &wheel.index.entries {
            let source = wheel.files.join(&entry.path);
            if is_left_out(&entry.path, &wheel.index.dist_info) {
                continue;
            }
            if built && entry.path == format!("{}/WHEEL", wheel.index.dist_info) {
                files.push(text_file(format!("{dist_info}/WHEEL"), 0o644, BUILT_HERE.to_owned()));
            } else if let Some(rest) = entry.path.strip_prefix(&data) {
                files.push(self.place_data(entry, rest, source, stem)?);
            } else {
                let path = format!("{}/{}", self.packages(), entry.path);
                files.push(whole_file(path, mode_of(entry), entry, source));
            }
        }
        for command in &wheel.index.commands {
            let path = format!("usr/local/bin/{}", command.name);
            // A script of that name in the wheel's data is replaced, as every installer does.
            files.retain(|file| file.path != path);
            files.push(text_file(path, 0o755, self.command_text(command)));
        }
        files.push(text_file(format!("{dist_info}/INSTALLER"), 0o644, "windlass\n".to_owned()));
        Ok(PlacedWheel { name: name.to_owned(), dist_info, files })
    }

    fn place_data(
        self,
        entry: &WheelEntry,
        rest: &str,
        source: PathBuf,
        stem: &str,
    ) -> Result<PlacedFile, WheelError> {
        let (scheme, path) = rest
            .split_once('/')
            .ok_or_else(|| WheelError::UnsafePath { entry: entry.path.clone() })?;
        let mode = mode_of(entry);
        Ok(match scheme {
            "purelib" | "platlib" => {
                whole_file(format!("{}/{path}", self.packages()), mode, entry, source)
            }
            "data" => whole_file(format!("usr/local/{path}"), mode, entry, source),
            "headers" => {
                let name = stem.split('-').next().unwrap_or(stem);
                let folder = format!("usr/local/include/python{}/{name}", self.python);
                whole_file(format!("{folder}/{path}"), mode, entry, source)
            }
            "scripts" => self.place_script(entry, path, source)?,
            _ => return Err(WheelError::UnsafePath { entry: entry.path.clone() }),
        })
    }

    /// `#!python` stands for the interpreter of the installation (PEP 427).
    fn place_script(
        self,
        entry: &WheelEntry,
        path: &str,
        source: PathBuf,
    ) -> Result<PlacedFile, WheelError> {
        let path = format!("usr/local/bin/{path}");
        let is_small = entry.size <= 1 << 20;
        let bytes = if is_small {
            std::fs::read(&source)
                .map_err(|error| WheelError::Io { path: source.clone(), source: error })?
        } else {
            Vec::new()
        };
        let Some(rest) = bytes.strip_prefix(b"#!python") else {
            return Ok(whole_file(path, 0o755, entry, source));
        };
        let rest = rest.strip_prefix(b"w").unwrap_or(rest);
        let mut text = format!("#!{}", self.interpreter()).into_bytes();
        text.extend_from_slice(rest);
        Ok(bytes_file(path, 0o755, text))
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

fn whole_file(path: String, mode: u32, entry: &WheelEntry, source: PathBuf) -> PlacedFile {
    let content = Content::Path(source);
    PlacedFile { path, mode, content, sha256: entry.sha256.clone(), size: entry.size }
}

fn text_file(path: String, mode: u32, text: String) -> PlacedFile {
    bytes_file(path, mode, text.into_bytes())
}

fn bytes_file(path: String, mode: u32, bytes: Vec<u8>) -> PlacedFile {
    let sha256 = record::sha256_base64(&bytes);
    let size = bytes.len() as u64;
    PlacedFile { path, mode, content: Content::Bytes(bytes), sha256, size }
}

impl PlacedWheel {
    /// RECORD of the installation, with the bytecode that will be beside the files. Its paths are
    /// relative to the folder of packages (PEP 376).
    pub(super) fn record(&self, placement: Placement, bytecode: &[String]) -> PlacedFile {
        let packages = format!("{}/", placement.packages());
        let relative = |path: &str| match path.strip_prefix(&packages) {
            Some(inside) => inside.to_owned(),
            // `usr/local/lib/python3.13/dist-packages` is three levels below `usr/local`.
            None => format!("../../../{}", path.strip_prefix("usr/local/").unwrap_or(path)),
        };
        let mut lines: Vec<String> = self
            .files
            .iter()
            .map(|file| record::line(&relative(&file.path), &file.sha256, file.size))
            .chain(bytecode.iter().map(|path| record::line_without_hash(&relative(path))))
            .collect();
        let path = format!("{}/RECORD", self.dist_info);
        lines.push(record::line_without_hash(&relative(&path)));
        lines.sort_unstable();
        text_file(path, 0o644, lines.concat())
    }
}
