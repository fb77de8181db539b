//! The text of a journal: one entry on a line, each with its length and a checksum, so that a torn tail is told from
//! damage. The first line names the state it continues.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::engine::state::{JournalEntry, State};
use crate::model::document::digest;

/// Which state a journal continues.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalHeader {
    /// Version of the format.
    pub(super) journal: u32,
    /// Lineage of the state.
    pub(super) lineage: String,
    /// Serial of the state.
    pub(super) serial: u64,
}

impl JournalHeader {
    /// The header of the journal that continues `state`.
    pub(super) fn of(state: &State) -> Self {
        Self { journal: 1, lineage: state.lineage.clone(), serial: state.serial }
    }
}

/// One line: length of the JSON in hex, the first 16 digits of its digest, the JSON.
pub(super) fn line<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_string(value).expect("journal lines serialise");
    format!("{:08x} {} {json}\n", json.len(), &digest(json.as_bytes())[..16])
}

/// Header and entries of a journal. A torn last line is dropped: it was never durable. Nothing if even the header is
/// torn.
pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Option<(JournalHeader, Vec<JournalEntry>)>, StoreError> {
    let damaged =
        |n: usize| StoreError::Damaged { path: path.to_owned(), reason: format!("line {} is not whole", n + 1) };
    let mut header = None;
    let mut entries = Vec::new();
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for (n, raw) in lines.iter().enumerate() {
        let last = n + 1 == lines.len();
        match content(raw) {
            None if last => break,
            None => return Err(damaged(n)),
            Some(json) if n == 0 => header = Some(serde_json::from_str(json).map_err(|_| damaged(n))?),
            Some(json) => entries.push(serde_json::from_str(json).map_err(|_| damaged(n))?),
        }
    }
    Ok(header.map(|header| (header, entries)))
}

/// The JSON of a line with its end; nothing if the line is not whole.
pub(super) fn content(raw: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(raw.strip_suffix(b"\n")?).ok()?;
    let (length, rest) = text.split_once(' ')?;
    let (sum, json) = rest.split_once(' ')?;
    let whole = usize::from_str_radix(length, 16).ok()? == json.len() && sum == &digest(json.as_bytes())[..16];
    whole.then_some(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (JournalHeader, Vec<JournalEntry>, String) {
        let header = JournalHeader { journal: 1, lineage: "l".to_owned(), serial: 3 };
        let note = |seq| JournalEntry::Note { seq, address: "vpc.main".parse().unwrap(), record: None };
        let entries = vec![note(1), note(2)];
        let text = line(&header) + &line(&entries[0]) + &line(&entries[1]);
        (header, entries, text)
    }

    #[test]
    fn every_truncation_drops_the_torn_line_and_nothing_else() {
        let (header, entries, text) = journal();
        for length in 0..=text.len() {
            let whole = text[..length].matches('\n').count();
            let read = parse(Path::new("j"), &text.as_bytes()[..length]).unwrap();
            match whole {
                0 => assert_eq!(read, None),
                n => assert_eq!(read, Some((header.clone(), entries[..n - 1].to_vec()))),
            }
        }
    }

    #[test]
    fn damage_before_the_last_line_is_refused() {
        let (_, _, text) = journal();
        let second = text.find('\n').unwrap() + 1;
        // Its length, its checksum, its JSON.
        for at in [second + 7, second + 12, second + 30] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(parse(Path::new("j"), &bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
