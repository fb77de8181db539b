//! Every kind of resource, one at a time, against the strict emulator.

mod iam_policy;
mod iam_role;
mod kms_key;
mod oidc_provider;
mod vpc;
