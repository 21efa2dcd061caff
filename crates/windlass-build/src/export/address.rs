//! From a command that serves a replica's own socket to one that serves a port. Pure.

use windlass_model::Serves;

/// The port that the exported image serves.
pub(super) const PORT: u16 = 8000;
const HOST: &str = "0.0.0.0";

/// The same command, on every address of the container at [`PORT`]. A command that takes its
/// address from `$HOST` and `$PORT` stays as it is.
pub(super) fn on_port(command: &[String]) -> Vec<String> {
    let socket = format!("unix:{}", Serves::SOCKET_PATH);
    let address = format!("{HOST}:{PORT}");
    let mut words = Vec::new();
    let mut rest = command.iter().peekable();
    while let Some(word) = rest.next() {
        let of_socket = rest.peek().is_some_and(|next| next.as_str() == Serves::SOCKET_PATH);
        match word.as_str() {
            // uvicorn and granian, then daphne, and what protects a socket and nothing else.
            "--uds" if of_socket => {
                rest.next();
                let flags = ["--host", HOST, "--port"].map(str::to_owned);
                words.extend(flags);
                words.push(PORT.to_string());
            }
            "-u" if of_socket => {
                rest.next();
                words.extend(["-b", HOST, "-p"].map(str::to_owned));
                words.push(PORT.to_string());
            }
            "--unix-socket-perms=666" => {}
            "--umask" if rest.peek().is_some_and(|next| next.as_str() == "0") => drop(rest.next()),
            word if word == format!("--unix-socket={}", Serves::SOCKET_PATH) => {
                words.push(format!("--listen={address}"));
            }
            word => words.push(word.replace(&socket, &address)),
        }
    }
    words
}

/// The variables by which servers that take their address from the environment are told.
pub(super) fn variables(serves: Serves) -> Vec<(String, String)> {
    let port = PORT.to_string();
    let mut found = vec![("PORT".to_owned(), port.clone())];
    if serves == Serves::Port {
        found.push(("HOST".to_owned(), HOST.to_owned()));
        found.push(("GUNICORN_CMD_ARGS".to_owned(), format!("--bind={HOST}:{PORT}")));
        for server in ["UVICORN", "GRANIAN", "LITESTAR", "FLASK_RUN"] {
            found.push((format!("{server}_HOST"), HOST.to_owned()));
            found.push((format!("{server}_PORT"), port.clone()));
        }
        found.push(("STREAMLIT_SERVER_ADDRESS".to_owned(), HOST.to_owned()));
        found.push(("STREAMLIT_SERVER_PORT".to_owned(), port.clone()));
        found.push(("STREAMLIT_SERVER_HEADLESS".to_owned(), "true".to_owned()));
        found.push(("GRADIO_SERVER_NAME".to_owned(), HOST.to_owned()));
        found.push(("GRADIO_SERVER_PORT".to_owned(), port));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_moves_from_its_socket_to_the_port() {
        for (given, wanted) in [
            (
                "gunicorn --bind unix:/run/windlass/web.sock --workers 2 a:b",
                "gunicorn --bind 0.0.0.0:8000 --workers 2 a:b",
            ),
            (
                "uvicorn --uds /run/windlass/web.sock --workers 1 a:b",
                "uvicorn --host 0.0.0.0 --port 8000 --workers 1 a:b",
            ),
            (
                "hypercorn --bind unix:/run/windlass/web.sock --umask 0 a:b",
                "hypercorn --bind 0.0.0.0:8000 a:b",
            ),
            (
                "waitress-serve --unix-socket=/run/windlass/web.sock --unix-socket-perms=666 a:b",
                "waitress-serve --listen=0.0.0.0:8000 a:b",
            ),
            ("daphne -u /run/windlass/web.sock a:b", "daphne -b 0.0.0.0 -p 8000 a:b"),
            ("python -u serve.py --umask 7", "python -u serve.py --umask 7"),
        ] {
            let words: Vec<String> = given.split(' ').map(str::to_owned).collect();
            assert_eq!(on_port(&words).join(" "), wanted);
        }
    }
}
