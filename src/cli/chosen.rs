//! Which cloud `--cloud` chooses, and what follows from it: where the state is kept, how fast time goes, and how a
//! command has to be typed to mean the same again.
//!
//! Promises: a rehearsal touches nothing of the real stack. What it keeps stands in one folder beside the file of its
//! world, also where the declaration names a bucket for the state.

use std::path::{Path, PathBuf};

use super::args::Common;
use super::exit;
use super::failure::Failure;
use crate::store::file;

/// Where lockfiles are unless `--state` says otherwise.
const STATE: &str = "state";

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
    common.state.clone().or_else(|| rehearsal_folder(common)).unwrap_or_else(|| STATE.into())
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

/// How the program has to be called to mean the same cloud and state again: as it was called now, but for what stands in
/// the environment.
pub(super) fn program(common: &Common) -> String {
    let mut program = "ppm-infra".to_owned();
    let environment = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
    if common.cloud != "aws" && !environment("PPM_INFRA_CLOUD", &common.cloud) {
        program = format!("{program} --cloud {}", common.cloud);
    }
    let folder = common.state.as_ref().map(|folder| folder.display().to_string());
    if let Some(folder) = folder.filter(|folder| folder != STATE && !environment("PPM_INFRA_STATE", folder)) {
        program = format!("{program} --state {folder}");
    }
    program
}

/// A text, or a line for a shell, with every command of this program as it has to be typed now.
pub(super) fn as_typed(text: &str, program: &str) -> String {
    let text = text.replace("`ppm-infra ", &format!("`{program} "));
    text.strip_prefix("ppm-infra ").map_or_else(|| text.clone(), |rest| format!("{program} {rest}"))
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
