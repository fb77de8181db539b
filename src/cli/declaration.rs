//! `validate`, `schema` and `init`: commands about declarations, without a cloud.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::args::{Common, File, InitArgs};
use super::cost::setting_of;
use super::failure::Failure;
use super::workplace::Declaration;
use super::{exit, out, show};
use crate::architecture::checks;
use crate::helm::shell_word;
use crate::model::values::ValueError;
use crate::render::document;
use crate::report::checks_json;
use crate::run::{Host, Stop};
use crate::stack::{Stack, init as initial, schema as schemas};
use crate::store::file;

/// Checks a declaration.
pub(super) fn validate(common: &Common, args: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let stack = &declaration.stack;
    let checks = checks::of_declaration(stack, &declaration.places, Host::system().now());
    if common.json {
        let checks = checks_json(&checks, &declaration.name());
        let fields = [("valid", json!(true)), ("declaration", json!(stack)), ("checks", checks)];
        out::data(&format!("{}\n", document(Some("validate"), fields)));
    } else {
        show::findings(&checks, &declaration.name(), &declaration.text);
        let (path, name, region) = (declaration.path.display(), &stack.stack, &stack.region);
        out::data(&format!("{path} is valid: stack {name} in {region}.\n"));
    }
    Ok(exit::DONE)
}

/// Prints the JSON Schema of declarations.
pub(super) fn schema() -> u8 {
    out::data(&format!("{:#}\n", schemas::schema()));
    exit::DONE
}

/// Writes a declaration.
pub(super) async fn init(args: &InitArgs, stop: &Stop) -> Result<u8, Failure> {
    let path = &args.file;
    if file::read_if_there(path)?.is_some() {
        let named = |n: u32| if n == 1 { "plans/test.yaml".to_owned() } else { format!("plans/test-{n}.yaml") };
        let mut free = (1..=u32::MAX).map(named).filter(|name| !file::is_there(Path::new(name)));
        let other = free.next().expect("there are more names than files");
        let full = if args.full { " --full" } else { "" };
        let set: Vec<String> = args.set.iter().map(|setting| format!(" --set {}", shell_word(setting))).collect();
        return Err(Failure::new(exit::USAGE, format!("{} is there already; it was not touched", path.display()))
            .hint(format!("name another file, as in `ppm-infra init {other}{full}{}`", set.concat())));
    }
    let text = if args.full {
        initial::full()
    } else {
        stop.on_signals().map_err(|error| Failure::new(exit::BUG, format!("could not listen to signals: {error}")))?;
        let answers = answers(&args.set, stop).await?;
        initial::render(&answers)
    };
    let name = path.display().to_string();
    let (stack, places) = Stack::read(&name, &text)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        file::make_folder(folder)?;
    }
    file::write_whole(path, text.as_bytes())?;
    let checks = checks::of_declaration(&stack, &places, Host::system().now());
    show::findings(&checks, &name, &text);
    out::note(&format!("Wrote {}. Next: `ppm-infra plan {}`.\n", path.display(), shell_word(&name)));
    Ok(exit::DONE)
}

/// What was given on the command line, and what is answered when asked for the rest.
async fn answers(settings: &[String], stop: &Stop) -> Result<initial::Answers, Failure> {
    let mut given = BTreeMap::new();
    for setting in settings {
        let (key, value) = setting_of(setting)?;
        given.insert(key.to_owned(), value.to_owned());
    }
    if out::can_ask() {
        for question in initial::questions() {
            if !given.contains_key(question.key) {
                given.insert(question.key.to_owned(), ask(&question, stop).await?);
            }
        }
    }
    let mut take = |key: &str| {
        given.remove(key).ok_or_else(|| {
            Failure::new(exit::USAGE, format!("`{key}` is missing")).hint(format!("say it with `--set {key}=…`"))
        })
    };
    let wrong = |error: &ValueError| Failure::new(exit::USAGE, error.to_string());
    let (stack, region) = (take("stack")?, take("region")?);
    let stack = stack.parse().map_err(|error| wrong(&error))?;
    let region = region.parse().map_err(|error| wrong(&error))?;
    let mut answers = initial::Answers::new(&stack, &region);
    for (key, value) in &given {
        answers.set(key, value).map_err(|error| wrong(&error))?;
    }
    Ok(answers)
}

/// Asks until the answer fits.
async fn ask(question: &initial::Question, stop: &Stop) -> Result<String, Failure> {
    let default = question.default().map(|text| format!(" [{text}]")).unwrap_or_default();
    loop {
        let Some(answer) = out::ask(&format!("{}{default} ", question.prompt), stop).await? else {
            return Err(Failure::new(exit::USAGE, "there was no answer; nothing was written"));
        };
        if answer.is_empty() && question.required {
            out::note("this one has no default\n");
            continue;
        }
        match question.check(&answer) {
            Ok(()) => return Ok(answer),
            Err(error) => out::note(&format!("{error}\n")),
        }
    }
}
