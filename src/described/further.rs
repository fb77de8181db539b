//! What is worth asking after what a look found: the calls that a table marks `if`, as what an inline policy says.
//!
//! Promises: of a stack that is in sync nothing is asked.

use std::collections::BTreeMap;

use super::judge::Deviation;
use super::look::DeepLook;
use super::root::{self, Asked, FOUND, Root};
use super::table::MemberClass;
use crate::model::described::Inquiry;

/// The calls worth making about an object after these deviations of it, and these fields of ours that are not as they were
/// recorded.
pub fn further(look: &DeepLook<'_>, found: &[Deviation], changed: &[&str]) -> Vec<Inquiry> {
    let mut inquiries = Vec::new();
    for row in &look.table.rows {
        let MemberClass::Root(value) = row.class else { continue };
        let Some(root) = root::read(row.call, row.path, value) else { continue };
        let Asked::If(call) = root.asked else { continue };
        let by_it: Vec<&Deviation> = found.iter().filter(|one| one.is_drift() && one.call == call).collect();
        let tracks = |fields: &[&str]| fields.iter().any(|field| changed.contains(field));
        let mut of_call = look.table.of_call(call);
        let is_changed = of_call.any(|row| matches!(&row.class, MemberClass::Tracked(fields) if tracks(fields)));
        if by_it.is_empty() && !is_changed {
            continue;
        }
        if root.by.iter().any(|one| one.field == FOUND) {
            let names = by_it.iter().filter_map(|one| one.member.as_deref());
            inquiries.extend(names.filter_map(|name| inquiry(look, &root, name)));
        } else {
            inquiries.extend(inquiry(look, &root, ""));
        }
    }
    inquiries
}

/// The call about one thing that was found, or about the object.
fn inquiry(look: &DeepLook<'_>, root: &Root<'static>, found: &str) -> Option<Inquiry> {
    let value = |field: &str| match field {
        FOUND => Some(found.to_owned()),
        field => look.field(field),
    };
    let asked: Option<BTreeMap<_, _>> = root.by.iter().map(|one| Some((one.told, value(one.field)?))).collect();
    let address = look.address.clone();
    Some(Inquiry { address, call: root.call, path: root.path, asked: asked?, absent: root.absent })
}
