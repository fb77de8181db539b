//! Every command that a text names is run where it is named, and does what the text says.

mod front;
mod record;
mod source;
