//! Facts of small files, broken files and hostile ones.

use super::*;

fn read(text: &str) -> PythonSource {
    read_all(&[text]).expect("a stack").remove(0)
}

#[test]
fn facts_carry_lines_and_scopes() {
    let source = read(
        "\"\"\"Doc.\"\"\"\nfrom flask import Flask as F\nfrom . import db\nimport a.b\n\n\
         def create_app(config=None, *, debug) -> F:\n    app = F(__name__, x=1)\n    \
         @app.route('/h')\n    def hello():\n        return 'hi'\n    return app\n\n\
         if __name__ == '__main__':\n    create_app().run()\n",
    );
    assert_eq!(source.docstring.as_deref(), Some("Doc."));
    let aliases: Vec<&str> = source.imports.iter().map(|import| import.alias.as_str()).collect();
    assert_eq!(aliases, ["F", "db", "a"]);
    let factory = &source.functions[0];
    assert_eq!((factory.line, factory.required.as_slice()), (6, ["debug".to_owned()].as_slice()));
    assert_eq!(factory.annotation.as_deref(), Some("F"));
    assert_eq!(factory.returns, [Value::Name("app".to_owned())]);
    let hello = &source.functions[1];
    assert_eq!((hello.scope.as_str(), hello.line), ("create_app", 9));
    assert!(hello.returns[0].is_constant());
    let made = &source.assignments[0];
    assert_eq!((made.line, made.scope.as_str(), made.target.as_str()), (7, "create_app", "app"));
    let run = source.calls.iter().find(|call| call.main).expect("run is called");
    assert_eq!(run.line, 14);
    assert!(source.error.is_none());
}

#[test]
fn a_syntax_error_leaves_the_rest() {
    let source = read("import flask\ndef broken(:\n    pass\napp = flask.Flask(__name__)\n");
    assert_eq!(source.error.as_ref().map(|(line, _)| *line), Some(2));
    assert!(source.assignments.iter().any(|assignment| assignment.target == "app"));
}

#[test]
fn hostile_files_are_survived() {
    let size = 1 << 18;
    for piece in
        ["(", "[", "-", "not ", "a.", "1+", "f(", "{1:", "lambda:", "x if y else ", "if x:\n "]
    {
        let source = read(&piece.repeat(size / piece.len()));
        assert!(source.calls.len() < 100, "{piece}");
    }
    let deep: Vec<String> = (0..300).map(|n| format!("{}if x:", " ".repeat(n))).collect();
    read(&deep.join("\n"));
    for text in
        ["", "\u{0}", "\u{feff}", "\r\r\r", "def", "@", "\\", "'''", "f'{'", "\u{202e}x = 1"]
    {
        read(text);
    }
}
