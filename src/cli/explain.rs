//! `explain`: a key of declarations, or an object of a stack.

use std::path::Path;

use serde_json::json;

use super::args::{Common, ExplainArgs};
use super::content::FileContent;
use super::failure::Failure;
use super::saved::Saved;
use super::workplace::{self, Declaration};
use super::{exit, out, show};
use crate::model::address::Address;
use crate::report::{DeclarationText, ObjectView, Page};
use crate::resources::catalog;
use crate::stack::explain as explained;
use crate::store::file;
use crate::text::nearest;

/// Says what a key does, or all about an object.
pub(super) async fn explain(common: &Common, args: &ExplainArgs) -> Result<u8, Failure> {
    let (text, value) = match args.what.as_deref() {
        None => {
            let overview = explained::overview();
            (overview.to_string(), json!(overview))
        }
        Some(asked) => match explained::explain(asked) {
            Ok(found) => (found.to_string(), json!(found)),
            Err(error) => match asked.parse::<Address>().ok().filter(|at| catalog().contains_key(&at.kind)) {
                Some(address) => return object(common, &address, args.asked_in.as_deref()).await,
                None => return Err(Failure::new(exit::USAGE, error.to_string()).hint(error.hint())),
            },
        },
    };
    if common.json {
        out::data(&format!("{value}\n"));
    } else {
        out::told(&format!("{}\n", text.trim_end()));
    }
    Ok(exit::DONE)
}

/// Explains an object by its declaration and record, and by a saved plan where that was given instead.
async fn object(common: &Common, address: &Address, file: Option<&Path>) -> Result<u8, Failure> {
    let text = file.map(file::read_input).transpose()?.flatten().unwrap_or_default();
    let saved = match file.filter(|_| FileContent::of(&text) == FileContent::SavedPlan) {
        Some(path) => Some(Saved::parse(path, &text)?),
        None => None,
    };
    let declaration = match (&saved, file) {
        (Some(saved), Some(path)) => saved.declaration(path)?,
        // Read once: it may come from standard input.
        (None, Some(path)) if !text.is_empty() => Declaration::parse(path.to_owned(), &text, true)?,
        (_, file) => Declaration::load(file)?,
    };
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    let nodes = workplace::offline_nodes(&declaration.stack, &state);
    let plan = saved.as_ref().map(|saved| &saved.plan);
    let planned = plan.into_iter().flat_map(|plan| plan.actions.keys());
    let addresses = nodes.keys().chain(state.resources.keys()).chain(planned);
    let (name, catalog) = (declaration.name(), catalog());
    let view = ObjectView {
        stack: declaration.stack.stack.as_str(),
        address,
        nodes: &nodes,
        recorded: state.resources.get(address),
        catalog: &catalog,
        origins: &declaration.origins(addresses),
        source: DeclarationText { file: &name, text: &declaration.text },
        plan,
    };
    let Some(page) = Page::of_object(&view) else {
        let all: Vec<String> = nodes.keys().map(ToString::to_string).collect();
        let meant = nearest(&address.to_string(), all.iter().map(String::as_str));
        let of_kind: Vec<&str> =
            nodes.keys().zip(&all).filter(|(one, _)| one.kind == address.kind).map(|(_, told)| told.as_str()).collect();
        let hint = match (meant, of_kind.is_empty()) {
            (Some(meant), _) => format!("did you mean {meant}?"),
            (None, false) => format!("there are {}", of_kind.join(", ")),
            (None, true) => format!("{name} asks for no object of this kind"),
        };
        return Err(Failure::new(exit::USAGE, format!("{} has no {address}", declaration.stack.stack)).hint(hint));
    };
    show::page(common, &page);
    Ok(exit::DONE)
}
