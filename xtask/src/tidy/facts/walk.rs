//! The walk over a syntax tree that collects [`Facts`].
//!
//! Macro arguments are read where they parse as expressions (`assert!`, `format!`, `vec!`), so
//! that a banned call inside one is seen too. What a macro defines is not seen.

use super::{Facts, Function, Name};
use proc_macro2::Span;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

/// Collects what a file holds; `test` says that all of it is test code.
pub(super) fn walk(file: &syn::File, test: bool) -> Facts {
    let mut walk = Walk { facts: Facts::default(), test };
    walk.visit_file(file);
    walk.facts
}

struct Walk {
    facts: Facts,
    test: bool,
}

impl Walk {
    fn name(&self, text: impl Into<String>, span: Span) -> Name {
        Name { text: text.into(), line: span.start().line, test: self.test }
    }

    fn within(&mut self, attrs: &[syn::Attribute], visit: impl FnOnce(&mut Self)) {
        let outside = self.test;
        self.test |= attrs.iter().any(is_test_attribute);
        visit(self);
        self.test = outside;
    }

    fn function(&mut self, attrs: &[syn::Attribute], signature: &syn::Signature, end: Span) {
        let line = signature.span().start().line;
        self.facts.functions.push(Function {
            name: signature.ident.to_string(),
            line,
            lines: end.end().line + 1 - line,
            parameters: signature.inputs.len(),
        });
        let name = self.name(signature.ident.to_string(), signature.ident.span());
        if signature.unsafety.is_some() {
            self.facts.unsafe_code.push(name.clone());
        }
        if attrs.iter().any(|attr| attr.path().is_ident("ignore")) {
            self.facts.ignored.push(name.clone());
        }
        if attrs.iter().any(|attr| last(attr.path()) == "test") {
            self.facts.tests.push(name);
        }
    }

    fn type_named(&mut self, ident: &syn::Ident) {
        self.facts.types.push(self.name(ident.to_string(), ident.span()));
    }

    fn import(&mut self, before: &str, tree: &syn::UseTree) {
        let joined = |ident: &syn::Ident| {
            if before.is_empty() { ident.to_string() } else { format!("{before}::{ident}") }
        };
        match tree {
            syn::UseTree::Path(path) => self.import(&joined(&path.ident), &path.tree),
            syn::UseTree::Name(name) => {
                self.facts.paths.push(self.name(joined(&name.ident), name.ident.span()));
            }
            syn::UseTree::Rename(name) => {
                self.facts.paths.push(self.name(joined(&name.ident), name.ident.span()));
            }
            syn::UseTree::Glob(glob) => {
                self.facts.paths.push(self.name(format!("{before}::*"), glob.span()));
            }
            syn::UseTree::Group(group) => {
                for item in &group.items {
                    self.import(before, item);
                }
            }
        }
    }
}

impl<'ast> Visit<'ast> for Walk {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.within(&item.attrs, |walk| visit::visit_item_mod(walk, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.within(&item.attrs, |walk| {
            walk.function(&item.attrs, &item.sig, item.block.span());
            visit::visit_item_fn(walk, item);
        });
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, |walk| {
            walk.function(&item.attrs, &item.sig, item.block.span());
            visit::visit_impl_item_fn(walk, item);
        });
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.function(&item.attrs, &item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.type_named(&item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.type_named(&item.ident);
        visit::visit_item_enum(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.type_named(&item.ident);
        visit::visit_item_type(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.within(&item.attrs, |walk| {
            walk.type_named(&item.ident);
            walk.facts.traits.push(walk.name(item.ident.to_string(), item.ident.span()));
            visit::visit_item_trait(walk, item);
        });
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        self.within(&item.attrs, |walk| {
            if let Some((_, path, _)) = &item.trait_ {
                walk.facts.implemented.push(walk.name(last(path), path.span()));
            }
            if item.unsafety.is_some() {
                walk.facts.unsafe_code.push(walk.name("impl", item.span()));
            }
            visit::visit_item_impl(walk, item);
        });
    }

    fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
        self.facts.unsafe_code.push(self.name("block", block.span()));
        visit::visit_expr_unsafe(self, block);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import("", &item.tree);
    }

    fn visit_lit_str(&mut self, literal: &'ast syn::LitStr) {
        if !self.test {
            self.facts.literals.push(self.name(literal.value(), literal.span()));
        }
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {
        // Documentation is no literal, and attributes name nothing that a check is about.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let text = path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>();
        self.facts.paths.push(self.name(text.join("::"), path.span()));
        visit::visit_path(self, path);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.args.is_empty() {
            self.facts.paths.push(self.name(format!(".{}", call.method), call.method.span()));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.facts.paths.push(self.name(format!("{}!", last(&call.path)), call.path.span()));
        let arguments = call
            .parse_body_with(Punctuated::<syn::Expr, syn::Token![,]>::parse_terminated)
            .unwrap_or_default();
        for argument in &arguments {
            // The arguments' spans are those of the file, but the tree lives only here.
            let mut inner = Walk { facts: Facts::default(), test: self.test };
            inner.visit_expr(argument);
            self.facts.paths.append(&mut inner.facts.paths);
            self.facts.unsafe_code.append(&mut inner.facts.unsafe_code);
            self.facts.literals.append(&mut inner.facts.literals);
        }
    }
}

fn last(path: &syn::Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

/// `#[cfg(test)]`, `#[cfg(loom)]`, `#[test]` and the attributes of other test runners.
fn is_test_attribute(attr: &syn::Attribute) -> bool {
    if attr.path().is_ident("cfg") {
        let tokens = attr.meta.require_list().map(|list| list.tokens.to_string());
        return tokens.is_ok_and(|text| {
            text == "test" || text.starts_with("all (test") || text.starts_with("all(test")
        });
    }
    last(attr.path()) == "test"
}
