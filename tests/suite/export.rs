//! The way out: a stack as files of Terraform. They are read again by the parser of the crate that wrote them, and held
//! against the arguments that the provider has.

mod fields;
mod provider;

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::repr::Decorate as _;
use hcl_edit::structure::{Block, Body};
use hcl_edit::visit::{Visit, visit_traversal};
use ppm_infra::engine::state::State;
use ppm_infra::resources::catalog;
use ppm_infra::stack::Stack;
use ppm_infra::terraform::{TerraformExport, TerraformStack, export};

use crate::states::edit;
use crate::support::binary::{Desk, Said};
use crate::support::fixture;
use crate::support::hint::hint;
use crate::support::judge::{by_program, by_terraform};
use crate::support::reference::Standing;
use provider::Provider;

/// Stacks that differ in which objects they have.
const STACKS: [(&str, &str); 9] = [
    ("the reference", CERTIFICATE),
    ("without a certificate", ""),
    ("a network that does not reach the internet", AIR_GAPPED),
    ("a network of others", EXISTING),
    ("one NAT gateway", "network: {nat: single}\n"),
    (
        "a key and a bucket that are named",
        "storage: {bucket: acme-packages, kms: 'arn:aws:kms:us-east-1:123456789012:key/1'}\n",
    ),
    ("an Ingress", "load_balancer: {targets: ingress, domain: packages.example.com}\n"),
    ("targets that the cluster registers", "load_balancer: {targets: target_group_binding}\n"),
    ("roles in the cluster, more people, more nodes", ROLES),
];

const CERTIFICATE: &str = "load_balancer:
  domain: packages.example.com
  certificate: arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
  allow_from: [198.51.100.0/24, 203.0.113.0/24]
";
const AIR_GAPPED: &str = "network: {connectivity: air_gapped}
package_manager:
  image: {repository: registry.example.com/posit/package-manager, tag: \"2026.08.0-ubuntu-24.04\"}
";
const EXISTING: &str = "network:
  existing:
    vpc: vpc-0a1b2c3d
    private_subnets: [subnet-0a1b2c01, subnet-0a1b2c02, subnet-0a1b2c03]
    public_subnets: [subnet-0a1b2c11, subnet-0a1b2c12, subnet-0a1b2c13]
";
const ROLES: &str = "state: s3://acme-state/ppm
drift: {job: kubernetes}
package_manager: {secrets: external_secrets}
kubernetes:
  admins: ['arn:aws:iam::123456789012:role/platform']
  nodes: {count: 3, max: 6}
tags: {team: data science}
";

fn stack(more: &str) -> Stack {
    Stack::parse("stack.yaml", &format!("stack: ppm-prod\nregion: us-east-1\n{more}")).unwrap()
}

async fn applied(more: &str) -> State {
    Standing::of(stack(more)).await.bench.state()
}

fn exported(state: &State) -> TerraformExport {
    let lockfile = "state/ppm-prod.lock.json";
    let stack = TerraformStack { state, catalog: &catalog(), lockfile, declaration: "plans/ppm-prod.yaml" };
    export(&stack).unwrap()
}

/// Every block of every file.
fn blocks(export: &TerraformExport) -> Vec<Block> {
    let files = export.files.iter().filter(|file| file.name != "README.md");
    let bodies = files.map(|file| {
        let body: Body = file.text.parse().unwrap_or_else(|error| panic!("{}: {error}\n{}", file.name, file.text));
        assert_eq!(body.to_string(), file.text, "read and written, {} is as it was", file.name);
        body
    });
    bodies.flat_map(|body| body.into_iter().map(|one| one.into_block().unwrap())).collect()
}

/// Resources by their names, such as `aws_vpc.main`.
fn resources(blocks: &[Block]) -> BTreeMap<String, &Block> {
    let resources = blocks.iter().filter(|block| block.ident.as_str() == "resource");
    let named: Vec<(String, &Block)> =
        resources.map(|block| (format!("{}.{}", block.labels[0].as_str(), block.labels[1].as_str()), block)).collect();
    let count = named.len();
    let named: BTreeMap<String, &Block> = named.into_iter().collect();
    assert_eq!(named.len(), count, "no name stands twice");
    named
}

/// What is imported: the id by the name of the resource.
fn imports(blocks: &[Block]) -> BTreeMap<String, String> {
    let imports = blocks.iter().filter(|block| block.ident.as_str() == "import");
    imports
        .map(|block| {
            let to = block.body.get_attribute("to").unwrap().value.to_string().trim().to_owned();
            let id = block.body.get_attribute("id").unwrap().value.as_str().unwrap().to_owned();
            (to, id)
        })
        .collect()
}

/// Every path that stands somewhere, such as `aws_vpc.main.id`, as names alone: without what an index says.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Visit for Paths {
    fn visit_traversal(&mut self, node: &hcl_edit::expr::Traversal) {
        let names = node.operators.iter().filter_map(|operator| match operator.value() {
            TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
            _ => None,
        });
        let first = node.expr.as_variable().map(|name| name.as_str().to_owned());
        self.0.push(first.into_iter().chain(names).collect());
        visit_traversal(self, node);
    }
}

