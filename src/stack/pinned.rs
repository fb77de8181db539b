//! A value that a new stack takes from the table of keys, and a standing one keeps.

use serde::{Serialize, Serializer};

use super::values::Values;
use crate::model::values::TextValue;

/// A value that stays as it was applied where the declaration does not write it: a newer program has another default, and
/// nothing is updated because somebody installed that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pinned<T> {
    /// What the declaration says.
    Written(T),
    /// What a new stack gets, for the declaration says nothing.
    Default(T),
}

impl<T: Copy> Pinned<T> {
    /// What is declared, written or by default.
    pub fn declared(self) -> T {
        match self {
            Self::Written(value) | Self::Default(value) => value,
        }
    }

    /// What is meant beside what stands: that, unless something else is written.
    pub fn beside(self, standing: Option<T>) -> T {
        match self {
            Self::Written(value) => value,
            Self::Default(value) => standing.unwrap_or(value),
        }
    }
}

impl<T: TextValue> Pinned<T> {
    pub(super) fn of(values: &Values, path: &str) -> Option<Self> {
        let value = values.text(path)?;
        Some(if values.written(path).is_some() { Self::Written(value) } else { Self::Default(value) })
    }
}

/// As the value that is declared.
impl<T: Copy + Serialize> Serialize for Pinned<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.declared().serialize(serializer)
    }
}
