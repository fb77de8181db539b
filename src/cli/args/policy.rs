//! Arguments of `iam-policy`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;

use super::File;
use crate::model::values::{AccountId, Arn};
use crate::permissions::PolicyPurpose;

/// Arguments of `iam-policy`.
#[derive(Debug, Args)]
pub(in crate::cli) struct IamPolicyArgs {
    /// The declaration; by default the only one in plans/
    #[command(flatten)]
    pub(in crate::cli) file: File,
    /// The command it allows
    #[arg(long = "for", value_name = "COMMAND", value_parser = purposes())]
    pub(in crate::cli) purpose: PolicyPurpose,
    /// Account of the stack; by default the declared one, or that of the lockfile
    #[arg(long, value_name = "ACCOUNT")]
    pub(in crate::cli) account: Option<AccountId>,
    /// ARN of the KMS key of the bucket of the state, if that is encrypted with one; by default the declared one
    #[arg(long, value_name = "ARN")]
    pub(in crate::cli) state_key: Option<Arn>,
    /// Write it into this folder, as documents small enough for managed policies of IAM
    #[arg(short, long, value_name = "FOLDER")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Write over files that are there with other content
    #[arg(long, requires = "out")]
    pub(in crate::cli) force: bool,
}

fn purposes() -> impl clap::builder::TypedValueParser<Value = PolicyPurpose> {
    PossibleValuesParser::new(PolicyPurpose::ALL.map(PolicyPurpose::word)).map(|word| {
        let found = PolicyPurpose::ALL.into_iter().find(|purpose| purpose.word() == word);
        found.expect("the parser takes no other word")
    })
}
