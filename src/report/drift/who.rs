//! Who changed what has drifted: one row for each object, with how sure that is.

use serde_json::{Value, json};

use super::told_time;
use crate::audit::{Author, Authorship, Caller, Confidence};
use crate::model::address::Address;
use crate::report::block::{Block, Row};
use crate::report::page::Remark;
use crate::report::ready::Ready;
use crate::report::text::{Label, Text};
use crate::report::words::count;
use crate::run::{LookedUp, WhoReport};

/// What is said where CloudTrail has nothing. How late it may be: `cloud::aws::cloudtrail` has the source.
const NOTHING: &str = "CloudTrail tells of nothing yet (events take up to 15 minutes)";

/// The section of all of them, in the order of the addresses.
pub(super) fn content(who: &WhoReport) -> Ready {
    let rows = who.told.iter().map(|(address, told)| row(address, told)).collect();
    let objects: Vec<Value> = who.told.iter().map(|(address, told)| told_json(address, told)).collect();
    let error = who.failed.as_ref().map(ToString::to_string);
    let fields = json!({"objects": objects, "left_out": who.left_out, "error": error});
    Ready::of(Block::rows(rows), vec![("who", fields)])
}

/// What is to be said of objects that nobody asked about.
pub(super) fn remarks(who: &WhoReport) -> Vec<Remark> {
    let left_out = (who.left_out > 0).then(|| {
        let words = format!("Who changed {} more was not looked up.", count(who.left_out, "object"));
        Remark::Plain(Text::of(Label::Plain, words))
    });
    let failed = who.failed.as_ref().map(|error| {
        let what = if error.is_denied() {
            "it takes the permission `cloudtrail:LookupEvents`, or `--no-who`"
        } else {
            "nothing else depends on it"
        };
        Remark::Warning(Text::of(Label::Plain, format!("who changed it is not known: {error}; {what}.")))
    });
    left_out.into_iter().chain(failed).collect()
}

/// Who it was, for a line that is read on a phone; nothing where it may have been several.
pub(in crate::report) fn author_of(who: &WhoReport, address: &str) -> Option<String> {
    let told = who.told.get(&address.parse::<Address>().ok()?)?.who.as_ref()?;
    let author = told.authors.first().filter(|_| told.confidence != Confidence::Candidates)?;
    let means = author.event.means.name().map(|name| format!(" with {name}")).unwrap_or_default();
    Some(format!("{}{means}", author.event.caller.name))
}

fn row(address: &Address, told: &LookedUp) -> Row {
    let (word, lines) =
        told.who.as_ref().map_or_else(|| ("unknown", vec![nothing(told)]), |who| (who.confidence.word(), lines(who)));
    let label = if told.who.is_some() { Label::Plain } else { Label::Muted };
    let name = Text::of(Label::Address, address.to_string());
    Row { cells: vec![vec![name], vec![Text::of(label, word)], lines], ..Row::default() }
}

fn nothing(told: &LookedUp) -> Text {
    let read = told.read;
    let cut = || format!("none of the last {read} entries of CloudTrail changed it; older ones were not read");
    Text::of(Label::Muted, if told.is_cut { cut() } else { NOTHING.to_owned() })
}

fn lines(who: &Authorship) -> Vec<Text> {
    let mut lines: Vec<Text> =
        who.authors.iter().flat_map(|author| [person(&author.event.caller), call(author)]).collect();
    if who.others > 0 {
        lines.push(Text::of(Label::Muted, format!("and {} more", who.others)));
    }
    lines
}

/// `PutRolePolicy at 2026-11-30 02:00 UTC, with the console, from 203.0.113.7`.
fn call(author: &Author) -> Text {
    let event = &author.event;
    let mut words = format!("{} at {}", event.name, told_time(event.at));
    let means = event.means.name().filter(|name| *name != event.caller.name);
    words.extend(means.map(|name| format!(", with {name}")));
    let from = event.from.as_deref().filter(|from| Some(*from) != event.means.name());
    words.extend(from.map(|from| format!(", from {from}")));
    words.extend((author.events > 1).then(|| format!(", the last of {} calls", author.events)));
    Text::of(Label::Muted, words)
}

/// `casey@example.com (role Deployer)`.
fn person(principal: &Caller) -> Text {
    let role = principal.role.as_ref().map(|role| format!("role {role}"));
    let source = principal.source_identity.as_ref().filter(|name| **name != principal.name);
    let source = source.map(|name| format!("source identity {name}"));
    let more: Vec<String> = role.into_iter().chain(source).collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    Text::of(Label::Plain, format!("{}{more}", principal.name))
}

fn told_json(address: &Address, told: &LookedUp) -> Value {
    let authors = told.who.as_ref().map_or(&[][..], |who| &who.authors);
    json!({
        "address": address,
        "since": told.since,
        "confidence": told.who.as_ref().map(|who| who.confidence.word()),
        "authors": authors.iter().map(author_json).collect::<Vec<Value>>(),
        "others": told.who.as_ref().map_or(0, |who| who.others),
        "older_unread": told.is_cut,
    })
}

fn author_json(author: &Author) -> Value {
    let event = &author.event;
    let Caller { arn, name, role, source_identity, is_service } = &event.caller;
    json!({
        "arn": arn,
        "name": name,
        "role": role,
        "source_identity": source_identity,
        "is_service": is_service,
        "from": event.from,
        "means": event.means.word(),
        "agent": event.means.name(),
        "event": event.name,
        "event_source": event.source,
        "event_id": event.id,
        "at": event.at,
        "events": author.events,
    })
}
