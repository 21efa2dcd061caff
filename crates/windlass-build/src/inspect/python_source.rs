//! What a Python file says, in facts that detection needs and nothing more.
//!
//! This module and those below it are the only ones that name the Python parser, so that another
//! one could take its place. A file with syntax errors still gives the facts of the statements
//! that could be read; the first error comes along.
//! What this does not do: evaluate anything, or know any framework.

mod convert;
mod facts;
mod statements;

pub(super) use facts::{Assignment, Call, Function, PythonSource, Value};

/// The stack on which files are parsed. Freeing a syntax tree recurses as deep as the expression
/// nests, and a hostile file of [`super::tree`]'s largest size can nest half a million times.
const STACK_BYTES: usize = 1 << 30;

/// Reads many files; `None` for all of them when no stack that large can be had.
pub(super) fn read_all(texts: &[&str]) -> Option<Vec<PythonSource>> {
    let read = || texts.iter().map(|text| statements::read(text)).collect();
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, read);
        thread.ok()?.join().ok()
    })
}

#[cfg(test)]
mod tests;
