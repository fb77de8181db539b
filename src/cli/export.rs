//! `export terraform`: the applied stack as files of Terraform.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::json;

use super::args::{Common, ExportCommand, ExportTerraformArgs};
use super::failure::Failure;
use super::folder::{NamedText, write_files};
use super::workplace::{self, Declaration};
use super::{exit, out};
use crate::engine::state::{Book, Status};
use crate::helm::shell_word;
use crate::model::address::Address;
use crate::model::terraform::TerraformError;
use crate::render::document;
use crate::resources::catalog;
use crate::store::file;
use crate::terraform::{TerraformExport, TerraformStack, export};

/// Writes the stack into a folder as something else than a declaration.
pub(super) async fn export_command(common: &Common, command: &ExportCommand) -> Result<u8, Failure> {
    match command {
        ExportCommand::Terraform(args) => terraform(common, args).await,
    }
}

async fn terraform(common: &Common, args: &ExportTerraformArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let book = workplace::load(&mut home, &declaration).await?;
    refuse_unfinished(&declaration, &book)?;
    let name = declaration.name();
    let (lockfile, declared) = (home.path().display().to_string(), shell_word(&name));
    let stack = TerraformStack { state: &book.state, catalog: &catalog(), lockfile: &lockfile, declaration: &declared };
    let export = export(&stack).map_err(|error| unsayable(&error))?;
    let files: Vec<NamedText<'_>> = export.files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
    refuse_others(&args.out, &files)?;
    let written = write_files(&args.out, &files, args.force)?;
    let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    tell(common, &args.out, &written, &export);
    Ok(exit::DONE)
}

/// Refuses a stack of which something is still to be made, changed or removed: what is recorded of it may not be what is there.
fn refuse_unfinished(declaration: &Declaration, book: &Book) -> Result<(), Failure> {
    let stack = &declaration.stack.stack;
    if book.state.resources.is_empty() {
        return Err(Failure::new(
            exit::FAILED,
            format!("nothing of {stack} is recorded, so there is nothing to export"),
        )
        .hint("`ppm-infra apply` makes the stack; `ppm-infra recover` finds one whose lockfile was lost"));
    }
    let unfinished = book.state.resources.iter().filter(|(_, recorded)| recorded.status != Status::Ready);
    let unfinished = unfinished.map(|(at, _)| at).chain(book.state.deposed.keys());
    let unfinished: BTreeSet<&Address> =
        unfinished.chain(book.open.values().map(|open| &open.intent.step.address)).collect();
    if unfinished.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = unfinished.iter().map(ToString::to_string).collect();
    Err(Failure::new(exit::FAILED, format!("{stack} is not finished: {}", names.join(", ")))
        .hint("`ppm-infra apply` finishes it; export it then"))
}

/// Refuses a folder with other files of Terraform, which reads all files of a folder together.
fn refuse_others(folder: &Path, files: &[NamedText<'_>]) -> Result<(), Failure> {
    let others: Vec<String> = file::list(folder, &[".tf", ".tf.json"])?
        .iter()
        .filter(|path| !files.iter().any(|(name, _)| folder.join(name) == **path))
        .map(|path| path.display().to_string())
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let heading = format!("nothing was written: Terraform would read these along, {}", others.join(", "));
    Err(Failure::new(exit::USAGE, heading).hint("name another folder: `--out FOLDER`"))
}

/// Why a stack cannot be said in Terraform, and what to do about it.
fn unsayable(error: &TerraformError) -> Failure {
    let failure = Failure::new(exit::FAILED, error.to_string());
    match error {
        TerraformError::Undeclarable { .. } => {
            failure.hint("`ppm-infra plan` says what apply would make of it; export the stack after that")
        }
        // Neither passes where a lockfile is read.
        TerraformError::Unrecorded { .. } | TerraformError::OtherShape { .. } => Failure { code: exit::BUG, ..failure },
    }
}

/// Says what was written, and what is typed next.
fn tell(common: &Common, folder: &Path, written: &[String], export: &TerraformExport) {
    let expected = &export.expected;
    let folder = shell_word(&folder.display().to_string());
    let next: Vec<String> =
        ["init", "plan -out=take-over.tfplan"].iter().map(|rest| format!("terraform -chdir={folder} {rest}")).collect();
    if common.json {
        let fields = [
            ("written", json!(written)),
            ("next", json!(next)),
            (
                "expected",
                json!({
                    "import": expected.imported,
                    "add": expected.added,
                    "change": expected.changed,
                    "line": expected.line(),
                }),
            ),
        ];
        out::data(&format!("{}\n", document(Some("export terraform"), fields)));
        return;
    }
    let files = written.iter().map(|path| format!("  {}\n", shell_word(path))).collect::<Vec<_>>().concat();
    out::note(&format!(
        "Wrote\n{files}Next, after reading README.md there; the plan ends with\n  {}\n",
        expected.line()
    ));
    out::data(&next.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat());
}
