//! The facts of one file.

/// What one file says. Lines are counted from 1.
#[derive(Debug, Clone, Default)]
pub(in crate::inspect) struct PythonSource {
    pub(in crate::inspect) docstring: Option<String>,
    pub(in crate::inspect) imports: Vec<Import>,
    pub(in crate::inspect) assignments: Vec<Assignment>,
    /// Every call that is part of a statement, those within other expressions included.
    pub(in crate::inspect) calls: Vec<Call>,
    pub(in crate::inspect) functions: Vec<Function>,
    pub(in crate::inspect) classes: Vec<Class>,
    /// The first syntax error: line and message.
    pub(in crate::inspect) error: Option<(u32, String)>,
}

/// `import a.b as c`, or one name of `from a import b as c`.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct Import {
    pub(in crate::inspect) line: u32,
    /// Leading dots of a relative import.
    pub(in crate::inspect) level: u32,
    pub(in crate::inspect) module: String,
    /// The imported name, for `from` imports; `*` for all.
    pub(in crate::inspect) name: Option<String>,
    /// What the file calls it.
    pub(in crate::inspect) alias: String,
}

/// `target = value`.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct Assignment {
    pub(in crate::inspect) line: u32,
    /// Dotted name of the function or class around it; empty at the top.
    pub(in crate::inspect) scope: String,
    /// Whether it stands under `if __name__ == "__main__":`, which no server runs.
    pub(in crate::inspect) main: bool,
    /// Dotted name, or the key for `name["key"]` as `name[key]`.
    pub(in crate::inspect) target: String,
    pub(in crate::inspect) value: Value,
}

/// A call.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::inspect) struct Call {
    pub(in crate::inspect) line: u32,
    pub(in crate::inspect) scope: String,
    /// Whether it stands under `if __name__ == "__main__":`.
    pub(in crate::inspect) main: bool,
    pub(in crate::inspect) function: Value,
    pub(in crate::inspect) args: Vec<Value>,
    /// By their names; `**` for what is spread into the call.
    pub(in crate::inspect) keywords: Vec<(String, Value)>,
}

/// `def name(...)`.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct Function {
    pub(in crate::inspect) line: u32,
    pub(in crate::inspect) scope: String,
    pub(in crate::inspect) name: String,
    pub(in crate::inspect) is_async: bool,
    pub(in crate::inspect) decorators: Vec<Value>,
    /// Names of the parameters that a caller must give.
    pub(in crate::inspect) required: Vec<String>,
    /// Annotations of those parameters, where they have one.
    pub(in crate::inspect) annotations: Vec<(String, Value)>,
    /// Values of its own `return` statements.
    pub(in crate::inspect) returns: Vec<Value>,
    /// Dotted name of the return annotation.
    pub(in crate::inspect) annotation: Option<String>,
}

/// `class name(bases)`.
#[derive(Debug, Clone)]
pub(in crate::inspect) struct Class {
    pub(in crate::inspect) name: String,
    pub(in crate::inspect) bases: Vec<String>,
}

/// An expression, as far as detection understands it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::inspect) enum Value {
    Text(String),
    Bool(bool),
    Number,
    None,
    /// A list, tuple or set.
    List(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// A dotted name.
    Name(String),
    /// An attribute of something that is not a name.
    Attribute(Box<Value>, String),
    /// `of["key"]`.
    Item(Box<Value>, Box<Value>),
    Call(Box<Call>),
    /// `a + b`, and the parts of an f-string.
    Sum(Vec<Value>),
    /// `a / b`.
    Path(Box<Value>, Box<Value>),
    /// `a or b`, `x if c else y`: the values that it may have.
    AnyOf(Vec<Value>),
    Other,
}

impl Value {
    pub(in crate::inspect) fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub(in crate::inspect) fn as_name(&self) -> Option<&str> {
        if let Value::Name(name) = self { Some(name) } else { None }
    }

    pub(in crate::inspect) fn as_call(&self) -> Option<&Call> {
        if let Value::Call(call) = self { Some(call) } else { None }
    }

    /// Whether the value is written out in the source, all of it.
    pub(in crate::inspect) fn is_constant(&self) -> bool {
        match self {
            Value::Text(_) | Value::Bool(_) | Value::Number | Value::None => true,
            Value::List(items) => items.iter().all(Value::is_constant),
            Value::Dict(items) => {
                items.iter().all(|(key, value)| key.is_constant() && value.is_constant())
            }
            _ => false,
        }
    }
}

impl Call {
    /// Dotted name of what is called; empty when it is not a name.
    pub(in crate::inspect) fn callee(&self) -> &str {
        self.function.as_name().unwrap_or_default()
    }

    /// The keyword argument of that name.
    pub(in crate::inspect) fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The argument at a position, or by its keyword.
    pub(in crate::inspect) fn argument(&self, at: usize, name: &str) -> Option<&Value> {
        self.args.get(at).or_else(|| self.keyword(name))
    }
}
