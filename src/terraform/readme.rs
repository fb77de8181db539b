//! What is done with the files: for whoever takes the stack over.

use std::fmt::Write as _;

use super::{ExpectedPlan, PROVIDER_VERSION, TERRAFORM_VERSION, TerraformStack};
use crate::engine::state::State;
use crate::model::mark::TAG_PREFIX;

pub(super) fn text(stack: &TerraformStack<'_>, expected: &ExpectedPlan) -> String {
    let TerraformStack { state, lockfile, declaration, .. } = *stack;
    let State { stack: name, region, account, serial, .. } = state;
    let mut text = format!(
        "# {name} in Terraform

Written by ppm-infra {version} from serial {serial} of {lockfile}: the stack {name} in account {account}, {region}.
Nothing in AWS was asked or changed. The files take Terraform {TERRAFORM_VERSION} and hashicorp/aws {PROVIDER_VERSION}.

## Taking over

1. From now on nobody applies, fixes or destroys this stack with ppm-infra, and no job does.
   `ppm-infra drift {declaration}` one last time: what has drifted is in the first plan of Terraform as well.
2. Add a backend to terraform.tf, so that the state of Terraform is shared and locked, and:

       terraform init
       terraform plan -out=take-over.tfplan

   If nothing has drifted, the plan ends with this line, and with nothing to destroy or to replace:

       {line}

",
        version = env!("CARGO_PKG_VERSION"),
        line = expected.line(),
    );
    text.push_str(&exceptions(expected));
    let _ = write!(
        text,
        "
   Anything else is drift, or a value that Terraform spells otherwise: look at it before you apply.
   Until then, leaving these files alone is the whole way back.
3. `terraform apply take-over.tfplan`. Then imports.tf has done its work and can go.
4. Take ppm-infra out of use: remove {declaration}, without which none of its commands works on the stack; keep
   {lockfile} as the record of how it stood; remove its jobs and the IAM policies made for it.
5. Once that is done, remove the block `ignore_tags` from providers.tf and apply. That takes the marks
   `{TAG_PREFIX}*` off the objects, and ppm-infra no longer knows them as its own: not even `recover` finds them.

## What is not carried over

- **Values of secrets.** Terraform manages the secrets, never what is in them: the values stay in Secrets Manager. The
  password of the database stays in its secret; to change it, change it in both places by hand.
- **What runs in the cluster.** The Helm release of Package Manager, its values and the Kubernetes Secrets stay as they are
  and are yours to manage with Helm, as before. Nothing writes the file of values anew: keep the last one.
- **What is not part of the stack**, such as an existing network, a certificate, a key of yours, DNS records: it is named by
  its id or ARN.
- **What ppm-infra did besides**: checks before a plan, Kubernetes and PostgreSQL raised step by step, passwords made at
  random, replacements without an outage, drift judged. `terraform plan` tells what differs and no more.

Databases, buckets, keys and secrets have `prevent_destroy`: a plan that would delete or replace one is refused.
"
    );
    text
}

/// What the first plan does besides importing, and why that changes nothing.
fn exceptions(expected: &ExpectedPlan) -> String {
    let mut text = String::new();
    if !expected.added.is_empty() {
        text.push_str("   To add, as the provider imports none. They are there already, and making them again changes nothing:\n\n");
        text.extend(expected.added.iter().map(|name| format!("   - {name}\n")));
    }
    if !expected.changed.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str("   To change, in these arguments alone. AWS does not keep them; Terraform writes them into its own state:\n\n");
        for (name, arguments) in &expected.changed {
            let arguments: Vec<&str> = arguments.iter().copied().collect();
            let _ = writeln!(text, "   - {name}: {}", arguments.join(", "));
        }
    }
    text
}
