//! What the program's exit status means. Documented constants; the first three mean what Terraform users expect.

/// Done; or there was nothing to do; or everything is in sync.
pub const DONE: u8 = 0;
/// Something failed. What succeeded is recorded. Or the stack does not serve (`status`).
pub const FAILED: u8 = 1;
/// Changes or drift exist (`plan --detailed-exitcode`, `drift`).
pub const DIFFERENT: u8 = 2;
/// Something could not be read, so the answer is incomplete.
pub const INCOMPLETE: u8 = 3;
/// Somebody else holds the lock, or the saved plan is stale.
pub const BUSY: u8 = 4;
/// The command line is wrong.
pub const USAGE: u8 = 64;
/// The declaration is invalid.
pub const DECLARATION: u8 = 65;
/// The cloud does not answer, or refuses the credentials.
pub const CLOUD: u8 = 69;
/// A bug in ppm-infra. After a panic a report is kept, and nothing more was done.
pub const BUG: u8 = 70;
/// The state cannot be used.
pub const STATE: u8 = 78;
/// Interrupted; intents are recorded.
pub const INTERRUPTED: u8 = 130;

/// The exit status of a command that ends now, with what it held: of many thousand records the memory goes faster as a
/// whole, with the process.
pub(super) fn leaving<T>(code: u8, held: T) -> u8 {
    std::mem::forget(held);
    code
}
