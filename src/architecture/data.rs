//! What must not be lost: database, bucket, secrets.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::access::bucket_name;
use super::handles::{
    BUCKET, CLUSTER, DATABASE, DATABASE_FIREWALL, DATABASE_FROM_NODES, DATABASE_LOGIN, DATABASE_PARAMETERS,
    DATABASE_SUBNETS, ENCRYPTION_KEY,
};
use super::versions::engine_version;
use super::{Expansion, NetworkRefs};
use crate::model::policy::Policy;
use crate::product::ENCRYPTION_KEY_BYTES;
use crate::resources::bucket::{Bucket, PublicAccessBlock};
use crate::resources::database::{Database, LIFECYCLE_EXTENDED, LIFECYCLE_STANDARD};
use crate::resources::db_parameter_group::DbParameterGroup;
use crate::resources::db_subnet_group::DbSubnetGroup;
use crate::resources::secret::{Secret, SecretContent};
use crate::resources::security_group::{Peer, SecurityGroup};
use crate::resources::security_group_rule::{RuleHome, SecurityGroupRule};
use crate::stack::Protected;

/// User and database of Package Manager.
pub const USER: &str = "ppm";
/// Port of the database, where `PostgreSQL` of RDS listens unless it is told otherwise ("DB instance port").
pub(super) const PORT: u16 = 5432;

/// Adds database, bucket and secrets.
pub(super) fn data(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    secrets(expansion);
    bucket(expansion);
    firewall(expansion, net);
    database(expansion, net);
}

fn secrets(expansion: &mut Expansion<'_>) {
    let login =
        (&DATABASE_LOGIN, "User and password of the database", SecretContent::Login { username: USER.to_owned() });
    let key = (
        &ENCRYPTION_KEY,
        "What Package Manager encrypts with",
        SecretContent::RandomHex { bytes: ENCRYPTION_KEY_BYTES },
    );
    for (at, description, content) in [login, key] {
        let tags = expansion.tags(at);
        let secret = Secret {
            name: format!("{}-{}", expansion.stack.stack, at.name()),
            description: description.to_owned(),
            kms_key: Some(expansion.key()),
            content,
            recovery_days: 7,
            tags,
        };
        expansion.add(at, &secret);
    }
}

fn bucket(expansion: &mut Expansion<'_>) {
    let name = bucket_name(expansion);
    let arn = format!("arn:{}:s3:::{name}", expansion.partition());
    let policy = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "NothingWithoutTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }]});
    let tags = expansion.tags(&BUCKET);
    let bucket = Bucket {
        name,
        kms_key: Some(expansion.key()),
        bucket_key: true,
        versioning: true,
        ownership: "BucketOwnerEnforced".to_owned(),
        public_access_block: PublicAccessBlock::ALL,
        policy: Some(Policy::new(&policy)),
        abort_uploads_days: Some(7),
        tags,
    };
    let protect = expansion.stack.protect.contains(&Protected::Bucket);
    expansion.add(&BUCKET, &bucket).protect = protect;
}

/// The rule that lets the nodes in stands apart, so that the database need not wait for the cluster.
fn firewall(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    let tags = expansion.tags(&DATABASE_FIREWALL);
    let group = SecurityGroup {
        vpc: net.vpc.clone(),
        name: format!("{}-database", expansion.stack.stack),
        description: "The database".to_owned(),
        ingress: BTreeSet::new(),
        egress: BTreeSet::new(),
        tags,
    };
    expansion.add(&DATABASE_FIREWALL, &group);
    let tags = expansion.tags(&DATABASE_FROM_NODES);
    let rule = SecurityGroupRule {
        group: RuleHome::Group(DATABASE_FIREWALL.to_ref()),
        protocol: "tcp".to_owned(),
        from_port: PORT.into(),
        to_port: PORT.into(),
        peer: Peer::Cluster(CLUSTER.to_ref()),
        description: "PostgreSQL from the nodes".to_owned(),
        tags,
    };
    expansion.add(&DATABASE_FROM_NODES, &rule);
}

fn database(expansion: &mut Expansion<'_>, net: &NetworkRefs) {
    let stack = expansion.stack.stack.to_string();
    let declared = expansion.stack.database.clone();
    let tags = expansion.tags(&DATABASE_SUBNETS);
    let subnets = DbSubnetGroup {
        name: format!("{stack}-database"),
        description: "Where the database may stand".to_owned(),
        vpc: net.vpc.clone(),
        // A subnet the database may be standing in cannot leave the group (RDS `SubnetAlreadyInUse`).
        subnets: net.settled.iter().cloned().collect(),
        tags,
    };
    expansion.add(&DATABASE_SUBNETS, &subnets);
    let version = engine_version(expansion.stack, expansion.state);
    let family = format!("postgres{}", version.major());
    let tags = expansion.tags(&DATABASE_PARAMETERS);
    let parameters = DbParameterGroup {
        // The family is part of the name: a major upgrade needs both groups side by side.
        name: format!("{stack}-{family}"),
        family,
        description: "Settings of the database".to_owned(),
        parameters: BTreeMap::from([("rds.force_ssl".to_owned(), "1".to_owned())]),
        tags,
    };
    expansion.add(&DATABASE_PARAMETERS, &parameters);
    let tags = expansion.tags(&DATABASE);
    let database = Database {
        name: format!("{stack}-database"),
        engine_version: version.to_string(),
        instance_class: declared.instance_class.to_string(),
        storage_gib: declared.storage_gib,
        storage_type: "gp3".to_owned(),
        multi_az: declared.multi_az,
        subnet_group: DATABASE_SUBNETS.to_ref(),
        security_groups: BTreeSet::from([DATABASE_FIREWALL.to_ref()]),
        parameter_group: DATABASE_PARAMETERS.to_ref(),
        kms_key: expansion.key(),
        login: DATABASE_LOGIN.to_ref(),
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
    let protect = expansion.stack.protect.contains(&Protected::Database);
    let node = expansion.add(&DATABASE, &database);
    node.protect = protect;
    let key = ENCRYPTION_KEY.address();
    node.after.insert(key, "what Package Manager stores in the database cannot be read without this key");
    let rule = DATABASE_FROM_NODES.address();
    node.works_through.insert(rule, "the nodes pass the firewall of the database");
}
