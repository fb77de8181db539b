//! Plans, applies, checks and destroys the reference architecture of Posit Package Manager on AWS.
//!
//! The rooms, from the ground up; each may use the rooms named after it and no other:
//!
//! - [`model`] the words: addresses, documents, references, facts of a resource type.
//! - [`engine`] (model) the decisions: plan, schedule, state. Pure and synchronous.
//! - [`described`] (model) what the cloud's answers about an object mean, by the tables of what drift compares; pure.
//! - [`audit`] what the cloud's audit log tells of a change: who made it, and how sure that is; pure.
//! - [`cloud`] (model, how described asks) the port to the cloud, a cloud in memory, and how the AWS SDK is held.
//! - [`resources`] (model, cloud) one file per kind: its facts, then its calls.
//! - [`text`] (model) YAML read with places and written, problems, spelling.
//! - [`product`] (model) what Package Manager is: ports, configuration file, sizes, versions; pure.
//! - [`helm`] (model, text, product) the finished values file for the chart, and the check of one; pure.
//! - [`permissions`] (model) which permissions of AWS the program needs, for which command, on what; pure.
//! - [`stack`] (model, text, product) declarations: YAML to a checked `Stack`, every complaint with its place.
//! - [`architecture`] (model, resources, stack, product, permissions, engine's state, helm's inputs, the name of the job of drift) from a
//!   declaration to resources.
//! - [`cost`] (model, engine's plan and state) what objects cost in a month, by a dated table of list prices; pure.
//! - [`store`] (model, engine) where state lives: lockfile, journal, lock.
//! - [`terraform`] (model, engine's state) a stack in Terraform: HCL with an import of every object; pure.
//! - [`notify`] (model, waiting of cloud) how somebody outside is told something: signed, tried again.
//! - [`run`] (model, engine, audit, the ports of cloud and store) the imperative shell.
//! - [`handoff`] (model, text, product, helm) manifests, kubeconfig and lists for what comes after the infrastructure; pure.
//! - [`drift_job`] (model, text, permissions, helm's quoting) the files of a job that looks for drift on a schedule; pure.
//! - [`report`] (model, engine, cost, audit, text, what run found out) what there is to say, once, for every printer.
//! - [`render`] (model, report, run's events) pages and events, printed.
//! - [`cli`] (every room) the program.

pub mod architecture;
pub mod audit;
pub mod cli;
pub mod cloud;
pub mod cost;
pub mod described;
pub mod drift_job;
pub mod engine;
pub mod handoff;
pub mod helm;
pub mod model;
pub mod notify;
pub mod permissions;
pub mod product;
pub mod render;
pub mod report;
pub mod resources;
pub mod run;
pub mod stack;
pub mod store;
pub mod terraform;
pub mod text;
