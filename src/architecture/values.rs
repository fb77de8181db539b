//! The Helm values of a stack: the text, what is remembered of it, and what it will be while part of what it names does
//! not stand yet.
//!
//! Promises: what [`foreseen`] says is what [`hand_over`] writes once everything stands; nothing in it is guessed.
//!
//! Leaves to others the file, and comparing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::installed::Installed;
use super::outputs::{Made, inputs};
use super::{NotReady, emitted, helm_inputs};
use crate::engine::diff::Shown;
use crate::engine::state::State;
use crate::engine::values::{ValuesContent, ValuesRelease, Written};
use crate::helm::{self, Header, Strategy, ValuesError};
use crate::model::address::Address;
use crate::model::document::{canonical, digest};
use crate::stack::Stack;

/// Why there are no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoValues {
    /// What they name is in no record.
    #[error("there are no Helm values yet: {0}")]
    NotReady(#[from] NotReady),
    /// What is declared makes none.
    #[error("there are no Helm values: {0}")]
    Refused(#[from] ValuesError),
}

/// The values as the next apply writes them, if new objects will stand at the addresses in `fresh`.
///
/// # Errors
/// When what is declared makes no values.
pub fn foreseen(stack: &Stack, state: &State, fresh: &BTreeSet<Address>) -> Result<ValuesContent, ValuesError> {
    let state = emitted::remember(stack, state);
    let mut made = Made::of(&state, fresh);
    let inputs = inputs(stack, &mut made);
    let keys = keys(&helm::values(&inputs)?.to_yaml());
    let shown = |value: Value| {
        let text = canonical(&value);
        match made.stand_ins.iter().find(|(_, stand_in)| text.contains(stand_in.as_str())) {
            Some((address, _)) => Shown::AfterApply(address.clone()),
            None => Shown::Value(value),
        }
    };
    Ok(ValuesContent {
        release: Installed::declared(stack).release(),
        keys: keys.into_iter().map(|(path, value)| (path, shown(value))).collect(),
        settings: settings(stack),
        stops_all_pods: inputs.strategy == Strategy::Recreate,
    })
}

/// The text of the values file, and what is to be remembered of it once it is written to `file`. What was written last
/// keeps its serial, anything else gets `serial`.
///
/// # Errors
/// When something does not stand, or what is declared makes no values.
pub fn hand_over(stack: &Stack, state: &State, file: &str, serial: u64) -> Result<(String, Written), NoValues> {
    let inputs = helm_inputs(stack, state)?;
    let body = helm::values(&inputs)?.to_yaml();
    let sum = digest(body.as_bytes());
    let same = state.values.as_ref().filter(|last| last.digest == sum);
    let serial = same.map_or(serial, |last| last.serial);
    let written = Written::of(
        file.to_owned(),
        &body,
        serial,
        Installed::declared(stack).release(),
        keys(&body),
        &settings(stack),
    );
    let header = Header {
        stack: stack.stack.to_string(),
        account: state.account.clone(),
        region: stack.region.to_string(),
        serial,
        digest: sum,
    };
    Ok((header.above(&body), written))
}

/// What the values written last install, as far as it is remembered.
pub fn last_release(state: &State) -> Option<ValuesRelease> {
    state
        .values
        .as_ref()
        .map(|values| values.release.clone())
        .or_else(|| Installed::last(state).map(|last| last.release()))
}

fn keys(body: &str) -> BTreeMap<String, Value> {
    helm::leaves(body).expect("values that were written here are YAML")
}

/// The keys that come from `package_manager.settings`.
fn settings(stack: &Stack) -> BTreeSet<String> {
    let sections = stack.package_manager.settings.iter();
    sections
        .flat_map(|section| section.settings().iter().map(|(key, _)| format!("config.{}.{key}", section.heading())))
        .collect()
}
