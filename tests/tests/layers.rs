//! Dependencies run one way, between the rooms of `core` and between those of the facade: whatever
//! a file names outside of its tests stands below it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// As `lib.rs`, a list of the crate's names: it may name all of them.
const LIST: &str = "prelude";

/// The rooms of a crate.
struct House {
    /// Where its `lib.rs` is, seen from this crate.
    src: &'static str,
    /// What it may be called in paths, beside `crate`.
    name: &'static str,
    /// From the top: each room uses those in later rows, and none of its own or earlier ones.
    order: &'static [&'static [&'static str]],
}

/// `core`: the line of its rooms, with what serves several of them placed below those.
const CORE: House = House {
    src: "../runtime/core/src",
    name: "seam_core",
    order: &[
        &["actor"],
        &["call"],
        &["remote", "turn"],
        &["metrics"],
        &["record"],
        &["contract"],
        &["event"],
        &["memory"],
        &["codec"],
        &["outcome"],
        &["context"],
        // Machines without I/O: restarts, retries, breakers, limits, balancing, leases, schedules.
        &["home", "supervise", "policy"],
        &["time"],
        &["name", "thread", "live"],
    ],
};

/// The facade.
const FACADE: House = House {
    src: "../runtime/seam/src",
    name: "seam",
    order: &[
        &[LIST, "edge"],
        &["sign_in"],
        &["app"],
        &["command"],
        &["unit"],
        &["services"],
        &["config"],
    ],
};

#[test]
fn core_goes_one_way() {
    CORE.goes_one_way();
}

#[test]
fn the_facade_goes_one_way() {
    FACADE.goes_one_way();
}

#[test]
fn what_points_up_is_told_with_its_line() {
    let wrong = "
        use std::fmt;
        use crate::{time::Clock, call::{self, Client}};
        use super::super::actor::Actor;
        fn f(_: crate::turn::Host) { crate::context::current(); log!(crate::metrics::count()); }
        mod inner { use super::super::super::call as named; use super::Other; }
        #[cfg(test)]
        mod tests { use crate::actor::Actor; }
        use crate::Anything;
        impl crate::contract::Contract for X where Y: crate::call::Callable {}
    ";
    let mut found = Vec::new();
    let file = syn::parse_file(wrong).unwrap();
    let (path, room) = (Path::new("contract/x.rs"), vec!["contract".into(), "x".into()]);
    Look { house: &CORE, path, room, children: Vec::new(), found: &mut found }.visit_file(&file);
    let edges: Vec<&str> = found.iter().map(|edge| edge.split_once(".rs:").unwrap().1).collect();
    assert_eq!(
        edges,
        [
            "3: `contract` uses `call`, which stands above it",
            "3: `contract` uses `call`, which stands above it",
            "4: `contract` uses `actor`, which stands above it",
            "5: `contract` uses `turn`, which stands above it",
            "5: `contract` uses `metrics`, which stands above it",
            "6: `contract` uses `call`, which stands above it",
            "9: `contract` uses `Anything`, which is no room: name the one that it is in",
            "10: `contract` uses `call`, which stands above it",
        ]
    );
}

impl House {
    fn goes_one_way(&self) {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.src);
        let mut found = Vec::new();
        let mut rooms = BTreeSet::new();
        let mut files = vec![(src.join("lib.rs"), Vec::new())];
        while let Some((path, room)) = files.pop() {
            let text = fs::read_to_string(&path).unwrap();
            let file = syn::parse_file(&text).unwrap();
            let name = path.strip_prefix(&src).unwrap();
            let mut look =
                Look { house: self, path: name, room, children: Vec::new(), found: &mut found };
            look.visit_file(&file);
            for child in look.children {
                rooms.insert(child[0].clone());
                files.push((file_of(&src, &child), child));
            }
        }
        assert!(!rooms.is_empty(), "nothing was read");
        let unplaced: Vec<_> = rooms.iter().filter(|room| self.row(room).is_none()).collect();
        assert!(unplaced.is_empty(), "say in this file where these rooms stand: {unplaced:?}");
        found.sort();
        assert!(found.is_empty(), "{}:\n{}", self.src, found.join("\n"));
    }

