//! What one Rust source holds, as plain data.
//!
//! Every check works on these; only [`walk`] sees syntax trees.

mod walk;

/// What one file holds.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Whether it starts with a module comment.
    pub(crate) has_head: bool,
    /// Functions and methods.
    pub(crate) functions: Vec<Function>,
    /// Structs, enums, unions, traits and aliases.
    pub(crate) types: Vec<Name>,
    /// Traits.
    pub(crate) traits: Vec<Name>,
    /// Last segment of each trait that an `impl` names.
    pub(crate) implemented: Vec<Name>,
    /// Paths in expressions, types, patterns and imports; methods as `.name`, macros as `name!`.
    pub(crate) paths: Vec<Name>,
    /// `unsafe` blocks, functions and implementations.
    pub(crate) unsafe_code: Vec<Name>,
    /// Functions that are tests.
    pub(crate) tests: Vec<Name>,
    /// String literals, test code left out.
    pub(crate) literals: Vec<Name>,
    /// Tests that are ignored.
    pub(crate) ignored: Vec<Name>,
}

/// A name at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// The name or path.
    pub(crate) text: String,
    /// Line, counted from 1.
    pub(crate) line: usize,
    /// Whether it is in test code.
    pub(crate) test: bool,
}

/// A function or method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    /// Its name.
    pub(crate) name: String,
    /// Line of its signature, counted from 1.
    pub(crate) line: usize,
    /// Lines from its signature to its closing brace, both included.
    pub(crate) lines: usize,
    /// Parameters, `self` included.
    pub(crate) parameters: usize,
}

impl Facts {
    /// Reads a parsed file; `test` says that all of it is test code.
    pub(crate) fn of(file: &syn::File, test: bool) -> Self {
        let mut facts = walk::walk(file, test);
        facts.has_head = file.attrs.iter().any(|attr| attr.path().is_ident("doc"));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(source: &str) -> Result<Facts, syn::Error> {
        Ok(Facts::of(&syn::parse_file(source)?, false))
    }

    #[test]
    fn functions_are_measured_from_signature_to_brace() -> Result<(), syn::Error> {
        let facts = facts("/// Doc.\nfn f(a: u8,\n  b: u8) {\n  g();\n}\nfn g() {}\n")?;
        let shape: Vec<_> = facts
            .functions
            .iter()
            .map(|f| (f.name.as_str(), f.line, f.lines, f.parameters))
            .collect();
        assert_eq!(shape, [("f", 2, 4, 2), ("g", 6, 1, 0)]);
        Ok(())
    }

    #[test]
    fn names_are_seen_in_imports_paths_macros_and_methods() -> Result<(), syn::Error> {
        let facts = facts(
            "use a::{b, c::{d as e, *}};\nfn f() { std::process::exit(1); assert!(x.unwrap() == y::z); }",
        )?;
        let names: Vec<&str> = facts.paths.iter().map(|name| name.text.as_str()).collect();
        for wanted in
            ["a::b", "a::c::d", "a::c::*", "std::process::exit", "assert!", ".unwrap", "y::z"]
        {
            assert!(names.contains(&wanted), "{wanted} in {names:?}");
        }
        Ok(())
    }

    #[test]
    fn test_code_is_told_apart() -> Result<(), syn::Error> {
        let facts = facts(
            "fn f() { a::b(); }\n#[cfg(test)]\nmod tests { #[test]\n#[ignore]\nfn t() { c::d(); } }",
        )?;
        let test = |name: &str| facts.paths.iter().find(|n| n.text == name).map(|n| n.test);
        assert_eq!((test("a::b"), test("c::d")), (Some(false), Some(true)));
        assert_eq!((facts.tests.len(), facts.ignored.len()), (1, 1));
        Ok(())
    }

    #[test]
    fn unsafe_code_and_traits_are_found() -> Result<(), syn::Error> {
        let facts = facts(
            "trait T {}\nunsafe impl T for u8 {}\nimpl x::T for u16 {}\nfn f() { unsafe { g() } }",
        )?;
        assert_eq!((facts.unsafe_code.len(), facts.traits.len()), (2, 1));
        assert!(facts.implemented.iter().all(|name| name.text == "T"));
        Ok(())
    }
}
