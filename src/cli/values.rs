//! `values` and `output`: what the stack gives to Helm, to scripts and to people.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::apply::is_stdout;
use super::args::{Common, OutputArgs, ValuesArgs};
use super::failure::Failure;
use super::{chosen, exit, out, show, workplace};
use crate::architecture::{helm_facts, helm_inputs};
use crate::engine::state::State;
use crate::helm;
use crate::model::document::canonical_pretty;
use crate::stack::SecretsBy;
use crate::store::file;
use workplace::Declaration;

/// Prints the Helm values, or writes them; or checks a file of them.
pub(super) async fn values(common: &Common, args: ValuesArgs) -> Result<u8, Failure> {
    if args.schema {
        out::data(&format!("{:#}\n", helm::values_schema()));
        return Ok(exit::DONE);
    }
    if let Some(path) = &args.check {
        return check(common, args.file.file.as_deref(), path).await;
    }
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut store = workplace::store(common, &declaration)?;
    let state = workplace::load(&mut store, &declaration).await?.state;
    let text = render(&declaration, &state)?;
    match args.out.filter(|path| !is_stdout(path)) {
        Some(path) => {
            put(&path, &text)?;
            if common.json {
                show::written("values", &path);
            } else {
                out::note(&format!("Values written to {}.\n", path.display()));
            }
        }
        None if common.json => {
            out::data(&format!("{}\n", json!({"schema": 1, "command": "values", "values": text})));
        }
        None => out::data(&text),
    }
    Ok(exit::DONE)
}

/// Checks a values file, against the stack if a declaration is at hand.
async fn check(common: &Common, declaration: Option<&Path>, path: &Path) -> Result<u8, Failure> {
    let text = file::read_input(path)?.ok_or_else(|| {
        Failure::new(exit::USAGE, format!("there is no file {}", path.display()))
            .hint("`ppm-infra values -o FILE` writes one for what stands")
    })?;
    let facts = match Declaration::load(declaration) {
        Ok(declaration) => {
            let mut store = workplace::store(common, &declaration)?;
            helm_facts(&declaration.stack, &workplace::load(&mut store, &declaration).await?.state)
        }
        // Nobody named one and there is not just one: the file alone can be checked.
        Err(failure) if declaration.is_none() && failure.code == exit::USAGE => {
            out::note("No declaration is named, so the file is checked by itself and not against a stack.\n");
            helm::Facts::default()
        }
        Err(failure) => return Err(failure),
    };
    let review = helm::review(&path.display().to_string(), &text, &facts);
    let errors = review.count(helm::Severity::Error);
    if common.json {
        let (warnings, valid) = (review.count(helm::Severity::Warning), errors == 0);
        let told = json!({
            "schema": 1, "command": "values", "valid": valid, "errors": errors, "warnings": warnings,
            "checked": review.to_json(),
        });
        out::data(&format!("{told}\n"));
    } else {
        out::data(&format!("{review}\n"));
    }
    Ok(if errors == 0 { exit::DONE } else { exit::DECLARATION })
}

fn render(declaration: &Declaration, state: &State) -> Result<String, Failure> {
    Ok(helm::values(&helm_inputs(&declaration.stack, state)?)?.to_yaml())
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        file::make_folder(folder)?;
    }
    Ok(file::write_whole(path, text.as_bytes())?)
}

/// What is true when the values could not be written after an apply: everything but that.
fn unwritten(failure: Failure, declaration: &Declaration) -> Failure {
    let again = format!("ppm-infra values {} -o FILE", declaration.path.display());
    let hints = vec![format!("the stack stands and is recorded; only its values are missing: `{again}` writes them")];
    Failure { code: exit::FAILED, hints, ..failure }
}

/// Writes the values after an apply.
pub(super) fn write(declaration: &Declaration, state: &State, path: &Path) -> Result<(), Failure> {
    put(path, &render(declaration, state)?).map_err(|failure| unwritten(failure, declaration))
}

/// Prints what to type next, after an apply.
pub(super) fn next_steps(
    common: &Common,
    declaration: &Declaration,
    state: &State,
    path: &Path,
) -> Result<(), Failure> {
    let at = helm::Whereabouts {
        values: path.display().to_string(),
        declaration: declaration.path.display().to_string(),
        air_gapped: declaration.stack.network.is_air_gapped(),
        secrets_by_pods: declaration.stack.package_manager.secrets == SecretsBy::Csi,
    };
    let mut commands = helm::next_commands(&helm_inputs(&declaration.stack, state)?, &at);
    let program = chosen::program(common);
    for command in &mut commands {
        command.line = chosen::as_typed(&command.line, &program);
    }
    if common.json {
        let next: Vec<Value> =
            commands.iter().map(|command| json!({"comment": command.comment, "line": command.line})).collect();
        out::data(&format!("{}\n", json!({"schema": 1, "command": "apply", "values": path, "next": next})));
        return Ok(());
    }
    let next = if chosen::is_rehearsal(common) {
        "This was a rehearsal: nothing was made in AWS. After a real apply, next would be"
    } else {
        "Next"
    };
    let mut text = format!("\nHelm values are in {}. {next}:\n", path.display());
    for command in commands {
        let _ = write!(text, "\n  # {}\n  {}\n", command.comment, command.line.replace('\n', "\n  "));
    }
    out::data(&text);
    Ok(())
}

/// Prints the outputs, or one of them.
pub(super) async fn output(common: &Common, args: OutputArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let mut store = workplace::store(common, &declaration)?;
    let state = workplace::load(&mut store, &declaration).await?.state;
    match args.name {
        None if common.json => {
            let all = json!({"schema": 1, "command": "output", "outputs": state.outputs});
            out::data(&canonical_pretty(&all));
        }
        None => {
            let width = state.outputs.keys().map(String::len).max().unwrap_or(0);
            for (name, value) in &state.outputs {
                out::data(&format!("{name:width$}  {}\n", plain(value)));
            }
        }
        Some(name) => {
            let missing = || {
                let names: Vec<&str> = state.outputs.keys().map(String::as_str).collect();
                Failure::new(exit::USAGE, format!("there is no output `{name}`")).hint(if names.is_empty() {
                    "run apply first".to_owned()
                } else {
                    format!("outputs are {}", names.join(", "))
                })
            };
            let value = state.outputs.get(&name).ok_or_else(missing)?;
            out::data(&format!("{}\n", if common.json { value.to_string() } else { plain(value) }));
        }
    }
    Ok(exit::DONE)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
