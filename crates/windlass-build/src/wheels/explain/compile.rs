//! Words for source archives that were compiled, and failed.

use windlass_model::Problem;

/// Packages that do the same and have wheels.
pub(super) fn substitute(name: &str) -> Option<&'static str> {
    Some(match name {
        "psycopg2" => "`psycopg[binary]` or `psycopg2-binary`",
        "uwsgi" => "`pyuwsgi` or `gunicorn`",
        "mysqlclient" | "mysql-python" => "`PyMySQL`",
        "python-ldap" => "`ldap3`",
        "pycrypto" => "`pycryptodome`",
        "m2crypto" => "`cryptography`",
        "python-levenshtein" | "levenshtein" => "`rapidfuzz`",
        "pycurl" => "`httpx` or `requests`",
        "pylibmc" => "`pymemcache`",
        _ => return None,
    })
}

/// A build that ran with a compiler and failed.
pub(super) fn compile(
    message: String,
    (package, output): (&str, &str),
    (added, unknown): (&[String], &[String]),
) -> Problem {
    let name = package.split(' ').next().unwrap_or(package);
    let mut problem = Problem::user("compile-failed", message).cause(output.to_owned());
    if !added.is_empty() {
        problem = problem.cause(format!("beside the compiler it had {}", added.join(", ")));
    }
    if !unknown.is_empty() {
        let missing = unknown.join(", ");
        problem =
            problem.cause(format!("no Debian package is known for what it misses: {missing}"));
    }
    problem = problem.hint(
        "If it misses something, name the Debian package that ships it in `build-apt` of \
         [tool.windlass], such as build-apt = [\"libldap-dev\"]: it is then there to compile with, \
         and not in the image.",
    );
    if let Some(other) = substitute(name) {
        problem = problem.hint(format!("Require {other} instead of {name}."));
    }
    problem.hint(format!(
        "Require a version of {name} that has a wheel for this Python (often a newer one), or choose \
         a Python that it has wheels for."
    ))
}
