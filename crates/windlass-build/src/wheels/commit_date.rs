//! When the files of a declaration were last committed, as git says.

use super::as_of::WhyNow;
use crate::git::Git;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A command line holds this many files; declarations of more are rare, and resolved as of now.
const MAX_FILES: usize = 200;

/// A folder in a repository.
pub(super) struct Repository<'a> {
    git: Git<'a>,
}

impl<'a> Repository<'a> {
    /// The repository around a folder; asked nothing yet.
    pub(super) fn around(folder: &'a Path, environment: &'a BTreeMap<String, String>) -> Self {
        Self { git: Git { folder, environment } }
    }

    /// The time (RFC 3339, UTC) of the last commit that changed one of the files, or anything in
    /// the folder where there are none.
    pub(super) fn last_change(&self, files: &[PathBuf]) -> Result<String, WhyNow> {
        if self.git(&["rev-parse", "--verify", "--quiet", "HEAD"]).is_none() {
            return Err(WhyNow::NoCommit);
        }
        if files.len() > MAX_FILES {
            return Err(WhyNow::NotCommitted { file: format!("one of {} files", files.len()) });
        }
        let paths: Vec<String> = files.iter().filter_map(|file| self.relative(file)).collect();
        if paths.len() < files.len() {
            return Err(WhyNow::NotCommitted { file: "a file outside the repository".to_owned() });
        }
        for path in &paths {
            if !self.is_committed(path) {
                return Err(WhyNow::NotCommitted {
                    file: path.trim_start_matches("./").to_owned(),
                });
            }
        }
        let format = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
        let mut arguments = vec!["log", "-1", "--format=%cd", format, "--no-show-signature"];
        arguments.extend(["HEAD", "--"]);
        arguments.extend(paths.iter().map(String::as_str));
        if paths.is_empty() {
            arguments.push(".");
        }
        self.git(&arguments).filter(|date| date.len() == 20).ok_or(WhyNow::NoCommit)
    }

    /// Whether a file is, byte for byte, as it was committed. No filter runs, so that a file which
    /// one would change counts as changed.
    fn is_committed(&self, path: &str) -> bool {
        let committed = self.git(&["rev-parse", "--verify", "--quiet", &format!("HEAD:{path}")]);
        let here = self.git(&["hash-object", "--no-filters", "--", path]);
        committed.is_some() && committed == here
    }

    /// The path of a file from the folder: `./a`, `./../b`.
    fn relative(&self, file: &Path) -> Option<String> {
        let mut up = String::from("./");
        for above in self.git.folder.ancestors() {
            if let Ok(below) = file.strip_prefix(above) {
                return Some(format!("{up}{}", below.to_str()?));
            }
            up.push_str("../");
        }
        None
    }

    /// What git answers, without the end of its line; `None` when it fails or says nothing.
    fn git(&self, arguments: &[&str]) -> Option<String> {
        let text = String::from_utf8(self.git.ask(arguments, None)?).ok()?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn environment() -> BTreeMap<String, String> {
        std::env::vars().collect()
    }

    fn git(folder: &Path, arguments: &[&str], date: &str) {
        let status = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.org", "-C"])
            .arg(folder)
            .args(arguments)
            .env("GIT_COMMITTER_DATE", date)
            .env("GIT_AUTHOR_DATE", date)
            .status()
            .expect("git runs");
        assert!(status.success(), "{arguments:?}");
    }

    #[test]
    fn the_date_is_that_of_the_last_commit_of_the_files() {
        let all = tempfile::tempdir().expect("a folder");
        let (all, shop) = (all.path(), all.path().join("shop"));
        std::fs::create_dir(&shop).expect("a folder");
        let environment = environment();
        let repository = Repository::around(&shop, &environment);
        let files = [shop.join("r.txt"), all.join("base.txt")];
        assert_eq!(repository.last_change(&files), Err(WhyNow::NoCommit));
        git(all, &["init", "--quiet"], "");
        std::fs::write(&files[0], "a\n").expect("written");
        std::fs::write(&files[1], "b\n").expect("written");
        git(all, &["add", "."], "");
        git(all, &["commit", "--quiet", "-m", "1"], "2024-03-01T12:00:00+02:00");
        std::fs::write(shop.join("app.py"), "").expect("written");
        git(all, &["add", "."], "");
        git(all, &["commit", "--quiet", "-m", "2"], "2024-05-01T12:00:00Z");
        assert_eq!(repository.last_change(&files).as_deref(), Ok("2024-03-01T10:00:00Z"));
        assert_eq!(repository.last_change(&[]).as_deref(), Ok("2024-05-01T12:00:00Z"));
        std::fs::write(&files[1], "c\n").expect("written");
        let changed = WhyNow::NotCommitted { file: "../base.txt".to_owned() };
        assert_eq!(repository.last_change(&files), Err(changed));
        let new = WhyNow::NotCommitted { file: "new.txt".to_owned() };
        assert_eq!(repository.last_change(&[shop.join("new.txt")]), Err(new));
    }

    #[test]
    fn a_repository_starts_no_program_of_its_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let (folder, mark) = (folder.path(), folder.path().join("ran"));
        git(folder, &["init", "--quiet"], "");
        std::fs::write(folder.join("r.txt"), "a\n").expect("written");
        git(folder, &["add", "."], "");
        git(folder, &["commit", "--quiet", "-m", "1"], "2024-03-01T12:00:00Z");
        let program = folder.join("evil");
        let script = format!("#!/bin/sh\ntouch {}\ncat\n", mark.display());
        std::fs::write(&program, script).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).expect("executable");
        let program = program.display().to_string();
        for key in [
            "core.fsmonitor",
            "core.pager",
            "pager.log",
            "gpg.program",
            "filter.evil.clean",
            "filter.evil.smudge",
            "diff.evil.textconv",
            "diff.external",
            "core.sshCommand",
        ] {
            git(folder, &["config", key, &program], "");
        }
        git(folder, &["config", "log.showSignature", "true"], "");
        std::fs::write(folder.join(".gitattributes"), "* filter=evil diff=evil\n")
            .expect("written");
        let environment = environment();
        let found = Repository::around(folder, &environment).last_change(&[folder.join("r.txt")]);
        assert_eq!(found.as_deref(), Ok("2024-03-01T12:00:00Z"));
        assert!(!mark.exists());
    }
}
