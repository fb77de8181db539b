//! One change in a YAML text that people wrote: everything else stays as it is, to the byte.
//!
//! Promises: comments, order, quotes, blank lines and line ends stay; what comes out is read again and says what was said
//! before with the one change in it, or the change is refused with place and reason.
//!
//! Leaves to others which keys there are, and in which order a new one comes.

mod layout;
mod meaning;

use serde_json::Value;

use super::yaml::{is_word, quoted};
use super::{Member, Shape, SourceNode, is_plain, tree};
use crate::model::place::Place;
use layout::Layout;
use meaning::{expect, value};

/// What to change at a key.
#[derive(Clone, Debug, PartialEq)]
pub enum YamlEdit {
    /// Writes a value, in place of the one that is written or with its key.
    Set(YamlText),
    /// Adds an item to the list at the key, as the last. A list that is not written is begun: in brackets, or a line for each
    /// item.
    Add(YamlText, NewList),
    /// Removes this item from the list at the key.
    Take(Value),
    /// Removes the key.
    Unset,
}

/// How a list is begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewList {
    /// In brackets.
    Brackets,
    /// A line for each item.
    Lines,
}

/// A value and how it is written: on one line, and so that it can stand inside brackets.
#[derive(Clone, Debug, PartialEq)]
pub struct YamlText {
    text: String,
    value: Value,
}

impl YamlText {
    /// A scalar as people write it: without quotes where YAML reads the same.
    pub fn scalar(value: &Value) -> Self {
        let text = match value {
            Value::String(text) if plain(text) => text.clone(),
            Value::String(text) => quoted(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        Self { text, value: value.clone() }
    }

    /// Scalars in brackets.
    pub fn list(items: &[Value]) -> Self {
        let texts: Vec<String> = items.iter().map(|item| Self::scalar(item).text).collect();
        Self { text: format!("[{}]", texts.join(", ")), value: Value::Array(items.to_vec()) }
    }

    /// Keys with scalars, in braces.
    pub fn map(members: &[(&str, Value)]) -> Self {
        let texts: Vec<String> =
            members.iter().map(|(key, value)| format!("{key}: {}", Self::scalar(value).text)).collect();
        let value = members.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Self { text: format!("{{ {} }}", texts.join(", ")), value: Value::Object(value) }
    }

    /// In the manner of what stood there before.
    fn like(&self, before: &str) -> String {
        match &self.value {
            Value::String(text) if before.starts_with('"') => quoted(text),
            Value::String(text) if before.starts_with('\'') && is_script(text) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.text.clone()
            }
        }
    }
}

/// Whether text needs no quotes: what looks like a number has them even where YAML would not need them.
fn plain(text: &str) -> bool {
    let is_numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    !is_numeric && (is_word(text) || is_plain(text))
}

fn is_script(text: &str) -> bool {
    !text.contains(super::is_unprintable)
}

/// Why a text is not edited: it has to be done by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {}: {reason}", place.line)]
pub struct EditRefusal {
    /// Where.
    pub place: Place,
    /// Why.
    pub reason: &'static str,
}

impl EditRefusal {
    fn new(place: Place, reason: &'static str) -> Self {
        Self { place, reason }
    }
}

/// Changes one key of a text. `path` leads to it from the top; `rank` says which of the keys of a section (its path, the key)
/// comes first; one without a rank comes last.
///
/// # Errors
/// [`EditRefusal`] where the text is written in a way in which the change is not safe.
pub fn edited(
    text: &str,
    path: &[&str],
    edit: &YamlEdit,
    rank: &dyn Fn(&[&str], &str) -> Option<usize>,
) -> Result<String, EditRefusal> {
    let whole = EditRefusal::new(Place::START, "the file is no YAML that says something");
    let (Some(document), None) = tree(text) else { return Err(whole) };
    let layout = Layout::of(text);
    let mut spot = Spot { layout: &layout, sections: Vec::new(), rank };
    let cut = spot.cut(&document, path, edit)?;
    let after = [&text[..cut.from], &cut.text, &text[cut.to..]].concat();
    let mut expected = value(&document);
    expect(&mut expected, path, edit);
    let told = match tree(&after) {
        (Some(read), None) => value(&read) == expected,
        _ => false,
    };
    if told { Ok(after) } else { Err(EditRefusal::new(spot_of(&document, path), MORE)) }
}

const MORE: &str = "to change it there would change more than it, as where an anchor leads here";

/// Where a key stands, or the nearest of its sections.
fn spot_of(node: &SourceNode, path: &[&str]) -> Place {
    let Some((first, rest)) = path.split_first() else { return node.place };
    match member_of(node, first) {
        Some(member) if rest.is_empty() => member.at,
        Some(member) if matches!(member.value.shape, Shape::Map(_)) => spot_of(&member.value, rest),
        Some(member) => member.at,
        None => node.place,
    }
}

fn member_of<'n>(node: &'n SourceNode, key: &str) -> Option<&'n Member> {
    match &node.shape {
        Shape::Map(members) => members.iter().find(|member| member.key == key),
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => None,
    }
}

