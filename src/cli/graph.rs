//! `graph`.

use super::args::{Common, GraphArgs, GraphFormat};
use super::failure::Failure;
use super::{exit, out, workplace};
use crate::engine::object_graph::ObjectGraph;
use crate::render;
use crate::report::Graph;
use crate::resources::catalog;
use workplace::Declaration;

/// Prints the resources of a declaration and what each needs. Asks no cloud: zones and account stand for themselves.
pub(super) async fn graph(common: &Common, args: &GraphArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    let nodes = workplace::offline_nodes(&declaration.stack, &state);
    let graph = Graph::of_objects(&ObjectGraph::of_nodes(&nodes), &catalog(), declaration.stack.region.as_str());
    out::data(&match args.format {
        GraphFormat::Dot => render::dot(&graph),
        GraphFormat::Mermaid => render::mermaid(&graph),
        GraphFormat::Svg => render::svg(&graph),
    });
    Ok(exit::DONE)
}
