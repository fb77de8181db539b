//! Files of HCL, laid out as `terraform fmt` lays out: two spaces a level, the `=` of neighbouring lines in one column.
//!
//! What stands in a file is built of the syntax tree of `hcl-edit`, which quotes and escapes; the space between is ours.

use std::collections::BTreeMap;

use hcl_edit::expr::{Array, Expression, FuncArgs, FuncCall, Object, ObjectKey, ObjectValue, ObjectValueTerminator};
use hcl_edit::repr::{Decorate as _, Decorated};
use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::{Ident, Number};

use super::NamedResource;
use crate::model::address::Address;
use crate::model::mark::TAG_PREFIX;
use crate::model::terraform::{Term, TerraformArguments};

/// Columns within which a list stays on one line, and comments are wrapped.
const WIDTH: usize = 100;

/// Words that mean something else than a key where an object begins.
const RESERVED: [&str; 4] = ["true", "false", "null", "for"];

/// The name of the resource that others point at, by object.
pub(super) type Mains = BTreeMap<Address, String>;

/// A file that is being written.
#[derive(Clone, Debug)]
pub(super) struct HclFile {
    /// What stands before the next block.
    before: String,
    body: Body,
}

impl HclFile {
    /// A file that begins with a sentence about what stands in it.
    pub(super) fn new(about: &str) -> Self {
        let before = comment(&format!("{about}. Written by ppm-infra; README.md says what to do with it.")) + "\n";
        Self { before, body: Body::new() }
    }

    /// Its text.
    pub(super) fn text(&self) -> String {
        self.body.to_string()
    }

    fn push(&mut self, block: Block) {
        let before = std::mem::replace(&mut self.before, "\n".to_owned());
        self.body.push(block.decorated((before, "")));
    }

    /// Which Terraform and which provider it takes.
    pub(super) fn versions(&mut self, terraform: &str, provider: &str) {
        let aws = [("source".to_owned(), Term::from("hashicorp/aws")), ("version".to_owned(), Term::from(provider))];
        let providers = vec![("aws", Term::Map(aws.into()))];
        let arguments =
            vec![("required_version", Term::from(terraform)), ("required_providers", Term::Block(providers))];
        self.push(block("terraform", &[], &arguments, 0, &Mains::new()));
    }

    /// Where the resources are, and that the marks of this program are left alone.
    pub(super) fn provider(&mut self, region: &str, account: &str) {
        let ignored = vec![("key_prefixes", Term::List(vec![Term::from(TAG_PREFIX)]))];
        let arguments = vec![
            ("region", Term::from(region)),
            ("allowed_account_ids", Term::List(vec![Term::from(account)])),
            ("ignore_tags", Term::Block(ignored)),
        ];
        self.push(block("provider", &["aws"], &arguments, 0, &Mains::new()));
    }

    /// Which object a resource is.
    pub(super) fn import(&mut self, name: &str, id: &str) {
        let mut made = Block::new(ident("import"));
        let attributes = vec![("to".to_owned(), traversal(name)), ("id".to_owned(), Expression::from(id))];
        made.body = closed(aligned(attributes, 1), 0);
        self.push(made);
    }

    /// A resource with everything there is to it. Whatever it points at has a name.
    pub(super) fn resource(&mut self, named: &NamedResource, mains: &Mains) {
        let resource = &named.resource;
        let label = named.name.split_once('.').map_or("", |(_, label)| label);
        let mut made = block("resource", &[resource.kind, label], &resource.arguments, 0, mains);
        if let Some(lifecycle) = lifecycle(named) {
            made.body.push(lifecycle.decorated(("\n  ", "")));
        }
        if !named.after.is_empty() {
            let after = named.after.iter().map(|name| traversal(name)).collect();
            let attribute = Attribute::new(ident("depends_on"), list(after, 1, "depends_on"));
            made.body.push(attribute.decorated(("\n  ", "")));
        }
        let note = resource.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        self.before.push_str(&comment(&format!("{}{note}", named.at)));
        self.push(made);
    }
}

/// What Terraform is to refuse, and to leave alone.
fn lifecycle(named: &NamedResource) -> Option<Block> {
    let mut attributes = Vec::new();
    if named.is_protected {
        attributes.push(("prevent_destroy".to_owned(), Expression::from(true)));
    }
    if !named.resource.ignored.is_empty() {
        let ignored = named.resource.ignored.iter().map(|path| traversal(path)).collect();
        attributes.push(("ignore_changes".to_owned(), list(ignored, 2, "ignore_changes")));
    }
    if attributes.is_empty() {
        return None;
    }
    let mut block = Block::new(ident("lifecycle"));
    block.body = closed(aligned(attributes, 2), 1);
    Some(block)
}

fn block(name: &str, labels: &[&str], arguments: &TerraformArguments, depth: usize, mains: &Mains) -> Block {
    let mut block = Block::new(ident(name));
    block.labels = labels.iter().map(|label| (*label).into()).collect();
    let (blocks, values): (Vec<_>, Vec<_>) = arguments.iter().partition(|(_, term)| matches!(term, Term::Block(_)));
    let values = values.into_iter().map(|(key, term)| ((*key).to_owned(), expression(term, depth + 1, key, mains)));
    let mut structures = aligned(values.collect(), depth + 1);
    for (key, term) in blocks {
        let Term::Block(inside) = term else { continue };
        // A blank line sets a block apart from what stands before it.
        let apart = if structures.is_empty() { "" } else { "\n" };
        let inner = self::block(key, &[], inside, depth + 1, mains);
        structures.push(inner.decorated((format!("{apart}{}", indent(depth + 1)), "")).into());
    }
    block.body = closed(structures, depth);
    block
}

