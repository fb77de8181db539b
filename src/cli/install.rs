//! What is installed beside the program: completions and manual pages.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use super::failure::Failure;
use super::{exit, out};
use crate::store::file;

/// Prints what a shell completes by.
pub(super) fn completions(shell: Shell) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "ppm-infra", &mut text);
    out::data(&String::from_utf8_lossy(&text));
    exit::DONE
}

/// Prints the manual page, or writes it and one for each command into a folder, which is made if it is not there.
///
/// # Errors
/// [`exit::FAILED`] when the folder cannot be written to.
pub(super) fn man(folder: Option<&Path>) -> Result<u8, Failure> {
    let command = Cli::command();
    let Some(folder) = folder else {
        let mut page = Vec::new();
        // Writing into memory does not fail.
        let _ = Man::new(command).render(&mut page);
        out::data(&String::from_utf8_lossy(&page));
        return Ok(exit::DONE);
    };
    let made = file::make_public_folder(folder).map_err(|error| error.to_string());
    let written = made.and_then(|()| clap_mangen::generate_to(command, folder).map_err(|error| error.to_string()));
    written.map_err(|cause| {
        let mut failure = Failure::new(exit::FAILED, format!("could not write manual pages into {}", folder.display()));
        failure.causes.push(cause);
        failure.hint("name another folder, or leave it out: then the page of the program is printed")
    })?;
    Ok(exit::DONE)
}

/// The path of this program.
///
/// # Errors
/// When the system does not tell it, or it is no text.
pub(super) fn this_program() -> Result<String, Failure> {
    let path = std::env::current_exe().map_err(|error| error.to_string());
    let path = path.and_then(|path| path.to_str().map(str::to_owned).ok_or_else(|| "its path is no text".to_owned()));
    path.map_err(|error| Failure::new(exit::FAILED, format!("this program does not know where it is: {error}")))
}
