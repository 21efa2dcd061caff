//! WebSockets under uvicorn, which refuses them unless a library for them is installed.

use super::modules::Modules;
use super::requirements::Declared;
use windlass_model::Evidence;

/// The package that is added.
pub(super) const PACKAGE: &str = "websockets";

/// Packages that are there for WebSockets.
const USERS: [&str; 3] = ["channels", "daphne", "python-socketio"];

/// What is called to serve one, by the last part of its name.
const CALLS: [&str; 9] = [
    "ASGIApp",
    "ProtocolTypeRouter",
    "WebSocketRoute",
    "add_api_websocket_route",
    "add_websocket_route",
    "websocket",
    "websocket_listener",
    "websocket_route",
    "websocket_stream",
];

/// Where a project that uvicorn serves asks for WebSockets and declares no library for them.
pub(super) fn unsupported(
    command: &[String],
    modules: &Modules,
    declared: &Declared,
) -> Option<Evidence> {
    // A line for the shell is one word, and gunicorn runs uvicorn as the class of its workers.
    if !command.iter().any(|word| word.contains("uvicorn")) || is_supported(declared) {
        return None;
    }
    let user = USERS.iter().find_map(|name| declared.get(name));
    user.map(|package| package.evidence.clone()).or_else(|| served(modules))
}

fn is_supported(declared: &Declared) -> bool {
    let libraries = [PACKAGE, "wsproto"].iter().any(|name| declared.get(name).is_some());
    libraries || declared.has_standard_uvicorn()
}

fn served(modules: &Modules) -> Option<Evidence> {
    modules.iter().filter(|module| !module.aside).find_map(|module| {
        let call = module.source.calls.iter().find(|call| {
            let name = module.resolve(call.callee());
            CALLS.contains(&name.rsplit('.').next().unwrap_or_default())
        })?;
        Some(Evidence::at(module.path.as_str(), call.line, "serves WebSockets"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::Tree;
    use super::*;

    fn answer(command: &str, requirements: &str, source: &str) -> bool {
        let tree = Tree::from_files([("app.py", source), ("requirements.txt", requirements)]);
        let modules = Modules::read(&tree, "").expect("parsed");
        let declared = Declared::from_files(&tree, &["requirements.txt".to_owned()]);
        let command: Vec<String> = command.split('|').map(str::to_owned).collect();
        unsupported(&command, &modules, &declared.expect("read")).is_some()
    }

    #[test]
    fn a_library_is_missing_only_where_sockets_are_served() {
        let route = "@app.websocket('/ws')\nasync def ws(socket):\n    pass\n";
        for (command, requirements, source, expected) in [
            ("uvicorn|app:app", "uvicorn\n", "", false),
            ("uvicorn|app:app", "uvicorn\n", route, true),
            ("uvicorn|app:app", "channels[daphne]\n", "", true),
            ("uvicorn|app:app", "daphne\n", "", true),
            ("uvicorn|app:app", "python_socketio\n", "", true),
            ("uvicorn|app:app", "channels\nwebsockets\n", "", false),
            ("uvicorn|app:app", "channels\nwsproto\n", "", false),
            ("uvicorn|app:app", "uvicorn[standard]\n", route, false),
            ("uvicorn|app:app", "fastapi[standard]\n", route, false),
            ("uvicorn|app:app", "fastapi\n", "app.add_api_websocket_route('/ws', f)\n", true),
            ("uvicorn|app:app", "starlette\n", "routes = [WebSocketRoute('/ws', f)]\n", true),
            (
                "uvicorn|app:app",
                "",
                "from channels.routing import ProtocolTypeRouter as R\napp = R({})\n",
                true,
            ),
            ("/bin/sh|-c|exec uvicorn app:app", "uvicorn\n", route, true),
            ("gunicorn|-k|uvicorn_worker.UvicornWorker|app:app", "", route, true),
            ("hypercorn|app:app", "channels\n", route, false),
            ("gunicorn|app:app", "channels\n", route, false),
        ] {
            assert_eq!(answer(command, requirements, source), expected, "{command} {requirements}");
        }
    }
}