/// The body of a block whose last line is indented by `depth` levels.
fn closed(structures: Vec<Structure>, depth: usize) -> Body {
    let mut body: Body = structures.into();
    if body.is_empty() {
        body.set_prefer_oneline(true);
    } else {
        body.decorate(("", indent(depth)));
    }
    body
}

/// Lines `key = value`, indented by `depth` levels. The `=` of neighbours stand in one column; a value of several lines has
/// no neighbours.
fn aligned(attributes: Vec<(String, Expression)>, depth: usize) -> Vec<Structure> {
    let keys: Vec<String> = attributes.iter().map(|(key, _)| key.clone()).collect();
    let spaces = gaps(&keys, attributes.iter().map(|(_, value)| value));
    let lines = attributes.into_iter().zip(spaces).map(|((key, value), space)| {
        let key = Decorated::new(ident(&key)).decorated(("", space));
        Attribute::new(key, value).decorated((indent(depth), "")).into()
    });
    lines.collect()
}

/// The space between each key and its `=`.
fn gaps<'e>(keys: &[String], values: impl Iterator<Item = &'e Expression>) -> Vec<String> {
    let is_long: Vec<bool> = values.map(|value| value.to_string().contains('\n')).collect();
    let mut gaps = vec![" ".to_owned(); keys.len()];
    let mut at = 0;
    while at < keys.len() {
        let end = (at..keys.len()).find(|n| is_long[*n]).unwrap_or(keys.len());
        let widest = keys[at..end].iter().map(|key| key.chars().count()).max().unwrap_or(0);
        for n in at..end {
            gaps[n] = " ".repeat(widest - keys[n].chars().count() + 1);
        }
        at = end + 1;
    }
    gaps
}

/// A value that begins on a line indented by `depth` levels, behind `key`.
fn expression(term: &Term, depth: usize, key: &str, mains: &Mains) -> Expression {
    match term {
        Term::Text(text) => Expression::from(text.as_str()),
        Term::Number(number) => Expression::from(Number::from(*number)),
        Term::Flag(flag) => Expression::from(*flag),
        Term::List(items) => {
            list(items.iter().map(|item| expression(item, depth + 1, "", mains)).collect(), depth, key)
        }
        Term::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_str(), expression(value, depth + 1, key, mains)));
            Expression::from(object(entries.collect(), depth))
        }
        Term::Json(value) => {
            let value = expression(value, depth, key, mains);
            Expression::from(FuncCall::new(ident("jsonencode"), FuncArgs::from(vec![value])))
        }
        Term::Block(arguments) => {
            let entries = arguments.iter().map(|(key, value)| (*key, expression(value, depth + 1, key, mains)));
            Expression::from(object(entries.collect(), depth))
        }
        Term::Attribute { of, path } => {
            let main = mains.get(of).expect("what is pointed at was looked for before");
            traversal(&format!("{main}.{path}"))
        }
    }
}

/// On one line where that is short enough, else an item a line.
fn list(items: Vec<Expression>, depth: usize, key: &str) -> Expression {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    let width = texts.iter().map(|text| text.len() + 2).sum::<usize>() + indent(depth).len() + key.len() + " = ".len();
    let is_short = width <= WIDTH && !texts.iter().any(|text| text.contains('\n'));
    let mut array = Array::new();
    for item in items {
        array.push(if is_short { item } else { item.decorated((format!("\n{}", indent(depth + 1)), "")) });
    }
    if !is_short {
        array.set_trailing_comma(true);
        array.set_trailing(format!("\n{}", indent(depth)));
    }
    Expression::from(array)
}

fn object(entries: Vec<(&str, Expression)>, depth: usize) -> Object {
    let keys: Vec<ObjectKey> = entries.iter().map(|(key, _)| object_key(key)).collect();
    let texts: Vec<String> = keys
        .iter()
        .map(|key| match key {
            ObjectKey::Ident(ident) => ident.to_string(),
            ObjectKey::Expression(text) => text.to_string(),
        })
        .collect();
    let spaces = gaps(&texts, entries.iter().map(|(_, value)| value));
    let mut object = Object::new();
    for (n, ((mut key, space), (_, value))) in keys.into_iter().zip(spaces).zip(entries).enumerate() {
        let line = if n == 0 { "\n" } else { "" };
        key.decorate((format!("{line}{}", indent(depth + 1)), space));
        let mut value = ObjectValue::new(value);
        value.set_terminator(ObjectValueTerminator::Newline);
        object.insert(key, value);
    }
    if !object.is_empty() {
        object.set_trailing(indent(depth));
    }
    object
}

fn object_key(key: &str) -> ObjectKey {
    match Ident::try_new(key) {
        Ok(ident) if !RESERVED.contains(&key) => ObjectKey::from(ident),
        Ok(_) | Err(_) => ObjectKey::from(Expression::from(key)),
    }
}

fn ident(name: &str) -> Ident {
    Ident::try_new(name).expect("names of arguments are identifiers")
}

/// A path such as `aws_vpc.main.id`.
fn traversal(path: &str) -> Expression {
    path.parse().expect("names and attributes of resources are identifiers")
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// Lines of a comment.
fn comment(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is a line");
        if line.len() > 1 && line.len() + 1 + word.len() > WIDTH {
            lines.push(format!("# {word}"));
        } else {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}
