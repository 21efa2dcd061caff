//! Banned calls: what a library must not do, and what nobody does.

use super::Finding;
use super::facts::Name;
use super::tree::Source;

/// Where a ban holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Everywhere, test code included.
    Everywhere,
    /// In all code but tests.
    Code,
    /// In the code of libraries: not in the binary, not in `xtask`.
    Libraries,
}

const BANS: [(&str, &str, Where, &str); 20] = [
    ("unfinished", "todo!", Where::Everywhere, "finish it"),
    ("unfinished", "unimplemented!", Where::Everywhere, "finish it"),
    ("unfinished", "dbg!", Where::Everywhere, "remove it"),
    ("unwrap", ".unwrap", Where::Code, "return the error, or `expect` with the invariant"),
    ("sleep", "thread::sleep", Where::Code, "wait for the thing itself"),
    ("exit", "process::exit", Where::Code, "return an exit code from main"),
    ("exit", "process::abort", Where::Code, "return an exit code from main"),
    ("set-env", "env::set_var", Where::Everywhere, "pass it to the child process"),
    ("set-env", "env::remove_var", Where::Everywhere, "pass it to the child process"),
    ("set-env", "env::set_current_dir", Where::Everywhere, "use absolute paths"),
    ("environment", "env::var", Where::Libraries, "take it as an argument"),
    ("environment", "env::var_os", Where::Libraries, "take it as an argument"),
    ("environment", "env::vars", Where::Libraries, "take it as an argument"),
    ("environment", "env::vars_os", Where::Libraries, "take it as an argument"),
    ("environment", "env::home_dir", Where::Libraries, "take it as an argument"),
    ("environment", "env::args", Where::Libraries, "take it as an argument"),
    ("print", "println!", Where::Libraries, "return it; the binary prints"),
    ("print", "print!", Where::Libraries, "return it; the binary prints"),
    ("print", "eprintln!", Where::Libraries, "return it; the binary prints"),
    ("print", "eprint!", Where::Libraries, "return it; the binary prints"),
];

/// Every banned call in a file.
pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let library = !matches!(source.package(), "windlass" | "xtask");
    let mut findings = Vec::new();
    for (rule, call, place, cure) in BANS {
        for name in source.facts.paths.iter().filter(|name| is(name, call)) {
            let holds = match place {
                Where::Everywhere => true,
                Where::Code => !name.test,
                Where::Libraries => library && !name.test,
            };
            if holds {
                findings.push(Finding {
                    file: source.path.clone(),
                    line: name.line,
                    rule,
                    text: format!("`{}`: {cure}", name.text),
                });
            }
        }
    }
    for test in &source.facts.ignored {
        findings.push(Finding {
            file: source.path.clone(),
            line: test.line,
            rule: "ignored-test",
            text: format!("`{}` is ignored: a test runs or goes", test.text),
        });
    }
    findings
}

fn is(name: &Name, call: &str) -> bool {
    name.text == call || (call.contains("::") && name.text.ends_with(&format!("::{call}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, body: &str) -> anyhow::Result<Vec<&'static str>> {
        Ok(check(&Source::parse(path, body)?).into_iter().map(|finding| finding.rule).collect())
    }

    #[test]
    fn each_ban_holds_where_it_should() -> anyhow::Result<()> {
        let library = "crates/windlass-oci/src/lib.rs";
        let binary = "crates/windlass/src/main.rs";
        let print = "fn f() { println!(\"x\"); }";
        assert_eq!(rules(library, print)?, ["print"]);
        assert_eq!(rules(binary, print)?, [""; 0]);
        assert_eq!(rules(binary, "fn f() { std::process::exit(1) }")?, ["exit"]);
        assert_eq!(rules(library, "use std::env::var;")?, ["environment"]);
        assert_eq!(rules(library, "fn f() { x.unwrap(); x.unwrap_or(1); }")?, ["unwrap"]);
        assert_eq!(rules(library, "#[test]\nfn f() { x.unwrap(); todo!() }")?, ["unfinished"]);
        assert_eq!(rules(library, "#[test]\n#[ignore]\nfn f() {}")?, ["ignored-test"]);
        assert_eq!(rules("crates/a/tests/all.rs", "fn f() { thread::sleep(x) }")?, [""; 0]);
        Ok(())
    }
}