    fn row(&self, room: &str) -> Option<usize> {
        self.order.iter().position(|row| row.contains(&room))
    }
}

/// The file of a module.
fn file_of(src: &Path, module: &[String]) -> PathBuf {
    let path = module.iter().fold(src.to_owned(), |path, name| path.join(name));
    let file = path.with_extension("rs");
    if file.exists() { file } else { path.join("mod.rs") }
}

/// Looks through one file for what it names in other rooms.
struct Look<'a> {
    house: &'a House,
    path: &'a Path,
    /// The module that is looked at, from the crate's root.
    room: Vec<String>,
    /// Modules that are files of their own.
    children: Vec<Vec<String>>,
    found: &'a mut Vec<String>,
}

impl Look<'_> {
    /// Judges a path, of which `names` are the first segments.
    fn judge(&mut self, names: &[String], line: usize) {
        let mut from = self.room.clone();
        let mut names = names.iter().map(String::as_str).peekable();
        match names.next() {
            Some("self") => {}
            Some("super") => drop(from.pop()),
            Some(name) if name == "crate" || name == "$crate" || name == self.house.name => {
                from.clear();
            }
            // From another crate, or something that was named before.
            _ => return,
        }
        while names.next_if_eq(&"super").is_some() {
            from.pop();
        }
        from.extend(names.map(str::to_owned));
        let (Some(here), Some(used)) = (self.room.first(), from.first()) else { return };
        if here == used || here == LIST {
            return;
        }
        let why = match (self.house.row(here), self.house.row(used)) {
            (_, None) => "is no room: name the one that it is in",
            (Some(here), Some(used)) if used <= here => "stands above it",
            _ => return,
        };
        let path = self.path.display();
        self.found.push(format!("{path}:{line}: `{here}` uses `{used}`, which {why}"));
    }

    /// Follows a `use` to each of its ends.
    fn follow(&mut self, tree: &syn::UseTree, names: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                names.push(path.ident.to_string());
                self.follow(&path.tree, names);
                names.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.follow(tree, names));
            }
            syn::UseTree::Name(syn::UseName { ident })
            | syn::UseTree::Rename(syn::UseRename { ident, .. }) => {
                names.push(ident.to_string());
                self.judge(names, ident.span().start().line);
                names.pop();
            }
            syn::UseTree::Glob(glob) => {
                self.judge(names, glob.star_token.spans[0].start().line);
            }
        }
    }

    /// What a macro is given isn't parsed, but its paths are seen.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(first) if !follows_a_path(&tokens[..at]) => {
                    let mut names = vec![first.to_string()];
                    let mut rest = &tokens[at + 1..];
                    while let [
                        TokenTree::Punct(one),
                        TokenTree::Punct(two),
                        TokenTree::Ident(next),
                        ..,
                    ] = rest
                        && one.as_char() == ':'
                        && two.as_char() == ':'
                    {
                        names.push(next.to_string());
                        rest = &rest[3..];
                    }
                    if names.len() > 1 {
                        self.judge(&names, first.span().start().line);
                    }
                }
                _ => {}
            }
        }
    }
}

fn follows_a_path(before: &[TokenTree]) -> bool {
    matches!(before.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
        && matches!(
            before.iter().rev().nth(1),
            Some(TokenTree::Punct(punct)) if punct.as_char() == ':'
        )
}

/// Whether an item is there in tests alone.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let syn::Meta::List(list) = &attribute.meta else { return false };
        let said = list.tokens.to_string();
        list.path.is_ident("cfg") && (said == "test" || said.starts_with("all (test"))
    })
}

impl<'ast> Visit<'ast> for Look<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Const(item) => &item.attrs,
            syn::Item::Static(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.room.push(module.ident.to_string());
        match &module.content {
            Some(_) => visit::visit_item_mod(self, module),
            None => self.children.push(self.room.clone()),
        }
        self.room.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.follow(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let [_, _, ..] = &*names {
            self.judge(&names, path.segments[0].ident.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_path(self, &call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {
        // The facade's own macros are named by the crate that users know: `#[seam::message]`.
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::room)` says who may look, and uses nobody.
    }
}
