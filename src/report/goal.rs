//! What a plan is for.

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// That what is declared stands.
    Converge,
    /// That nothing stands.
    Destroy,
}
