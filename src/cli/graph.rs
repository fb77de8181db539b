//! `graph`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::args::{Common, GraphArgs, GraphFormat};
use super::failure::Failure;
use super::{exit, out, workplace};
use crate::model::address::Address;
use crate::model::reference::references;
use crate::model::resource::Node;
use workplace::Declaration;

/// Prints the resources of a declaration and what each needs. Asks no cloud: zones and account stand for themselves.
pub(super) async fn graph(common: &Common, args: &GraphArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    let nodes = workplace::offline_nodes(&declaration.stack, &state);
    out::data(&match args.format {
        GraphFormat::Dot => dot(&nodes),
        GraphFormat::Mermaid => mermaid(&nodes),
    });
    Ok(exit::DONE)
}

fn edges(nodes: &BTreeMap<Address, Node>) -> Vec<(&Address, Address, Option<&'static str>)> {
    let mut edges = Vec::new();
    for (address, node) in nodes {
        for target in references(&node.declared).into_iter().filter(|target| nodes.contains_key(target)) {
            edges.push((address, target, None));
        }
        for (target, why) in node.after.iter().filter(|(target, _)| nodes.contains_key(*target)) {
            edges.push((address, target.clone(), Some(*why)));
        }
    }
    edges
}

fn dot(nodes: &BTreeMap<Address, Node>) -> String {
    let mut text = "digraph stack {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    for address in nodes.keys() {
        let _ = writeln!(text, "  \"{address}\";");
    }
    for (from, to, why) in edges(nodes) {
        let style = why.map(|why| format!(" [style=dashed, tooltip=\"{why}\"]")).unwrap_or_default();
        let _ = writeln!(text, "  \"{from}\" -> \"{to}\"{style};");
    }
    text.push_str("}\n");
    text
}

fn mermaid(nodes: &BTreeMap<Address, Node>) -> String {
    let id = |address: &Address| address.to_string().replace(['.', '-'], "_");
    let mut text = "flowchart LR\n".to_owned();
    for address in nodes.keys() {
        let _ = writeln!(text, "  {}[\"{address}\"]", id(address));
    }
    for (from, to, why) in edges(nodes) {
        let _ = writeln!(text, "  {} {} {}", id(from), if why.is_some() { "-.->" } else { "-->" }, id(&to));
    }
    text
}