fn paths(body: &Body) -> Vec<Vec<String>> {
    let mut paths = Paths::default();
    paths.visit_body(body);
    paths.0
}

#[tokio::test(start_paused = true)]
async fn every_object_is_there_and_is_imported() {
    for (which, more) in STACKS {
        let state = applied(more).await;
        let export = exported(&state);
        let blocks = blocks(&export);
        let (resources, imports) = (resources(&blocks), imports(&blocks));
        let expected = &export.expected;
        assert_eq!(imports.keys().collect::<Vec<_>>(), expected.imported.iter().collect::<Vec<_>>(), "{which}");
        let imported_or_added: BTreeSet<&String> = expected.imported.union(&expected.added).collect();
        assert_eq!(resources.keys().collect::<BTreeSet<_>>(), imported_or_added, "{which}");
        assert!(expected.added.iter().all(|name| name.starts_with("aws_autoscaling_attachment.")), "{which}");
        // The comment before a resource names the object it is.
        let told: BTreeSet<String> = resources
            .values()
            .filter_map(|block| Some(block.decor().prefix()?.to_string()))
            .flat_map(|comment| {
                comment.lines().filter_map(|line| line.strip_prefix("# ").map(str::to_owned)).collect::<Vec<_>>()
            })
            .map(|line| line.split([':', ' ']).next().unwrap().to_owned())
            .collect();
        for (at, recorded) in state.resources.iter() {
            assert!(told.contains(&at.to_string()), "{which}: {at}");
            let id = recorded.computed.text("key_id").or_else(|| recorded.computed.text("id")).unwrap();
            // Kinds of the cluster are imported as cluster and name, joined by a colon.
            let ids = [id.to_owned(), id.replacen('/', ":", 1)];
            let is_imported = imports.values().any(|import| ids.contains(import));
            assert!(is_imported || at.kind.as_str() == "target_attachment", "{which}: {at} is {id}: {imports:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_argument_is_one_of_the_provider_and_every_reference_leads_somewhere() {
    let provider = Provider::read();
    let mut kinds = BTreeSet::new();
    for (which, more) in STACKS {
        let export = exported(&applied(more).await);
        let blocks = blocks(&export);
        let resources = resources(&blocks);
        for (name, block) in &resources {
            let kind = block.labels[0].as_str();
            kinds.insert(kind.to_owned());
            let wrong = provider.of(kind).wrong(&block.body);
            assert!(wrong.is_empty(), "{which}: {name}: {wrong:?}");
            for path in paths(&block.body) {
                if !path[0].starts_with("aws_") {
                    // What changes are ignored of is an argument of the resource itself.
                    assert!(provider.of(kind).has(&path), "{which}: {name} has no {path:?}");
                    continue;
                }
                let target = format!("{}.{}", path[0], path[1]);
                assert!(resources.contains_key(&target), "{which}: {name} points at {target}");
                assert_ne!(&target, name, "{which}: nothing waits for itself");
                let rest = &path[2..];
                assert!(rest.is_empty() || provider.of(&path[0]).tells(rest), "{which}: {name}: {path:?}");
            }
        }
        for block in blocks.iter().filter(|block| block.ident.as_str() == "import") {
            let [path] = paths(&block.body).try_into().unwrap();
            assert!(resources.contains_key(&path.join(".")), "{which}: {path:?}");
        }
    }
    assert_eq!(kinds, provider.kinds(), "the list has what is written and nothing else");
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_in_a_circle() {
    for (which, more) in STACKS {
        let export = exported(&applied(more).await);
        let blocks = blocks(&export);
        let mut waits: BTreeMap<String, BTreeSet<String>> = resources(&blocks)
            .into_iter()
            .map(|(name, block)| {
                let all = paths(&block.body).into_iter().filter(|path| path[0].starts_with("aws_"));
                (name, all.map(|path| format!("{}.{}", path[0], path[1])).collect())
            })
            .collect();
        while !waits.is_empty() {
            let free: Vec<String> = waits
                .iter()
                .filter(|(_, needs)| !needs.iter().any(|need| waits.contains_key(need)))
                .map(|(name, _)| name.clone())
                .collect();
            assert!(!free.is_empty(), "{which}: {waits:?}");
            waits.retain(|name, _| !free.contains(name));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_points_at_a_role_waits_for_its_policies_and_data_is_protected() {
    let export = exported(&applied(CERTIFICATE).await);
    let blocks = blocks(&export);
    let resources = resources(&blocks);
    let after = |name: &str| resources[name].body.get_attribute("depends_on").unwrap().value.to_string();
    assert!(
        after("aws_eks_cluster.main").contains("aws_iam_role_policy_attachment.cluster_"),
        "{}",
        after("aws_eks_cluster.main")
    );
    assert!(
        after("aws_eks_node_group.main").contains("aws_route.private_a_internet"),
        "{}",
        after("aws_eks_node_group.main")
    );
    let protected: BTreeSet<&str> = resources
        .iter()
        .filter(|(_, block)| {
            let lifecycle = block.body.get_blocks("lifecycle").next();
            lifecycle.is_some_and(|lifecycle| lifecycle.body.get_attribute("prevent_destroy").is_some())
        })
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        "aws_db_instance.main",
        "aws_kms_key.main",
        "aws_s3_bucket.packages",
        "aws_secretsmanager_secret.database",
        "aws_secretsmanager_secret.encryption_key",
    ];
    assert_eq!(protected, BTreeSet::from(expected));
}

/// The provider reads rules of the same protocol, ports and description as one.
#[tokio::test(start_paused = true)]
async fn rules_that_differ_in_the_other_side_alone_stand_in_one_block() {
    let export = exported(&applied(CERTIFICATE).await);
    let blocks = blocks(&export);
    let group = resources(&blocks)["aws_security_group.load_balancer"];
    let ingress: Vec<(String, String)> = group
        .body
        .get_blocks("ingress")
        .map(|rule| {
            let value = |name: &str| rule.body.get_attribute(name).unwrap().value.to_string().trim().to_owned();
            (value("from_port"), value("cidr_blocks"))
        })
        .collect();
    let both = r#"["198.51.100.0/24", "203.0.113.0/24"]"#.to_owned();
    assert_eq!(ingress, [("80".to_owned(), both.clone()), ("443".to_owned(), both)]);
    assert!(group.body.get_blocks("egress").next().is_some());
    let database = resources(&blocks)["aws_security_group.database"];
    assert!(database.body.get_blocks("ingress").next().is_none(), "its rule stands for itself");
}

#[tokio::test(start_paused = true)]
async fn tags_are_there_and_marks_are_not() {
    let export = exported(&applied(ROLES).await);
    let blocks = blocks(&export);
    for (name, block) in resources(&blocks) {
        let Some(tags) = block.body.get_attribute("tags") else { continue };
        let Expression::Object(tags) = &tags.value else { panic!("{name}") };
        let tags: BTreeMap<String, String> = tags
            .iter()
            .map(|(key, value)| {
                let key = key.as_ident().map_or_else(|| key.as_expr().unwrap().to_string(), ToString::to_string);
                (key.trim().to_owned(), value.expr().as_str().unwrap().to_owned())
            })
            .collect();
        assert!(tags.contains_key("Name") && !tags.keys().any(|key| key.contains("ppm-infra")), "{name}: {tags:?}");
        assert_eq!(tags["team"], "data science", "{name}");
    }
}

#[test]
fn the_same_record_gives_the_same_bytes() {
    let desk = fixture::desk("whole");
    desk.run(&EXPORT).exit(0);
    let folder = desk.path("tf");
    let files = desk.files();
    let written = files.iter().filter_map(|(path, bytes)| Some((path.strip_prefix(&folder).ok()?, bytes)));
    let texts: Vec<String> = written
        .map(|(path, bytes)| format!("==> {} <==\n{}", path.display(), String::from_utf8(bytes.clone()).unwrap()))
        .collect();
    assert_eq!(texts.len(), 9);
    insta::with_settings!({ snapshot_path => "export", prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!("reference", texts.join("\n"));
    });
}

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

const EXPORT: [&str; 4] = ["export", "terraform", "--out", "tf"];

#[test]
fn the_command_writes_a_folder_and_says_what_comes_next() {
    let desk = standing();
    let said = desk.run(&EXPORT).exit(0).says(&[
        "terraform -chdir=tf init",
        "tf/imports.tf",
        "to import, 1 to add, 4 to change",
    ]);
    assert_eq!(said.stdout, "  terraform -chdir=tf init\n  terraform -chdir=tf plan -out=take-over.tfplan\n");
    let before = desk.files();
    desk.run(&EXPORT).exit(0);
    assert_eq!(desk.files(), before, "again, the same");
    let readme = Said { code: 0, stdout: desk.read("tf/README.md"), stderr: String::new() };
    hint(&desk, &readme, "what has drifted is in the first plan of Terraform as well", "ppm-infra drift").run().exit(0);
    let json = desk.run(&["export", "terraform", "--out", "tf", "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(json["written"].as_array().unwrap().len(), 9, "{json}");
    assert_eq!(json["expected"]["add"], serde_json::json!(["aws_autoscaling_attachment.nodes"]), "{json}");
    let line = json["expected"]["line"].as_str().unwrap();
    assert!(desk.read("tf/README.md").contains(line), "{line}");
    desk.write("tf/data.tf", "# mine\n");
    desk.run(&EXPORT).exit(64).says(&["nothing was written", "tf/data.tf", "--force"]);
    assert_eq!(desk.read("tf/data.tf"), "# mine\n");
    desk.run(&["export", "terraform", "--out", "tf", "--force"]).exit(0);
    desk.write("tf/other.tf", "");
    let said = desk.run(&["export", "terraform", "--out", "tf", "--force"]).exit(64);
    said.says(&["nothing was written", "tf/other.tf", "name another folder"]);
}

#[test]
fn a_stack_that_does_not_stand_is_not_exported() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = desk.run(&EXPORT).exit(1).says(&["nothing of ppm-prod is recorded"]);
    assert!(!desk.path("tf").exists());
    hint(&desk, &said, "finds one whose lockfile was lost", "ppm-infra recover").run().exit(1);
    let said = desk.run(&EXPORT).exit(1);
    hint(&desk, &said, "makes the stack", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&EXPORT).exit(0);
}

#[test]
fn what_is_unfinished_is_finished_first() {
    let desk = standing();
    edit(&desk, |state| {
        state["resources"]["listener.http"]["status"] = "unfinished".into();
    });
    let said = desk.run(&EXPORT).exit(1).says(&["ppm-prod is not finished: listener.http"]);
    hint(&desk, &said, "finishes it; export it then", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&EXPORT).exit(0);
}

#[test]
fn what_nobody_can_declare_is_not_exported() {
    let desk = standing();
    edit(&desk, |state| {
        state["resources"]["route_table.public"]["declared"]["routes"]["10.9.0.0/16"] =
            serde_json::json!({"other": "tgw-1"});
    });
    let said = desk
        .run(&EXPORT)
        .exit(1)
        .says(&["route_table.public is recorded as it was found, with a route for 10.9.0.0/16 to tgw-1"]);
    hint(&desk, &said, "says what apply would make of it", "ppm-infra plan").run().exit(0);
}

/// Where Terraform itself is on the machine, it says whether the files are laid out as it lays out, and whether they fit
/// what the provider has.
#[tokio::test(start_paused = true)]
async fn terraform_takes_them_as_they_are() {
    let desk = Desk::simulated();
    let mut folders = Vec::new();
    for (n, (_, more)) in STACKS.iter().enumerate() {
        for file in exported(&applied(more).await).files {
            desk.write(&format!("{n}/{}", file.name), &file.text);
        }
        folders.push(desk.path(&n.to_string()));
    }
    by_program("terraform", &["fmt", "-check", "-diff", "-recursive", "-no-color"], &desk.path(""));
    by_terraform(&folders);
}
