//! The server as a systemd unit, so that it starts with the machine.

use crate::settings::Settings;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The unit's name.
pub(crate) const NAME: &str = "windlass.service";
const FILE: &str = "/etc/systemd/system/windlass.service";

/// Why the unit could not be written, started or removed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnitError {
    #[error("a unit of the machine can only be changed by root")]
    NotRoot,
    #[error("systemd does not run on this machine")]
    NoSystemd,
    #[error("{} cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} cannot be removed", path.display())]
    Remove { path: PathBuf, source: io::Error },
    #[error("`systemctl {arguments}` failed ({status})")]
    Systemctl { arguments: String, status: String, output: String },
    #[error("`systemctl {arguments}` cannot be run")]
    Command { arguments: String, source: io::Error },
}

/// The unit's text.
///
/// `KillMode=process`: containers and the edge outlive the server, as everywhere else.
/// `Delegate=yes`: the engine makes cgroups of its own below the unit's.
pub(crate) fn text(settings: &Settings, http: Option<SocketAddr>) -> String {
    let home = settings
        .home
        .as_ref()
        .map_or_else(String::new, |home| format!(" --home {}", quoted(&home.to_string_lossy())));
    let http = http.map_or_else(String::new, |http| format!(" --http {http}"));
    let program = quoted(&settings.program.to_string_lossy());
    format!(
        "[Unit]\n\
         Description=Windlass, which keeps this machine's apps running\n\
         After=network-online.target\n\
         Wants=network-online.target\n\
         \n\
         [Service]\n\
         ExecStart={program}{home} server start --foreground{http}\n\
         Restart=on-failure\n\
         RestartSec=1\n\
         KillMode=process\n\
         Delegate=yes\n\
         LimitNOFILE=1048576\n\
         TimeoutStopSec=90\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}

/// A word of `ExecStart` as systemd.service(5) wants it: quoted, `%` and `$` doubled.
fn quoted(word: &str) -> String {
    let word = word.replace('\\', r"\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    if word.contains([' ', '\'', '"', '\\', ';']) { format!("\"{word}\"") } else { word }
}

/// Whether the unit exists and is this installation's.
pub(crate) fn is_installed(settings: &Settings) -> bool {
    settings.system && Path::new(FILE).exists() && has_systemd()
}

/// Writes and enables the unit; nothing is started or stopped.
pub(crate) async fn install(text: &str, uid_is_root: bool) -> Result<PathBuf, UnitError> {
    require(uid_is_root)?;
    let path = PathBuf::from(FILE);
    let fresh = path.with_extension("service.new");
    std::fs::write(&fresh, text)
        .and_then(|()| std::fs::File::open(&fresh)?.sync_all())
        .and_then(|()| std::fs::rename(&fresh, &path))
        .map_err(|source| UnitError::Write { path: path.clone(), source })?;
    systemctl(&["daemon-reload"]).await?;
    systemctl(&["enable", NAME]).await?;
    Ok(path)
}

/// Stops, disables and removes the unit; `None` when there was none.
pub(crate) async fn uninstall(uid_is_root: bool) -> Result<Option<PathBuf>, UnitError> {
    let path = PathBuf::from(FILE);
    if !path.exists() {
        return Ok(None);
    }
    require(uid_is_root)?;
    systemctl(&["disable", "--now", NAME]).await?;
    std::fs::remove_file(&path)
        .map_err(|source| UnitError::Remove { path: path.clone(), source })?;
    systemctl(&["daemon-reload"]).await?;
    Ok(Some(path))
}

/// Starts the unit that is installed.
pub(crate) async fn start() -> Result<(), UnitError> {
    systemctl(&["start", NAME]).await
}

fn require(uid_is_root: bool) -> Result<(), UnitError> {
    match (uid_is_root, has_systemd()) {
        (false, _) => Err(UnitError::NotRoot),
        (true, false) => Err(UnitError::NoSystemd),
        (true, true) => Ok(()),
    }
}

/// As sd_booted(3) finds it out.
fn has_systemd() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

async fn systemctl(arguments: &[&str]) -> Result<(), UnitError> {
    let owned: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
    let arguments = arguments.join(" ");
    let run = move || std::process::Command::new("systemctl").args(&owned).output();
    let failed = |source| UnitError::Command { arguments: arguments.clone(), source };
    let output = tokio::task::spawn_blocking(run)
        .await
        .map_err(|error| failed(io::Error::other(error)))?
        .map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    let status = output.status.to_string();
    let output = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(UnitError::Systemctl { arguments, status, output })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Show;
    use windlass_model::Layout;

    #[test]
    fn the_unit_starts_this_binary_with_this_home() {
        let settings = Settings {
            layout: Layout::under("/srv/w l"),
            home: Some("/srv/w l".into()),
            listen: Vec::new(),
            system: false,
            app: None,
            folder: "/".into(),
            program: "/usr/bin/windlass".into(),
            show: Show::default(),
            interactive: false,
            terminal: false,
            term: None,
        };
        let text = text(&settings, Some(([127, 0, 0, 1], 80).into()));
        let line = "ExecStart=/usr/bin/windlass --home \"/srv/w l\" server start --foreground \
                    --http 127.0.0.1:80\n";
        assert!(text.contains(line), "{text}");
        assert!(text.contains("KillMode=process\n"));
    }

    #[test]
    fn words_of_the_unit_mean_themselves() {
        assert_eq!(quoted("/usr/bin/windlass"), "/usr/bin/windlass");
        assert_eq!(quoted(r#"a "b" 100% $x"#), r#""a \"b\" 100%% $$x""#);
    }
}
