//! What the command line means on this machine: pure, from arguments and facts.

use crate::args::{ColorChoice, Globals};
use crate::facts::Facts;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use windlass_model::{AppName, Layout};

/// Everything that a verb needs to know beyond its own arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Where this installation's files are.
    pub(crate) layout: Layout,
    /// `--home` or `WINDLASS_HOME`, absolute: what a server started from here is given too.
    pub(crate) home: Option<PathBuf>,
    /// Addresses to try for the edge, in order. One that was asked for has no second choice.
    pub(crate) listen: Vec<SocketAddr>,
    /// Whether the installation is the machine's, not a user's.
    pub(crate) system: bool,
    /// `--app`.
    pub(crate) app: Option<AppName>,
    /// The folder that relative paths start from.
    pub(crate) folder: PathBuf,
    /// This binary, to start the server with.
    pub(crate) program: PathBuf,
    /// How results and progress are shown.
    pub(crate) show: Show,
    /// Whether somebody can be asked: standard input is a terminal.
    pub(crate) interactive: bool,
    /// Whether a program can be given our terminal: standard input and output are one.
    pub(crate) terminal: bool,
    /// Which kind of terminal.
    pub(crate) term: Option<String>,
}

/// How results and progress are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Show {
    /// JSON on standard output.
    pub(crate) json: bool,
    /// No progress.
    pub(crate) quiet: bool,
    /// Every step.
    pub(crate) verbose: bool,
    /// Colours on standard output.
    pub(crate) output_colours: bool,
    /// Colours on standard error.
    pub(crate) error_colours: bool,
    /// Bars and spinners on standard error.
    pub(crate) bars: bool,
}

/// Why the surroundings make no settings.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    #[error("the current folder does not exist any more")]
    NoFolder,
    #[error("neither HOME nor WINDLASS_HOME is set, so there is no place for Windlass's state")]
    NoHome,
    #[error("this program cannot find its own file, which it must start again as the server")]
    NoProgram,
    #[error("WINDLASS_HTTP is `{value}`, which is not an address and a port")]
    Listen { value: String },
}

impl Settings {
    /// Resolves arguments and facts.
    pub(crate) fn resolve(globals: &Globals, facts: &Facts) -> Result<Self, SettingsError> {
        let folder = facts.folder.clone().ok_or(SettingsError::NoFolder)?;
        let home = globals.home.clone().or_else(|| facts.path("WINDLASS_HOME"));
        let home = home.map(|home| folder.join(home));
        Ok(Self {
            layout: layout(home.as_ref(), facts)?,
            listen: listen(facts)?,
            system: home.is_none() && facts.uid == 0,
            home,
            app: globals.app.clone(),
            folder,
            program: facts.program.clone().ok_or(SettingsError::NoProgram)?,
            show: Show::resolve(globals, facts),
            interactive: facts.input_is_terminal,
            terminal: facts.input_is_terminal && facts.output_is_terminal,
            term: facts.env.get("TERM").map(|term| term.to_string_lossy().into_owned()),
        })
    }
}

impl Show {
    /// Pure too, and never fails: problems with the settings themselves are shown by it.
    pub(crate) fn resolve(globals: &Globals, facts: &Facts) -> Self {
        let dumb = facts.env.get("TERM").is_some_and(|term| term == "dumb");
        let plain = dumb || facts.env.contains_key("NO_COLOR");
        let colours = |terminal: bool| match globals.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !plain,
        };
        Self {
            json: globals.json,
            quiet: globals.quiet,
            verbose: globals.verbose,
            output_colours: colours(facts.output_is_terminal),
            error_colours: colours(facts.error_is_terminal),
            bars: facts.error_is_terminal && !dumb && !globals.quiet,
        }
    }
}

fn layout(home: Option<&PathBuf>, facts: &Facts) -> Result<Layout, SettingsError> {
    if let Some(home) = home {
        return Ok(Layout::under(home));
    }
    if facts.uid == 0 {
        return Ok(Layout {
            state: "/var/lib/windlass".into(),
            run: "/run/windlass".into(),
            cache: "/var/cache/windlass".into(),
        });
    }
    // A relative path in an XDG variable is invalid and ignored, as the specification says.
    let xdg = |name: &str| facts.path(name).filter(|path| path.is_absolute());
    let below_home = |path: &str| facts.path("HOME").map(|home| home.join(path));
    let state = xdg("XDG_STATE_HOME").or_else(|| below_home(".local/state"));
    let state = state.ok_or(SettingsError::NoHome)?.join("windlass");
    let cache = xdg("XDG_CACHE_HOME").or_else(|| below_home(".cache"));
    Ok(Layout {
        cache: cache.ok_or(SettingsError::NoHome)?.join("windlass"),
        run: xdg("XDG_RUNTIME_DIR").map_or_else(|| state.join("run"), |run| run.join("windlass")),
        state,
    })
}

