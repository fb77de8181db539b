//! Floor 3: a stack in Terraform, which is the way out of this program: files of HCL, with an import of every object. Pure.
//!
//! Promises: every object of the record becomes resources of the provider `hashicorp/aws`, and each of them is imported, or
//! told as one that the first apply makes; references lead to resources that are there; nothing is secret; the same record
//! gives the same bytes, laid out as `terraform fmt` lays out.
//!
//! Leaves to others what an object is in Terraform (each kind,
//! [`Resource::terraform`](crate::model::resource::Resource::terraform)) and where the files go (cli).

mod hcl;
mod naming;
mod readme;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::state::{Recorded, State};
use crate::model::address::Address;
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::reference::references;
use crate::model::resource::Catalog;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformResource};
use hcl::{HclFile, Mains};
use naming::Labels;

/// The oldest Terraform that imports by blocks ("Import" of the documentation: Terraform v1.5.0 and later).
pub const TERRAFORM_VERSION: &str = ">= 1.5";

/// The versions of the provider for which the resources are written: their arguments are held against 6.25.0 by a test.
pub const PROVIDER_VERSION: &str = "~> 6.25";

/// A stack that is left.
#[derive(Clone, Copy, Debug)]
pub struct TerraformStack<'a> {
    /// Its record.
    pub state: &'a State,
    /// What every kind is.
    pub catalog: &'a Catalog,
    /// Where its lockfile is.
    pub lockfile: &'a str,
    /// The declaration, as commands name it.
    pub declaration: &'a str,
}

/// A stack in Terraform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerraformExport {
    /// The files, by their names.
    pub files: Vec<TerraformFile>,
    /// What the first plan of Terraform has to say.
    pub expected: ExpectedPlan,
}

/// A file of Terraform, or the one that explains them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerraformFile {
    /// Its name.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What the first plan of Terraform has to say if nothing has drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedPlan {
    /// Resources that it imports.
    pub imported: BTreeSet<String>,
    /// Resources that the provider cannot import, and makes where they are already, which changes nothing.
    pub added: BTreeSet<String>,
    /// Imported resources with the arguments that AWS does not keep: they are written into Terraform's state.
    pub changed: BTreeMap<String, BTreeSet<&'static str>>,
}

impl ExpectedPlan {
    /// The last line of that plan, as Terraform prints it.
    pub fn line(&self) -> String {
        let Self { imported, added, changed } = self;
        let (import, add, change) = (imported.len(), added.len(), changed.len());
        format!("Plan: {import} to import, {add} to add, {change} to change, 0 to destroy.")
    }
}

/// A resource with its name and everything it waits for.
#[derive(Clone, Debug)]
struct NamedResource {
    /// The object it is, or is a part of.
    at: Address,
    component: Component,
    /// Its name in Terraform, such as `aws_vpc.main`.
    name: String,
    resource: TerraformResource,
    /// What it needs besides what it points at.
    after: BTreeSet<String>,
    /// Whether Terraform is to refuse every plan that deletes it.
    is_protected: bool,
}

/// The names of the resources that an object becomes.
#[derive(Clone, Debug, Default)]
struct ObjectNames {
    /// Of the one that others point at.
    main: String,
    /// Of those that whoever points at the object needs as well.
    needed: BTreeSet<String>,
}

/// The stack in Terraform.
///
/// # Errors
/// When an object of the record cannot be said in Terraform.
pub fn export(stack: &TerraformStack<'_>) -> Result<TerraformExport, TerraformError> {
    let (resources, names) = named(stack)?;
    let mains: Mains = names.into_iter().map(|(at, names)| (at, names.main)).collect();
    for resource in &resources {
        let pointed_at = resource.resource.arguments.iter().flat_map(|(_, term)| term.pointed_at());
        if let Some(needs) = pointed_at.into_iter().find(|at| !mains.contains_key(*at)) {
            return Err(TerraformError::Unrecorded { at: resource.at.clone(), needs: needs.clone() });
        }
    }
    let expected = expected(&resources);
    let mut files = vec![terraform_file(), providers_file(stack.state)];
    let components: BTreeSet<Component> = resources.iter().map(|resource| resource.component).collect();
    for component in components {
        let mut file = HclFile::new(&format!("{} of the stack {}", component.title(), stack.state.stack));
        for resource in resources.iter().filter(|resource| resource.component == component) {
            file.resource(resource, &mains);
        }
        files.push(TerraformFile { name: format!("{}.tf", component.word()), text: file.text() });
    }
    files.push(imports_file(&resources));
    files.push(TerraformFile { name: "README.md".to_owned(), text: readme::text(stack, &expected) });
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(TerraformExport { files, expected })
}

