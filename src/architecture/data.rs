//! What must not be lost: database, bucket, secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::access::bucket_name;
use super::versions::engine_version;
use super::{Net, Plot};
use crate::model::address::Address;
use crate::model::policy::Policy;
use crate::model::reference::Ref;
use crate::model::resource::Resource;
use crate::resources::bucket::{Bucket, PublicAccessBlock};
use crate::resources::cluster::Cluster;
use crate::resources::database::{Database, LIFECYCLE_EXTENDED, LIFECYCLE_STANDARD};
use crate::resources::db_parameter_group::DbParameterGroup;
use crate::resources::db_subnet_group::DbSubnetGroup;
use crate::resources::secret::{Secret, SecretContent};
use crate::resources::security_group::{Peer, SecurityGroup};
use crate::resources::security_group_rule::{RuleHome, SecurityGroupRule};
use crate::stack::Protected;

/// User and database of Package Manager.
pub const USER: &str = "ppm";
/// Port of the database.
const PORT: i32 = 5432;
/// Name of the rule that lets the nodes in to the database.
const RULE: &str = "database-from-nodes";

/// Adds database, bucket and secrets.
pub(super) fn data(plot: &mut Plot<'_>, net: &Net) {
    secrets(plot);
    bucket(plot);
    firewall(plot, net);
    database(plot, net);
}

fn secrets(plot: &mut Plot<'_>) {
    let login = ("database", "User and password of the database", SecretContent::Login { username: USER.to_owned() });
    // Package Manager takes a key of exactly this size ("Configuration Encryption").
    let key = ("encryption-key", "What Package Manager encrypts with", SecretContent::RandomHex { bytes: 512 });
    for (name, description, content) in [login, key] {
        let tags = plot.tags::<Secret>(name);
        let secret = Secret {
            name: format!("{}-{name}", plot.stack.stack),
            description: description.to_owned(),
            kms_key: Some(plot.key()),
            content,
            recovery_days: 7,
            tags,
        };
        plot.add(name, &secret);
    }
}

fn bucket(plot: &mut Plot<'_>) {
    let name = bucket_name(plot);
    let arn = format!("arn:{}:s3:::{name}", plot.partition());
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "NothingWithoutTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }]});
    let tags = plot.tags::<Bucket>("packages");
    let bucket = Bucket {
        name,
        kms_key: Some(plot.key()),
        bucket_key: true,
        versioning: true,
        ownership: "BucketOwnerEnforced".to_owned(),
        public_access_block: PublicAccessBlock::ALL,
        policy: Some(Policy::new(&policy)),
        abort_uploads_days: Some(7),
        tags,
    };
    let protect = plot.stack.protect.contains(&Protected::Bucket);
    plot.add("packages", &bucket).protect = protect;
}

/// The rule that lets the nodes in stands apart, so that the database need not wait for the cluster.
fn firewall(plot: &mut Plot<'_>, net: &Net) {
    let tags = plot.tags::<SecurityGroup>("database");
    let group = SecurityGroup {
        vpc: net.vpc.clone(),
        name: format!("{}-database", plot.stack.stack),
        description: "The database".to_owned(),
        ingress: BTreeSet::new(),
        egress: BTreeSet::new(),
        tags,
    };
    plot.add("database", &group);
    let tags = plot.tags::<SecurityGroupRule>(RULE);
    let rule = SecurityGroupRule {
        group: RuleHome::Group(Ref::named("database")),
        protocol: "tcp".to_owned(),
        from_port: PORT,
        to_port: PORT,
        peer: Peer::Cluster(Ref::<Cluster>::named("main")),
        description: "PostgreSQL from the nodes".to_owned(),
        tags,
    };
    plot.add(RULE, &rule);
}

fn database(plot: &mut Plot<'_>, net: &Net) {
    let stack = plot.stack.stack.to_string();
    let declared = plot.stack.database.clone();
    let tags = plot.tags::<DbSubnetGroup>("database");
    let subnets = DbSubnetGroup {
        name: format!("{stack}-database"),
        description: "Where the database may stand".to_owned(),
        vpc: net.vpc.clone(),
        // A subnet the database may be standing in cannot leave the group (RDS `SubnetAlreadyInUse`).
        subnets: net.settled.iter().cloned().collect(),
        tags,
    };
    plot.add("database", &subnets);
    let version = engine_version(plot.stack, plot.state);
    let family = format!("postgres{}", version.major());
    let tags = plot.tags::<DbParameterGroup>("database");
    let parameters = DbParameterGroup {
        // The family is part of the name: a major upgrade needs both groups side by side.
        name: format!("{stack}-{family}"),
        family,
        description: "Settings of the database".to_owned(),
        parameters: BTreeMap::from([("rds.force_ssl".to_owned(), "1".to_owned())]),
        tags,
    };
    plot.add("database", &parameters);
    let tags = plot.tags::<Database>("main");
    let database = Database {
        name: format!("{stack}-database"),
        engine_version: version.to_string(),
        instance_class: declared.instance_class.to_string(),
        storage_gib: declared.storage_gib,
        storage_type: "gp3".to_owned(),
        multi_az: declared.multi_az,
        subnet_group: Ref::named("database"),
        security_groups: BTreeSet::from([Ref::named("database")]),
        parameter_group: Ref::named("database"),
        kms_key: plot.key(),
        login: Ref::named("database"),
        username: USER.to_owned(),
        database: USER.to_owned(),
        backup_days: u32::from(declared.backup_days),
        backup_window: "03:00-04:00".to_owned(),
        maintenance_window: "sun:04:30-sun:05:30".to_owned(),
        deletion_protection: true,
        publicly_accessible: false,
        auto_minor_upgrade: true,
        copy_tags_to_snapshot: true,
        lifecycle_support: if declared.extended_support { LIFECYCLE_EXTENDED } else { LIFECYCLE_STANDARD }.to_owned(),
        tags,
    };
    let protect = plot.stack.protect.contains(&Protected::Database);
    let node = plot.add("main", &database);
    node.protect = protect;
    let key = Address::of(Secret::KIND, "encryption-key");
    node.after.insert(key, "what Package Manager stores in the database cannot be read without this key");
    let rule = Address::of(SecurityGroupRule::KIND, RULE);
    node.works_through.insert(rule, "the nodes pass the firewall of the database");
}
