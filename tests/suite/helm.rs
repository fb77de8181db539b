//! Helm values of whole stacks: what a declaration leads to, what an apply remembers, and the check of a file.

mod check;
mod emitted;
mod ingress;
mod node_port;
mod planned;
mod version;
