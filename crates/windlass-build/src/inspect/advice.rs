//! Packages of which there is a variant that suits an image better. Nothing is replaced: it is said.

use super::requirements::Declared;
use windlass_model::Problem;

/// A package, what suits better, and why.
const BETTER: [(&str, &str, &str); 5] = [
    (
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
        "it opens windows, and brings the libraries of a desktop into the image for that",
    ),
    (
        "opencv-python",
        "opencv-python-headless",
        "it opens windows, and brings the libraries of a desktop into the image for that",
    ),
    ("psycopg2", "psycopg[binary]", "it has no wheels, and must be compiled"),
    ("pycrypto", "pycryptodome", "it has no wheels, and nobody maintains it"),
    ("uwsgi", "pyuwsgi", "it has no wheels, and must be compiled"),
];

/// One warning for each declared package that has a better variant.
pub(super) fn warnings(declared: &Declared) -> Vec<Problem> {
    let found = BETTER.iter().filter_map(|(package, better, why)| {
        let evidence = &declared.get(package)?.evidence;
        let message = format!("{evidence}: `{better}` suits an image better than `{package}`");
        let hint = match *package {
            "psycopg2" => format!("declare `{better}`, or `psycopg2-binary` to change no code"),
            _ => format!("declare `{better}`"),
        };
        Some(Problem::user("package-advice", message).cause(*why).hint(hint))
    });
    found.collect()
}