/// Every resource, in the order in which kinds are shown, and the names of all objects.
fn named(stack: &TerraformStack<'_>) -> Result<(Vec<NamedResource>, BTreeMap<Address, ObjectNames>), TerraformError> {
    let computed: BTreeMap<Address, Document> =
        stack.state.resources.iter().map(|(at, recorded)| (at.clone(), recorded.computed.clone())).collect();
    let mut objects: Vec<(&Address, &Recorded)> = stack.state.resources.iter().collect();
    let place = |at: &Address| stack.catalog.get(&at.kind).map_or(usize::MAX, |facts| facts.place);
    objects.sort_by_key(|(at, _)| (place(at), (*at).clone()));
    let mut labels = Labels::default();
    let mut names: BTreeMap<Address, ObjectNames> = BTreeMap::new();
    let mut resources = Vec::new();
    for (at, recorded) in objects {
        let unknown = || TerraformError::OtherShape { at: at.clone(), reason: "no such kind".to_owned() };
        let facts = stack.catalog.get(&at.kind).ok_or_else(unknown)?;
        let context = TerraformContext { at, computed: &computed };
        let object = (facts.terraform)(&recorded.declared, &recorded.computed, &context)?;
        let named = |name, resource, is_protected| NamedResource {
            at: at.clone(),
            component: facts.component,
            name,
            resource,
            after: BTreeSet::new(),
            is_protected,
        };
        let main = labels.name(object.main.kind, &[at.name.as_str()]);
        resources.push(named(main.clone(), object.main, facts.holds.is_irreplaceable()));
        let mut needed = BTreeSet::new();
        for part in object.parts {
            let own = at.name.as_str();
            let words = [own, if part.name == own { "" } else { &part.name }];
            let name = labels.name(part.resource.kind, &words);
            if part.is_needed {
                needed.insert(name.clone());
            }
            resources.push(named(name, part.resource, false));
        }
        names.insert(at.clone(), ObjectNames { main, needed });
    }
    for resource in &mut resources {
        if names.get(&resource.at).is_some_and(|names| names.main == resource.name) {
            resource.after = after(&resource.at, &stack.state.resources[&resource.at], &names);
        }
    }
    Ok((resources, names))
}

/// What an object needs that none of its arguments says: the parts of what it points at, and what the record says comes
/// before it.
fn after(at: &Address, recorded: &Recorded, names: &BTreeMap<Address, ObjectNames>) -> BTreeSet<String> {
    let pointed_at = references(&recorded.declared);
    let mut after = BTreeSet::new();
    for other in pointed_at.iter().chain(&recorded.after).filter(|other| *other != at) {
        let Some(names) = names.get(other) else { continue };
        after.extend(names.needed.iter().cloned());
        if !pointed_at.contains(other) {
            after.insert(names.main.clone());
        }
    }
    after
}

fn expected(resources: &[NamedResource]) -> ExpectedPlan {
    let (imported, added): (Vec<_>, Vec<_>) = resources.iter().partition(|one| one.resource.import.is_some());
    let kept = |one: &&NamedResource| !one.resource.kept_by_terraform.is_empty();
    let changed = imported.iter().copied().filter(kept);
    ExpectedPlan {
        changed: changed
            .map(|one| (one.name.clone(), one.resource.kept_by_terraform.iter().copied().collect()))
            .collect(),
        imported: imported.into_iter().map(|one| one.name.clone()).collect(),
        added: added.into_iter().map(|one| one.name.clone()).collect(),
    }
}

fn terraform_file() -> TerraformFile {
    let mut file = HclFile::new("Versions of Terraform and of its provider");
    file.versions(TERRAFORM_VERSION, PROVIDER_VERSION);
    TerraformFile { name: "terraform.tf".to_owned(), text: file.text() }
}

fn providers_file(state: &State) -> TerraformFile {
    let mut file = HclFile::new("The region and the account of the stack");
    file.provider(&state.region, &state.account);
    TerraformFile { name: "providers.tf".to_owned(), text: file.text() }
}

fn imports_file(resources: &[NamedResource]) -> TerraformFile {
    let mut file = HclFile::new("Which object each resource is; of no use any more once the first apply is done");
    for resource in resources {
        if let Some(id) = &resource.resource.import {
            file.import(&resource.name, id);
        }
    }
    TerraformFile { name: "imports.tf".to_owned(), text: file.text() }
}
