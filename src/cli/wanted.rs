//! What of a stack is meant on the command line: addresses, and names behind them.

use std::collections::BTreeMap;

use super::exit;
use super::failure::Failure;
use crate::model::address::Address;
use crate::resources::catalog;

/// What says which addresses there are.
pub(super) const SHOWN: &str = "`ppm-infra drift` shows what drifted";

/// Addresses, each with the fields that are named behind it; none for all of the object. A word is an address if it begins
/// with a kind.
pub(super) fn wanted(what: &[String]) -> Result<BTreeMap<Address, Vec<String>>, Failure> {
    let kinds = catalog();
    let mut wanted: BTreeMap<Address, Vec<String>> = BTreeMap::new();
    let mut last = None;
    for word in what {
        match (word.parse::<Address>(), &last) {
            (Ok(address), _) if kinds.contains_key(&address.kind) => {
                wanted.entry(address.clone()).or_default();
                last = Some(address);
            }
            (_, Some(address)) => wanted.entry(address.clone()).or_default().push(word.clone()),
            (_, None) => {
                return Err(Failure::new(exit::USAGE, format!("`{word}` is no address")).hint(SHOWN));
            }
        }
    }
    Ok(wanted)
}
