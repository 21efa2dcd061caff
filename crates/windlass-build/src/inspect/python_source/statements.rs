//! Statements of the syntax tree as facts.

use super::convert::{Converter, line_of};
use super::facts::{Assignment, Call, Class, Function, Import, PythonSource, Value};
use ruff_python_ast::{ExceptHandler, Expr, PySourceType, Stmt, StmtFunctionDef};
use ruff_python_parser::parse_unchecked_source;
use ruff_text_size::Ranged;

/// Deepest nesting of blocks that is looked at; Python itself allows 100.
const MAX_DEPTH: usize = 100;

/// The facts of one file.
pub(super) fn read(text: &str) -> PythonSource {
    let parsed = parse_unchecked_source(text, PySourceType::Python);
    let line_starts: Vec<usize> =
        std::iter::once(0).chain(memchr_newlines(text).map(|at| at + 1)).collect();
    let mut collector = Collector {
        source: PythonSource::default(),
        line_starts: &line_starts,
        scope: String::new(),
        main: false,
        depth: 0,
    };
    collector.source.error = parsed
        .errors()
        .first()
        .map(|error| (line_of(&line_starts, error.location.start()), error.error.to_string()));
    let body = &parsed.syntax().body;
    if let Some(Stmt::Expr(first)) = body.first()
        && let Expr::StringLiteral(docstring) = first.value.as_ref()
    {
        collector.source.docstring = Some(docstring.value.to_str().to_owned());
    }
    collector.block(body);
    collector.source
}

fn memchr_newlines(text: &str) -> impl Iterator<Item = usize> {
    text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at)
}

struct Collector<'a> {
    source: PythonSource,
    line_starts: &'a [usize],
    scope: String,
    main: bool,
    depth: usize,
}

