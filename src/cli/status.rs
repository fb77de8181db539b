//! `status`.

use serde_json::Value;

use super::args::{Common, File};
use super::failure::Failure;
use super::{exit, show, workplace};
use crate::architecture::{Runtime, handles, standing, values_are_for};
use crate::engine::state::State;
use crate::helm::{ending_image, release, shell_word};
use crate::model::finding::Severity;
use crate::model::handle::At;
use crate::model::resource::Resource;
use crate::run::Stop;
use crate::run::status::{self, ChartStatus, Inspected, TargetsAre, Typed, WayIn};
use crate::stack::{Stack, Targets};
use workplace::{Connection, Declaration};

/// Shows whether the stack serves, and changes nothing.
pub(super) async fn status(common: &Common, args: &File, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let book = workplace::load(&mut home, &declaration).await?;
    let (stack, file) = (&declaration.stack, shell_word(&declaration.name()));
    if book.state.resources.is_empty() {
        return Err(Failure::new(exit::FAILED, format!("nothing of {} stands yet", stack.stack))
            .hint(format!("`ppm-infra apply {file}` makes it")));
    }
    show::unsettled(&book);
    let Connection { session, health, .. } = workplace::connect(common, stack, stop).await?;
    let report = status::status(&session, &*health, subject(stack, &book.state, file), &book.state).await?;
    show::status(common, &declaration, &report);
    Ok(match report.worst() {
        Some(Severity::Error) => exit::FAILED,
        Some(Severity::Unknown) => exit::INCOMPLETE,
        Some(Severity::Warning) | None => exit::DONE,
    })
}

fn computed<R: Resource>(state: &State, at: &At<R>) -> Option<R::Computed> {
    standing(state, at).ok()
}

/// What is recorded and declared, as far as it matters here.
fn subject(stack: &Stack, state: &State, file: String) -> Inspected {
    let declared = &stack.load_balancer;
    let handles = handles(stack);
    let Runtime::Cluster { cluster, nodes } = &handles.runtime;
    let ours = |targets| WayIn::Ours {
        balancer: computed(state, &handles.load_balancer).map(|found| found.id),
        group: computed(state, &handles.target_group).map(|found| found.id),
        targets,
    };
    let installed = stack.chart();
    Inspected {
        account: stack.account.as_ref().map(ToString::to_string),
        way_in: match declared.targets {
            Targets::NodePort => ours(TargetsAre::Nodes),
            Targets::TargetGroupBinding => ours(TargetsAre::Pods),
            Targets::Ingress => WayIn::Theirs,
        },
        domain: declared.domain.as_ref().map(ToString::to_string),
        certificate: declared.certificate.as_ref().map(ToString::to_string),
        cluster: computed(state, cluster).map(|found| found.id),
        nodes: computed(state, nodes).map(|found| found.id),
        database: computed(state, &handles.database).map(|found| (found.id, found.arn)),
        database_resource: computed(state, &handles.database).map(|found| found.resource_id),
        key: computed(state, &handles.key)
            .map(|found| found.id)
            .or_else(|| stack.storage.kms.as_ref().map(ToString::to_string)),
        chart: chart(stack, state),
        typed: Typed {
            file,
            balancer: handles.load_balancer.address(),
            database: handles.database.address(),
            release: installed.release.to_string(),
            namespace: installed.namespace.to_string(),
        },
    }
}

fn chart(stack: &Stack, state: &State) -> ChartStatus {
    let chart = stack.chart();
    let version = chart.version.to_string();
    let image = chart.image.as_ref().map(|image| (image.repository.to_string(), image.tag.to_string()));
    let (repository, tag) = image.as_ref().map(|(repository, tag)| (repository.as_str(), tag.as_str())).unzip();
    let release = release(&version, tag);
    ChartStatus {
        declared: values_are_for(stack),
        written_for: state.outputs.get("values_for").and_then(Value::as_str).map(str::to_owned),
        application: release.as_ref().map(|release| release.version.clone()),
        supported_until: release.map(|release| release.supported_until),
        ending_image: ending_image(&version, repository),
    }
}
