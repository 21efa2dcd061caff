//! A real image registry, Debian's `docker-registry`, as an app of a [`World`]: built into an
//! image by Windlass and run by it.
//!
//! Invariant: it listens at a loopback address and port that the server gave it, as every app
//! does that takes requests at a port; its storage is in the world's home and goes with it.

use crate::project::Project;
use crate::run::Run;
use crate::world::World;
use std::net::SocketAddr;
use std::time::Duration;

/// How long it may take from the deploy to the line that says where it listens.
const START: Duration = Duration::from_secs(30);
/// The app's name.
const APP: &str = "registry";
/// Encrypted as `htpasswd -B` does, at the least cost: [`RegistryService::PASSWORD`].
const HTPASSWD: &str = "ada:$2b$04$mNyTH7dLxcmzZaCItwNRluhJ6iNpM5yh3BIz0n1NJ/V/QjyeHxQui\n";

/// How a registry wants to be asked.
#[derive(Debug, Clone, Default)]
pub enum RegistryAuth {
    /// By anybody.
    #[default]
    Open,
    /// With the user and the password of [`RegistryService`].
    Password,
    /// With a token.
    Token(TokenAuth),
}

/// Where tokens are had, and whose are taken.
#[derive(Debug, Clone)]
pub struct TokenAuth {
    /// URL of the place that gives tokens out.
    pub realm: String,
    /// Who the registry is to it.
    pub service: String,
    /// Who it is.
    pub issuer: String,
    /// The certificate of its key, in PEM.
    pub certificate: String,
}

/// A registry that runs.
#[derive(Debug)]
pub struct RegistryService {
    world: World,
    address: SocketAddr,
    url: String,
}

impl RegistryService {
    /// Who may use a registry that asks.
    pub const USER: &'static str = "ada";
    /// That user's password.
    pub const PASSWORD: &'static str = "open-sesame";

    /// Builds and starts a registry in this world, which is its own from now on.
    pub fn start(world: World, auth: &RegistryAuth) -> Self {
        let dir = world.project(APP, &project(auth));
        let url = world.deploy(&dir);
        let mut address = None;
        world.await_until("the registry listens", START, |world| {
            address = listening(&world.run(&["logs", "--app", APP, "-n", "1000"]));
            address.is_some()
        });
        Self { world, address: address.expect("it was waited for"), url }
    }

    /// Host and port of the edge that it is reached through as well.
    pub fn host_at_edge(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The world that it lives in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.world.run(&["logs", "--app", APP, "-n", "1000"]).stdout
    }

    /// A name in it, as `push` and `pull` take it.
    pub fn name(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }
}

/// The address in the last line that says where it listens.
fn listening(logs: &Run) -> Option<SocketAddr> {
    let from = logs.stdout.rsplit("listening on ").next()?;
    from.split('"').next()?.parse().ok()
}

fn project(auth: &RegistryAuth) -> Project {
    let config = r#"apt = ["docker-registry"]
persist = ["storage/"]
health = "/"

[tool.windlass.processes.web]
command = "REGISTRY_HTTP_ADDR=$HOST:$PORT exec docker-registry serve /app/config.yml"
serves = "port"
"#;
    let mut settings = String::from(
        "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    \
         rootdirectory: /app/storage\nhttp:\n  secret: for-tests\n",
    );
    let mut project = Project::new().config(APP, config);
    match auth {
        RegistryAuth::Open => {}
        RegistryAuth::Password => {
            settings += "auth:\n  htpasswd:\n    realm: tests\n    path: /app/users\n";
            project = project.file("users", HTPASSWD);
        }
        RegistryAuth::Token(token) => {
            let TokenAuth { realm, service, issuer, .. } = token;
            settings += "auth:\n  token:\n    rootcertbundle: /app/issuer.crt\n";
            for (name, value) in [("realm", realm), ("service", service), ("issuer", issuer)] {
                settings.extend(["    ", name, ": ", value, "\n"]);
            }
            project = project.file("issuer.crt", token.certificate.clone());
        }
    }
    project.file("config.yml", settings)
}
