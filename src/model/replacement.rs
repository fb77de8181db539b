//! In which order one object takes the place of another.

use serde::{Deserialize, Serialize};

/// Which object goes first when one takes the place of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceOrder {
    /// The new one is made before the old one goes: no gap.
    CreateFirst,
    /// The world has room for one only (a CIDR, a fixed name): the old one goes first.
    DeleteFirst,
}
