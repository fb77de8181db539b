//! The names of objects in AWS. Predictable: most ARNs are known before anything is made.

/// The name of an object as consoles show it: stack, then what it is.
pub(super) fn object(stack: &str, kind: &str, name: &str) -> String {
    if name == "main" { format!("{stack}-{}", kind.replace('_', "-")) } else { format!("{stack}-{name}") }
}

/// The default name of the bucket: unique in the world because account numbers are.
pub(super) fn bucket(stack: &str, account: &str) -> String {
    format!("{stack}-{account}")
}