/// Root tries the web's own port first; others may not bind it, and are kept to this machine.
fn listen(facts: &Facts) -> Result<Vec<SocketAddr>, SettingsError> {
    if let Some(value) = facts.env.get("WINDLASS_HTTP") {
        let value = value.to_string_lossy();
        let address = value.parse().map_err(|_| SettingsError::Listen { value: value.into() })?;
        return Ok(vec![address]);
    }
    let at = |ip: Ipv4Addr, port: u16| SocketAddr::from((ip, port));
    Ok(match facts.uid {
        0 => vec![at(Ipv4Addr::UNSPECIFIED, 80), at(Ipv4Addr::UNSPECIFIED, 8080)],
        _ => vec![at(Ipv4Addr::LOCALHOST, 8080), at(Ipv4Addr::LOCALHOST, 0)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(uid: u32, env: &[(&'static str, &str)]) -> Facts {
        Facts {
            env: env.iter().map(|(name, value)| (*name, value.into())).collect(),
            uid,
            folder: Some("/projects/shop".into()),
            program: Some("/bin/windlass".into()),
            error_is_terminal: true,
            ..Facts::default()
        }
    }

    fn resolve(facts: &Facts) -> Settings {
        Settings::resolve(&Globals::default(), facts).expect("complete facts")
    }

    #[test]
    fn root_has_the_machines_folders_and_the_webs_port() {
        let settings = resolve(&facts(0, &[("HOME", "/root")]));
        assert_eq!(settings.layout.server_socket(), PathBuf::from("/run/windlass/server.sock"));
        assert_eq!(settings.listen[0].to_string(), "0.0.0.0:80");
        assert!(settings.system);
    }

    #[test]
    fn a_user_has_folders_of_their_own_and_a_loopback_port() {
        let env = [("HOME", "/users/ada"), ("XDG_RUNTIME_DIR", "/run/user/7")];
        let settings = resolve(&facts(7, &env));
        assert_eq!(settings.layout.state, PathBuf::from("/users/ada/.local/state/windlass"));
        assert_eq!(settings.layout.run, PathBuf::from("/run/user/7/windlass"));
        assert_eq!(settings.layout.cache, PathBuf::from("/users/ada/.cache/windlass"));
        assert!(settings.listen.iter().all(|address| address.ip().is_loopback()));
        let bare = resolve(&facts(7, &[("HOME", "/users/ada"), ("XDG_STATE_HOME", "relative")]));
        assert_eq!(bare.layout.run, PathBuf::from("/users/ada/.local/state/windlass/run"));
    }

    #[test]
    fn one_folder_for_everything_when_asked_for_and_the_option_wins() {
        let env = [("WINDLASS_HOME", "sub"), ("WINDLASS_HTTP", "127.0.0.1:0")];
        let settings = resolve(&facts(0, &env));
        assert_eq!(settings.layout, Layout::under("/projects/shop/sub"));
        assert!(!settings.system);
        assert_eq!(settings.listen.len(), 1);
        let globals = Globals { home: Some("/else".into()), ..Globals::default() };
        let settings = Settings::resolve(&globals, &facts(0, &env)).expect("complete facts");
        assert_eq!(settings.layout, Layout::under("/else"));
    }

    #[test]
    fn what_is_missing_is_said() {
        let none = Settings::resolve(&Globals::default(), &facts(7, &[]));
        assert!(matches!(none, Err(SettingsError::NoHome)));
        let bad = [("HOME", "/h"), ("WINDLASS_HTTP", "8080")];
        let bad = Settings::resolve(&Globals::default(), &facts(7, &bad));
        assert!(matches!(bad, Err(SettingsError::Listen { value }) if value == "8080"));
    }

    #[test]
    fn colours_follow_the_terminal_unless_told_otherwise() {
        let show = |color, env: &[(&'static str, &str)]| {
            let globals = Globals { color, ..Globals::default() };
            Show::resolve(&globals, &facts(1, env))
        };
        assert!(show(ColorChoice::Auto, &[]).error_colours);
        assert!(!show(ColorChoice::Auto, &[]).output_colours, "not a terminal");
        assert!(!show(ColorChoice::Auto, &[("NO_COLOR", "1")]).error_colours);
        assert!(!show(ColorChoice::Auto, &[("TERM", "dumb")]).bars);
        assert!(show(ColorChoice::Always, &[("NO_COLOR", "1")]).output_colours);
        assert!(!show(ColorChoice::Never, &[]).error_colours);
    }
}
