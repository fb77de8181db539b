//! Whose answers the judgement of an object needs beside its own.

/// The kinds whose objects are asked about as well where an object of this kind is judged by itself: what they answer says
/// how grave something is, or whether it is somebody's at all ([`DeepLook::told_of_any`](super::look::DeepLook::told_of_any)).
pub fn companions(kind: &str) -> &'static [&'static str] {
    match kind {
        // A group of ours that was attached lets in whom its rules let in.
        "cluster" | "database" | "load_balancer" | "vpc_endpoint" => &["security_group"],
        // A list of the network that a subnet was put under filters by its entries.
        "subnet" => &["vpc"],
        // A target is one of our nodes, or a stranger.
        "target_group" => &["node_group"],
        _ => &[],
    }
}
