//! `windlass image scan`: known vulnerabilities of what an image holds.

use super::super::{At, now_ms};
use super::bill;
use super::subject::Subject;
use crate::args::ImageScan;
use crate::build_settings::{Disk, build_settings};
use crate::error::CliError;
use crate::facts::Facts;
use crate::render;
use std::io::ErrorKind;
use std::process::ExitCode;
use windlass_build::advisories::{Scan, read_all};
use windlass_build::download::Downloader;
use windlass_build::{explain, inventory};
use windlass_model::{AppConfig, Kind, Problem, ScanConfig, Severity};

/// The exit code when something that counts was found: no failure has it.
pub(crate) const FOUND: u8 = 4;

pub(super) async fn scan(at: &At, wanted: &ImageScan, facts: &Facts) -> Result<ExitCode, CliError> {
    let config = config(at)?;
    let sources =
        if wanted.advisories.is_empty() { &config.advisories } else { &wanted.advisories };
    if sources.is_empty() {
        return Err(no_sources().into());
    }
    let subject = Subject::find(at, &wanted.image).await?;
    let manifest = subject.image(wanted.which.platform.as_ref())?;
    let inventory = inventory::read(&subject.store, &manifest, &bill::facts_folder(at))
        .map_err(|error| explain::inventory(&error))?;
    let mut scan = Scan::new(&inventory);
    let downloader = Downloader::new(build_settings(facts, &Disk::real()).download);
    for source in sources {
        read_all(&mut scan, source, &at.settings.folder, &downloader)
            .map_err(|error| explain::advisories(&error))?;
    }
    let report = scan.report(&config.ignore, &render::time::day(now_ms()));
    let threshold = wanted.severity.or(config.severity).unwrap_or(Severity::Low);
    let counted = report.findings.iter().any(|finding| finding.severity.reaches(threshold));
    if at.output.show().json {
        at.output.document(&serde_json::json!({
            "image": manifest,
            "threshold": threshold,
            "report": report,
        }))?;
    } else {
        at.output.lines(&render::trust::scanned(
            &subject.name,
            &report,
            threshold,
            at.output.style(),
        ))?;
    }
    Ok(if counted { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

/// `[tool.windlass.scan]` of the current folder's project, if there is one.
fn config(at: &At) -> Result<ScanConfig, CliError> {
    let path = at.settings.folder.join("pyproject.toml");
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let config = AppConfig::from_pyproject(&text).map_err(|error| error.explain())?;
            Ok(config.scan)
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(ScanConfig::default()),
        Err(source) => Err(CliError::ImageFile { path, source }),
    }
}

fn no_sources() -> Problem {
    Problem::new(Kind::Usage, "no-advisories", "nothing says where advisories are")
        .cause("they are files in the OSV format or Debian's security tracker's: none comes with Windlass")
        .hint("name some: windlass image scan shop --advisories FILE, a folder or a URL")
        .hint("or for good: advisories = [\"advisories/\"] in [tool.windlass.scan] of pyproject.toml")
}
