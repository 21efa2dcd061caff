//! Expressions of the syntax tree as [`Value`]s, to a bounded depth.

use super::facts::{Call, Value};
use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, Operator};
use ruff_text_size::{Ranged, TextSize};

/// Deepest nesting that is looked at; what is deeper is [`Value::Other`].
const MAX_DEPTH: usize = 40;

/// Converts the expressions of one place in a file.
pub(super) struct Converter<'a> {
    /// Byte at which each line starts.
    pub(super) line_starts: &'a [usize],
    pub(super) scope: &'a str,
    pub(super) main: bool,
}

/// The line of a byte, counted from 1.
pub(super) fn line_of(line_starts: &[usize], at: TextSize) -> u32 {
    line_starts.partition_point(|start| *start <= at.to_usize()) as u32
}

impl Converter<'_> {
    pub(super) fn value(&self, expr: &Expr) -> Value {
        self.at_depth(expr, 0)
    }

    fn at_depth(&self, expr: &Expr, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Other;
        }
        let inner = |expr: &Expr| self.at_depth(expr, depth + 1);
        let all = |exprs: &[Expr]| exprs.iter().map(inner).collect::<Vec<_>>();
        match expr {
            Expr::StringLiteral(text) => Value::Text(text.value.to_str().to_owned()),
            Expr::BooleanLiteral(literal) => Value::Bool(literal.value),
            Expr::NumberLiteral(_) => Value::Number,
            Expr::NoneLiteral(_) => Value::None,
            Expr::List(list) => Value::List(all(&list.elts)),
            Expr::Tuple(tuple) => Value::List(all(&tuple.elts)),
            Expr::Set(set) => Value::List(all(&set.elts)),
            Expr::Dict(dict) => {
                let pair = |item: &ruff_python_ast::DictItem| {
                    (item.key.as_ref().map_or(Value::Other, inner), inner(&item.value))
                };
                Value::Dict(dict.items.iter().map(pair).collect())
            }
            Expr::Name(name) => Value::Name(name.id.to_string()),
            Expr::Attribute(attribute) => match inner(&attribute.value) {
                Value::Name(name) => Value::Name(format!("{name}.{}", attribute.attr)),
                value => Value::Attribute(Box::new(value), attribute.attr.to_string()),
            },
            Expr::Subscript(subscript) => {
                Value::Item(Box::new(inner(&subscript.value)), Box::new(inner(&subscript.slice)))
            }
            Expr::Call(call) => Value::Call(Box::new(self.call(call, depth))),
            Expr::BinOp(binary) => {
                let sides = (inner(&binary.left), inner(&binary.right));
                match binary.op {
                    Operator::Add => Value::Sum(vec![sides.0, sides.1]),
                    Operator::Div => Value::Path(Box::new(sides.0), Box::new(sides.1)),
                    _ => Value::Other,
                }
            }
            Expr::BoolOp(boolean) => Value::AnyOf(all(&boolean.values)),
            Expr::If(choice) => Value::AnyOf(vec![inner(&choice.body), inner(&choice.orelse)]),
            Expr::Await(awaited) => inner(&awaited.value),
            Expr::Starred(starred) => inner(&starred.value),
            Expr::FString(_) => self.f_string(expr, depth),
            _ => Value::Other,
        }
    }

    fn call(&self, call: &ruff_python_ast::ExprCall, depth: usize) -> Call {
        let inner = |expr: &Expr| self.at_depth(expr, depth + 1);
        Call {
            line: line_of(self.line_starts, call.range_start),
            scope: self.scope.to_owned(),
            main: self.main,
            function: inner(&call.func),
            args: call.arguments.args.iter().map(inner).collect(),
            keywords: call
                .arguments
                .keywords
                .iter()
                .map(|keyword| {
                    let name = keyword.arg.as_ref().map_or("**", |name| name.as_str());
                    (name.to_owned(), inner(&keyword.value))
                })
                .collect(),
        }
    }

    fn f_string(&self, expr: &Expr, depth: usize) -> Value {
        let Expr::FString(text) = expr else { return Value::Other };
        let mut parts = Vec::new();
        for part in &text.value {
            match part {
                FStringPart::Literal(literal) => parts.push(Value::Text(literal.value.to_string())),
                FStringPart::FString(formatted) => {
                    for element in &formatted.elements {
                        parts.push(match element {
                            InterpolatedStringElement::Literal(literal) => {
                                Value::Text(literal.value.to_string())
                            }
                            InterpolatedStringElement::Interpolation(element) => {
                                self.at_depth(&element.expression, depth + 1)
                            }
                        });
                    }
                }
            }
        }
        Value::Sum(parts)
    }

    /// The line that something starts on.
    pub(super) fn line(&self, node: &impl Ranged) -> u32 {
        line_of(self.line_starts, node.start())
    }
}
