//! Which cloud `--cloud` chooses, and what follows from it: where the state is kept, and how fast time goes.
//!
//! Promises: a rehearsal touches nothing of the real stack. What it keeps stands in one folder beside the file of its
//! world, also where the declaration names a bucket for the state.

use std::path::{Path, PathBuf};

use super::args::Common;
use super::failure::Failure;
use super::{exit, typed};
use crate::store::file;

/// How many times faster than AWS a rehearsal is unless `--time-scale` says otherwise: the reference architecture
/// stands within seconds, and one still sees what waits for what.
const REHEARSAL_SCALE: f64 = 240.0;

/// A cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen<'a> {
    /// The real one, or whatever stands at `AWS_ENDPOINT_URL`.
    Aws,
    /// One in this file.
    Rehearsal(&'a Path),
}

/// The cloud that was chosen.
///
/// # Errors
/// When there is no such cloud.
pub(super) fn chosen(common: &Common) -> Result<Chosen<'_>, Failure> {
    match common.cloud.split_once(':') {
        None if common.cloud == "aws" => Ok(Chosen::Aws),
        Some(("simulated", path)) if !path.is_empty() => Ok(Chosen::Rehearsal(Path::new(path))),
        Some(_) | None => Err(Failure::new(exit::USAGE, format!("there is no cloud `{}`", common.cloud))
            .hint("clouds are `aws` and `simulated:FILE`")),
    }
}

/// The cloud that was chosen, which can be there.
///
/// # Errors
/// As [`chosen`], and when something else than a file stands where a rehearsal keeps its world.
pub(super) fn usable(common: &Common) -> Result<Chosen<'_>, Failure> {
    let chosen = chosen(common)?;
    if let Chosen::Rehearsal(world) = chosen {
        file::may_stand_at(world)?;
    }
    Ok(chosen)
}

/// Whether nothing real is touched.
pub(super) fn is_rehearsal(common: &Common) -> bool {
    matches!(chosen(common), Ok(Chosen::Rehearsal(_)))
}

/// The folder a rehearsal keeps everything in but its world: for `try.json` it is `try.rehearsal`.
pub(super) fn rehearsal_folder(common: &Common) -> Option<PathBuf> {
    match chosen(common) {
        Ok(Chosen::Rehearsal(world)) => Some(world.with_extension("rehearsal")),
        Ok(Chosen::Aws) | Err(_) => None,
    }
}

/// The folder of the lockfiles.
pub(super) fn state_folder(common: &Common) -> PathBuf {
    common.state.clone().or_else(|| rehearsal_folder(common)).unwrap_or_else(|| typed::STATE.into())
}

/// How many times faster than real time the cloud is.
///
/// # Errors
/// When it is no number greater than 0.
pub(super) fn time_scale(common: &Common) -> Result<f64, Failure> {
    let usual = if is_rehearsal(common) { REHEARSAL_SCALE } else { 1.0 };
    let scale = common.time_scale.unwrap_or(usual);
    if scale.is_finite() && scale > 0.0 {
        Ok(scale)
    } else {
        Err(Failure::new(exit::USAGE, "--time-scale takes a number greater than 0"))
    }
}