impl Collector<'_> {
    fn block(&mut self, body: &[Stmt]) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        for statement in body {
            self.statement(statement);
        }
        self.depth -= 1;
    }

    fn statement(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => self.import(statement),
            Stmt::Assign(assign) => {
                let value = self.expression(&assign.value);
                for target in &assign.targets {
                    self.assignment(target, value.clone());
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let value = self.expression(value);
                    self.assignment(&assign.target, value);
                }
            }
            Stmt::AugAssign(assign) => {
                let added = self.expression(&assign.value);
                let before = self.converter().value(&assign.target);
                self.assignment(&assign.target, Value::Sum(vec![before, added]));
            }
            Stmt::Expr(expression) => {
                self.expression(&expression.value);
            }
            Stmt::Return(returned) => self.returned(returned.value.as_deref()),
            Stmt::FunctionDef(function) => self.function(function),
            Stmt::ClassDef(class) => self.class(class),
            _ => self.compound(statement),
        }
    }

    fn compound(&mut self, statement: &Stmt) {
        match statement {
            Stmt::If(choice) => {
                let outer = self.main;
                self.main = outer || is_main_guard(&choice.test);
                self.block(&choice.body);
                self.main = outer;
                for clause in &choice.elif_else_clauses {
                    self.block(&clause.body);
                }
            }
            Stmt::With(with) => {
                for item in &with.items {
                    self.expression(&item.context_expr);
                }
                self.block(&with.body);
            }
            Stmt::For(looped) => {
                // The target may be any member: enough to follow routers that a loop includes.
                if let Value::List(members) = self.expression(&looped.iter) {
                    self.assignment(&looped.target, Value::AnyOf(members));
                }
                self.block(&looped.body);
                self.block(&looped.orelse);
            }
            Stmt::While(looped) => {
                self.block(&looped.body);
                self.block(&looped.orelse);
            }
            Stmt::Try(guarded) => {
                self.block(&guarded.body);
                for ExceptHandler::ExceptHandler(handler) in &guarded.handlers {
                    self.block(&handler.body);
                }
                self.block(&guarded.orelse);
                self.block(&guarded.finalbody);
            }
            Stmt::Match(matched) => {
                for case in &matched.cases {
                    self.block(&case.body);
                }
            }
            _ => {}
        }
    }

    fn converter(&self) -> Converter<'_> {
        Converter { line_starts: self.line_starts, scope: &self.scope, main: self.main }
    }

    /// Converts an expression and notes every call in it.
    fn expression(&mut self, expr: &Expr) -> Value {
        let value = self.converter().value(expr);
        collect_calls(&value, &mut self.source.calls);
        value
    }

    fn import(&mut self, statement: &Stmt) {
        let line = self.converter().line(statement);
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.to_string();
                    let first = module.split('.').next().unwrap_or_default().to_owned();
                    let (module, alias) = match &alias.asname {
                        Some(alias) => (module, alias.to_string()),
                        None => (first.clone(), first),
                    };
                    self.source.imports.push(Import { line, level: 0, module, name: None, alias });
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    let name = alias.name.to_string();
                    self.source.imports.push(Import {
                        line,
                        level: import.level,
                        module: import.module.as_ref().map(ToString::to_string).unwrap_or_default(),
                        alias: alias
                            .asname
                            .as_ref()
                            .map_or_else(|| name.clone(), ToString::to_string),
                        name: Some(name),
                    });
                }
            }
            _ => {}
        }
    }

    fn assignment(&mut self, target: &Expr, value: Value) {
        let converter = self.converter();
        let line = converter.line(target);
        let Some(target) = target_name(&converter.value(target)) else { return };
        let scope = self.scope.clone();
        let main = self.main;
        self.source.assignments.push(Assignment { line, scope, main, target, value });
    }

    fn returned(&mut self, value: Option<&Expr>) {
        let value = value.map_or(Value::None, |value| self.expression(value));
        let scope = &self.scope;
        let own = |function: &&mut Function| dotted(&function.scope, &function.name) == *scope;
        if let Some(function) = self.source.functions.iter_mut().rev().find(own) {
            function.returns.push(value);
        }
    }

    fn function(&mut self, function: &StmtFunctionDef) {
        let converter = self.converter();
        let parameters = &function.parameters;
        let decorators: Vec<Value> =
            function.decorator_list.iter().map(|d| converter.value(&d.expression)).collect();
        let required: Vec<_> = parameters
            .posonlyargs
            .iter()
            .chain(&parameters.args)
            .chain(&parameters.kwonlyargs)
            .filter(|parameter| parameter.default.is_none())
            .collect();
        let annotated = required.iter().filter_map(|parameter| {
            let annotation = converter.value(parameter.annotation()?);
            Some((parameter.name().to_string(), annotation))
        });
        let fact = Function {
            line: line_of(self.line_starts, function.name.start()),
            scope: self.scope.clone(),
            name: function.name.to_string(),
            is_async: function.is_async,
            required: required.iter().map(|parameter| parameter.name().to_string()).collect(),
            annotations: annotated.collect(),
            returns: Vec::new(),
            annotation: function.returns.as_deref().and_then(|annotation| {
                match converter.value(annotation) {
                    Value::Name(name) | Value::Text(name) => Some(name),
                    _ => None,
                }
            }),
            decorators,
        };
        for decorator in &fact.decorators {
            collect_calls(decorator, &mut self.source.calls);
        }
        self.source.functions.push(fact);
        self.nested(function.name.as_str(), &function.body);
    }

    fn class(&mut self, class: &ruff_python_ast::StmtClassDef) {
        let converter = self.converter();
        let bases = class.arguments.as_ref().map(|arguments| {
            let base = |base: &Expr| converter.value(base).as_name().map(str::to_owned);
            arguments.args.iter().filter_map(base).collect()
        });
        let name = class.name.to_string();
        self.source.classes.push(Class { name, bases: bases.unwrap_or_default() });
        self.nested(class.name.as_str(), &class.body);
    }

    fn nested(&mut self, name: &str, body: &[Stmt]) {
        let inner = dotted(&self.scope, name);
        let outer = std::mem::replace(&mut self.scope, inner);
        self.block(body);
        self.scope = outer;
    }
}

/// `name`, `name.attribute`, `name[key]`, `name[key][key]`.
fn target_name(target: &Value) -> Option<String> {
    match target {
        Value::Name(name) => Some(name.clone()),
        Value::Item(of, key) => Some(format!("{}[{}]", target_name(of)?, key.as_text()?)),
        _ => None,
    }
}

fn dotted(scope: &str, name: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
}

/// `__name__ == "__main__"`, either way round.
fn is_main_guard(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let is_name = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id == "__name__");
    is_name(&compare.left) || compare.comparators.iter().any(is_name)
}

/// Notes every call within a value, the outer ones first.
fn collect_calls(value: &Value, calls: &mut Vec<Call>) {
    match value {
        Value::Call(call) => {
            calls.push(call.as_ref().clone());
            collect_calls(&call.function, calls);
            call.args.iter().for_each(|value| collect_calls(value, calls));
            call.keywords.iter().for_each(|(_, value)| collect_calls(value, calls));
        }
        Value::List(values) | Value::Sum(values) | Value::AnyOf(values) => {
            for value in values {
                collect_calls(value, calls);
            }
        }
        Value::Dict(items) => items.iter().for_each(|(key, value)| {
            collect_calls(key, calls);
            collect_calls(value, calls);
        }),
        Value::Attribute(of, _) => collect_calls(of, calls),
        Value::Item(a, b) | Value::Path(a, b) => {
            collect_calls(a, calls);
            collect_calls(b, calls);
        }
        _ => {}
    }
}
