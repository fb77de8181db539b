//! `values` and `output`: what the stack gives to Helm, to scripts and to people.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::{Common, OutputArgs, ValuesArgs};
use super::content::FileContent;
use super::failure::Failure;
use super::handover::{self, ValuesTarget};
use super::stamp::Stamp;
use super::{chosen, downgrade, exit, out, show, typed, workplace};
use crate::architecture::{NoValues, helm_facts, helm_inputs, remember};
use crate::engine::state::State;
use crate::helm::{self, shell_word};
use crate::model::document::canonical_pretty;
use crate::model::finding::Severity;
use crate::render::document;
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
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    let usual = handover::usual(common, &declaration.stack);
    let path = args.out.filter(|path| !out::is_stdout(path));
    let stack = &declaration.stack;
    if downgrade::is_one(&declaration, &state) {
        out::note(
            "warning: these values are for an older Package Manager than those written last; migrations of its database \
             do not go back\n",
        );
    }
    let (text, _) = handover::text(stack, &state, path.as_deref().unwrap_or(&usual), state.serial)?;
    match path {
        Some(path) => {
            let aside = ValuesTarget { path: &path, stack, account: &state.account, option: "-o" }.put(&text)?;
            handover::tell(&path, aside.as_deref(), false);
            if common.json {
                show::written("values", &path);
            } else {
                out::note(&format!("Values written to {}.\n", path.display()));
            }
        }
        None if common.json => {
            out::data(&format!("{}\n", document(Some("values"), [("values", json!(text))])));
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
    match FileContent::of(&text) {
        FileContent::Values | FileContent::Other => {}
        other @ (FileContent::Declaration
        | FileContent::SavedPlan
        | FileContent::Printed
        | FileContent::Lockfile
        | FileContent::Journal
        | FileContent::RunHistory) => {
            return Err(other.instead_of(FileContent::Values, path));
        }
    }
    let mut stamp = Stamp::of(&text);
    let facts = match Declaration::load(declaration) {
        Ok(declaration) => {
            let mut home = workplace::home(common, &declaration)?;
            let state = workplace::load(&mut home, &declaration).await?.state;
            stamp = stamp.map(|stamp| stamp.compared(&declaration.stack, &state));
            helm_facts(&declaration.stack, &state)
        }
        // Nobody named one and there is not just one: the file alone can be checked.
        Err(failure) if declaration.is_none() && failure.code == exit::USAGE => {
            out::note("No declaration is named, so the file is checked by itself and not against a stack.\n");
            helm::StackFacts::default()
        }
        Err(failure) => return Err(failure),
    };
    let mut review = helm::review(&path.display().to_string(), &text, &facts);
    review.add(stamp.iter().flat_map(|stamp| stamp.findings.clone()));
    let errors = review.count(Severity::Error);
    if common.json {
        let (warnings, valid) = (review.count(Severity::Warning), errors == 0);
        let fields = [
            ("valid", json!(valid)),
            ("errors", json!(errors)),
            ("warnings", json!(warnings)),
            ("checked", typed::json(review.to_json())),
            ("header", json!(stamp.map(|stamp| stamp.json()))),
        ];
        let told = document(Some("values"), fields);
        out::data(&format!("{told}\n"));
    } else {
        if let Some(told) = stamp.and_then(|stamp| stamp.told()) {
            out::note(&format!("{} {told}\n", path.display()));
        }
        out::told(&format!("{review}\n"));
    }
    Ok(if errors == 0 { exit::DONE } else { exit::DECLARATION })
}

/// What is true when the values could not be written after an apply: everything but that.
fn unwritten(failure: Failure, declaration: &Declaration) -> Failure {
    let file = shell_word(&declaration.name());
    let hints = vec![format!(
        "the stack stands and is recorded; only its values are missing: `ppm-infra values {file} -o FILE` writes them"
    )];
    Failure { code: exit::FAILED, hints, ..failure }
}

/// Writes the file of Helm values. Answers the state to write, which remembers them, and where a file is kept that somebody
/// changed. Where the file cannot be written, the state stays as it was: it names no version that was never delivered.
pub(super) fn deliver(
    declaration: &Declaration,
    state: State,
    path: &Path,
) -> (State, Result<Option<PathBuf>, Failure>) {
    let stack = &declaration.stack;
    let published = remember(stack, &state);
    let put = || {
        let (text, written) = handover::text(stack, &published, path, published.serial + 1)?;
        let target = ValuesTarget { path, stack, account: &published.account, option: "--values" };
        let aside = target.put(&text).map_err(|failure| unwritten(failure, declaration))?;
        Ok((written, aside))
    };
    match put() {
        Ok((written, aside)) => (State { values: Some(written), ..published }, Ok(aside)),
        Err(failure) => (state, Err(failure)),
    }
}

/// Prints what to type next, after an apply.
pub(super) fn next_steps(
    common: &Common,
    declaration: &Declaration,
    state: &State,
    path: &Path,
    aside: Option<&Path>,
) -> Result<(), Failure> {
    let at = helm::Whereabouts {
        values: path.display().to_string(),
        declaration: declaration.path.display().to_string(),
        air_gapped: declaration.stack.network.is_air_gapped(),
    };
    let inputs = helm_inputs(&declaration.stack, state).map_err(NoValues::from)?;
    let mut commands = helm::next_commands(&inputs, &at);
    for command in &mut commands {
        command.line = typed::line(&command.line);
    }
    if common.json {
        let next: Vec<Value> =
            commands.iter().map(|command| json!({"comment": command.comment, "line": command.line})).collect();
        let fields = [("values", json!(path)), ("kept", json!(aside)), ("next", json!(next))];
        out::data(&format!("{}\n", document(Some("apply"), fields)));
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
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    match args.name {
        None if common.json => {
            let all = document(Some("output"), [("outputs", json!(state.outputs))]);
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