/// What takes the place of some bytes.
struct Cut {
    from: usize,
    to: usize,
    text: String,
}

/// On the way down to a key.
struct Spot<'a> {
    layout: &'a Layout<'a>,
    /// The sections on the way.
    sections: Vec<&'a str>,
    rank: &'a dyn Fn(&[&str], &str) -> Option<usize>,
}

impl<'a> Spot<'a> {
    fn cut(&mut self, section: &SourceNode, path: &[&'a str], edit: &YamlEdit) -> Result<Cut, EditRefusal> {
        let Some((key, rest)) = path.split_first() else {
            return Err(EditRefusal::new(section.place, "no key is named"));
        };
        let Shape::Map(members) = &section.shape else {
            return Err(EditRefusal::new(section.place, "there are no keys with values here"));
        };
        // An alias or an anchor with a section behind it is one section at two places.
        self.layout.begin(section)?;
        match members.iter().position(|member| member.key == *key) {
            None => self.insert(section, members, path, edit),
            Some(at) if rest.is_empty() => self.change(section, members, at, edit),
            Some(at) => {
                let member = &members[at];
                match &member.value.shape {
                    Shape::Null if member.value.spelling.is_empty() => self.begin_section(member, rest, edit),
                    Shape::Map(inner) if inner.is_empty() => self.fill(&member.value, rest, edit),
                    Shape::Null
                    | Shape::Flag(_)
                    | Shape::Whole(_)
                    | Shape::Fraction(_)
                    | Shape::Text(_)
                    | Shape::List(_)
                    | Shape::Map(_) => {
                        self.sections.push(key);
                        self.cut(&member.value, rest, edit)
                    }
                }
            }
        }
    }

    /// Changes a key that is written.
    fn change(&self, section: &SourceNode, members: &[Member], at: usize, edit: &YamlEdit) -> Result<Cut, EditRefusal> {
        let (layout, member) = (self.layout, &members[at]);
        let node = &member.value;
        match (edit, &node.shape) {
            (YamlEdit::Unset, _) => {
                let parts: Vec<(usize, usize)> = members
                    .iter()
                    .map(|one| Ok((layout.offset(one.at), layout.end_of_member(one)?)))
                    .collect::<Result<_, EditRefusal>>()?;
                self.remove(section, &parts, at, "{}")
            }
            (YamlEdit::Set(_), Shape::List(_) | Shape::Map(_)) => {
                Err(EditRefusal::new(node.place, "a list or keys are written where one value is wanted"))
            }
            (YamlEdit::Set(wanted), _) => {
                let (from, to) = (layout.begin(node)?, layout.end(node)?);
                if from == to || node.spelling.contains('\n') || node.spelling.starts_with(['|', '>']) {
                    return Err(EditRefusal::new(member.at, "the value is not on one line"));
                }
                Ok(Cut { from, to, text: wanted.like(&node.spelling) })
            }
            (YamlEdit::Add(item, _), Shape::List(items)) => self.add(node, items, item),
            (YamlEdit::Take(item), Shape::List(items)) => {
                let missing = || EditRefusal::new(node.place, "the list has no such item");
                let at = items.iter().position(|one| value(one) == *item).ok_or_else(missing)?;
                let parts: Vec<(usize, usize)> = items
                    .iter()
                    .map(|one| Ok((layout.begin(one)?, layout.end(one)?)))
                    .collect::<Result<_, EditRefusal>>()?;
                self.remove(node, &parts, at, "[]")
            }
            (YamlEdit::Add(..) | YamlEdit::Take(_), _) => Err(EditRefusal::new(member.at, "no list is written here")),
        }
    }

    /// Adds an item to a list that is written.
    fn add(&self, list: &SourceNode, items: &[SourceNode], item: &YamlText) -> Result<Cut, EditRefusal> {
        let layout = self.layout;
        let Some(last) = items.last() else {
            let at = layout.begin(list)? + 1;
            return Ok(Cut { from: at, to: at, text: item.text.clone() });
        };
        let end = layout.end(last)?;
        if layout.is_flow(list)? {
            let before = layout.before(layout.begin(last)?);
            let rest = layout.text[end..layout.next_line(end)].trim();
            // Where each has a line of its own, so has this one.
            let is_alone = before.trim().is_empty() && (rest.is_empty() || rest == ",");
            let gap = if is_alone { format!("{}{before}", layout.line_end()) } else { " ".to_owned() };
            return Ok(Cut { from: end, to: end, text: format!(",{gap}{}", item.like(&last.spelling)) });
        }
        let dash = layout.before(layout.offset(last.place));
        if dash.trim() != "-" || !layout.ends_line(end) {
            return Err(EditRefusal::new(last.place, "the item is not on a line of its own"));
        }
        Ok(self.lines_after(end, &[format!("{dash}{}", item.like(&last.spelling))], false))
    }

    /// Removes one of these parts of a list or mapping; the last one leaves it `empty`.
    fn remove(&self, all: &SourceNode, parts: &[(usize, usize)], at: usize, empty: &str) -> Result<Cut, EditRefusal> {
        let (layout, (from, to)) = (self.layout, parts[at]);
        if layout.is_flow(all)? {
            let before = at.checked_sub(1).map(|before| parts[before].1);
            let cut = match (before, parts.get(at + 1)) {
                (_, Some((next, _))) => (from, *next),
                (Some(end), None) => (end, to),
                (None, None) => (from, to),
            };
            if layout.text[cut.0..cut.1].contains('#') {
                return Err(EditRefusal::new(all.place, "a comment stands in between"));
            }
            return Ok(Cut { from: cut.0, to: cut.1, text: String::new() });
        }
        let before = layout.before(from).trim();
        if !(before.is_empty() || before == "-") || !layout.ends_line(to) {
            return Err(EditRefusal::new(all.place, "it is not on a line of its own"));
        }
        let (start, next) = (layout.line_start(from), layout.next_line(to));
        if parts.len() > 1 {
            return Ok(Cut { from: start, to: next, text: String::new() });
        }
        // The key stays, and says that it is empty.
        let above = layout.text[..start].trim_end();
        let key = layout.line(layout.line_start(above.len()));
        if !above.ends_with(':') || key.trim_start().starts_with('#') {
            return Err(EditRefusal::new(all.place, "a comment stands between the key and its last item"));
        }
        let text = format!(" {empty}{}", &layout.text[above.len()..start]);
        Ok(Cut { from: above.len(), to: next, text })
    }

    /// Writes a key that is not there yet.
    fn insert(
        &self,
        section: &SourceNode,
        members: &[Member],
        path: &[&str],
        edit: &YamlEdit,
    ) -> Result<Cut, EditRefusal> {
        let layout = self.layout;
        let rank = |key: &str| (self.rank)(&self.sections, key).unwrap_or(usize::MAX);
        let Some(first) = members.first() else {
            return self.fill(section, path, edit);
        };
        if layout.is_flow(section)? {
            let last = members.last().unwrap_or(first);
            let end = layout.end_of_member(last)?;
            return Ok(Cut { from: end, to: end, text: format!(", {}", flow(path, edit, first.is_quoted)?) });
        }
        let indent = layout.before(layout.offset(first.at));
        if !indent.trim().is_empty() {
            return Err(EditRefusal::new(first.at, "the key is not on a line of its own"));
        }
        let lines = block(path, edit, indent, self.step(members))?;
        let wanted = rank(path[0]);
        let is_before = |member: &&Member| wanted == usize::MAX || rank(&member.key) < wanted;
        let before = members.iter().filter(is_before).max_by_key(|one| one.at);
        let Some(before) = before else {
            let at = layout.line_start(layout.offset(first.at));
            let at = if self.sections.is_empty() { at } else { self.below_the_key(at) };
            return Ok(Cut { from: at, to: at, text: self.joined(&lines) });
        };
        let end = layout.end_of_member(before)?;
        if !layout.ends_line(end) {
            return Err(EditRefusal::new(before.at, "the key is not on a line of its own"));
        }
        let end = self.with_its_comments(end, indent.len());
        let next = layout.next_line(end);
        let is_open = next == layout.text.len() || layout.line(next).trim().is_empty();
        let is_section = self.sections.is_empty() && lines.len() > 1;
        let apart = is_section && (is_open || self.is_apart(layout.line_start(layout.offset(before.at))));
        Ok(self.lines_after(end, &lines, apart))
    }

    /// Where the line below the key of a section begins, whose first own key stands on the line that begins at `at`: comments
    /// in between are about that one.
    fn below_the_key(&self, at: usize) -> usize {
        let mut at = at;
        while at > 0 {
            let above = self.layout.line_start(at - 1);
            let line = self.layout.line(above).trim();
            if !(line.is_empty() || line.starts_with('#')) {
                break;
            }
            at = above;
        }
        at
    }

    /// The end of what is written below a key: comments that are indented deeper than it are about its inside.
    fn with_its_comments(&self, end: usize, indent: usize) -> usize {
        let (layout, mut end) = (self.layout, end);
        let mut next = layout.next_line(end);
        while next < layout.text.len() {
            let line = layout.line(next);
            let depth = line.len() - line.trim_start().len();
            if line.trim_start().starts_with('#') && depth > indent {
                end = next;
            } else if !line.trim().is_empty() {
                break;
            }
            next = layout.next_line(next);
        }
        end
    }

    /// Begins a section of which only the key is written.
    fn begin_section(&self, member: &Member, path: &[&str], edit: &YamlEdit) -> Result<Cut, EditRefusal> {
        let layout = self.layout;
        let outer = layout.before(layout.offset(member.at));
        let colon = layout.colon(member)?;
        if !outer.trim().is_empty() || !layout.ends_line(colon) {
            return Err(EditRefusal::new(member.at, "the key is not on a line of its own"));
        }
        let lines = block(path, edit, &format!("{outer}  "), 2)?;
        Ok(self.lines_after(colon, &lines, false))
    }

    /// Writes the first key into `{}`.
    fn fill(&self, node: &SourceNode, path: &[&str], edit: &YamlEdit) -> Result<Cut, EditRefusal> {
        let at = self.layout.begin(node)? + 1;
        Ok(Cut { from: at, to: at, text: flow(path, edit, false)? })
    }

    /// By how much sections here are indented.
    fn step(&self, members: &[Member]) -> usize {
        let inner = members.iter().find_map(|member| {
            let Shape::Map(inner) = &member.value.shape else { return None };
            let is_block = !self.layout.is_flow(&member.value).unwrap_or(true);
            let step = inner.first()?.at.column.saturating_sub(member.at.column);
            is_block.then_some(step)
        });
        inner.filter(|step| *step > 0).unwrap_or(2)
    }

    /// Whether a blank line stands above the line that begins there and its comments.
    fn is_apart(&self, at: usize) -> bool {
        let above = self.layout.text[..at].lines().rev();
        above.map(str::trim).find(|line| !line.starts_with('#')).is_some_and(str::is_empty)
    }

    /// Whole lines after that of the byte `end`, with a blank one above where they are to stand `apart`.
    fn lines_after(&self, end: usize, lines: &[String], apart: bool) -> Cut {
        let layout = self.layout;
        let at = layout.next_line(end);
        let is_open = at == layout.text.len() && !layout.text.ends_with('\n');
        let gap = layout.line_end();
        let mut text = String::new();
        if is_open {
            text.push_str(gap);
        }
        if apart {
            text.push_str(gap);
        }
        let body = self.joined(lines);
        text.push_str(if is_open { body.trim_end_matches(['\n', '\r']) } else { &body });
        Cut { from: at, to: at, text }
    }

    fn joined(&self, lines: &[String]) -> String {
        lines.iter().flat_map(|line| [line, self.layout.line_end()]).collect()
    }
}

/// A key with its value, or sections around it, inside braces.
fn flow(path: &[&str], edit: &YamlEdit, is_quoted: bool) -> Result<String, EditRefusal> {
    let spelled = |key: &str| if is_quoted || !plain(key) { quoted(key) } else { key.to_owned() };
    let value = match edit {
        YamlEdit::Set(value) if is_quoted => value.like("\""),
        YamlEdit::Set(value) => value.text.clone(),
        YamlEdit::Add(item, _) => format!("[{}]", item.text),
        YamlEdit::Take(_) | YamlEdit::Unset => {
            return Err(EditRefusal::new(Place::START, "there is nothing to remove"));
        }
    };
    let (last, sections) = path.split_last().unwrap_or((&"", &[]));
    let inner = format!("{}: {value}", spelled(last));
    Ok(sections.iter().rev().fold(inner, |inner, section| format!("{}: {{ {inner} }}", spelled(section))))
}

/// The same as lines.
fn block(path: &[&str], edit: &YamlEdit, indent: &str, step: usize) -> Result<Vec<String>, EditRefusal> {
    let (last, sections) = path.split_last().unwrap_or((&"", &[]));
    let mut lines = Vec::new();
    let mut indent = indent.to_owned();
    for section in sections {
        lines.push(format!("{indent}{section}:"));
        indent.push_str(&" ".repeat(step));
    }
    let key = if plain(last) { (*last).to_owned() } else { quoted(last) };
    match edit {
        YamlEdit::Set(value) => lines.push(format!("{indent}{key}: {}", value.text)),
        YamlEdit::Add(item, NewList::Brackets) => lines.push(format!("{indent}{key}: [{}]", item.text)),
        YamlEdit::Add(item, NewList::Lines) => {
            lines.push(format!("{indent}{key}:"));
            lines.push(format!("{indent}  - {}", item.text));
        }
        YamlEdit::Take(_) | YamlEdit::Unset => {
            return Err(EditRefusal::new(Place::START, "there is nothing to remove"));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests;
