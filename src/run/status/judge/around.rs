//! Versions and their ends, and what stands around the way in.

use jiff::civil::Date;

use super::{HealthAssessor, Severity, count, day, days_until, listed};
use crate::model::support::{MENTIONED_DAYS, Product, days};
use crate::model::values::region_of;
use crate::run::status::{
    Aspect, ChartStatus, ClusterHealth, DatabaseHealth, KeyHealth, Maintenance, NodeGroupHealth, ObservedHealth, Seen,
    Typed,
};

/// Days before maintenance that nobody can put off any longer.
const MAINTENANCE_DAYS: i64 = 30;

impl HealthAssessor<'_> {
    pub(super) fn kubernetes(&mut self, health: &ObservedHealth) {
        let (Some(cluster), Some(support)) = (health.cluster.there(), &health.support) else { return };
        let part = Aspect::Kubernetes;
        let version = &cluster.version;
        let upgrade = format!(
            "raise `kubernetes.version` in {} and apply: it goes one minor version at a time",
            self.subject.typed.file
        );
        if *support == Seen::Gone {
            return self.warning(part, format!("EKS does not list Kubernetes {version} any more"), upgrade);
        }
        let Some(support) = self.there(support, part, "its support", "eks:DescribeClusterVersions") else { return };
        let lifetime = support.lifetime();
        let paid = cluster.policy.as_deref() != Some("STANDARD");
        if let Some(what) = Product::Kubernetes.ending(version, &lifetime, day(self.now), paid) {
            self.warning(part, what, upgrade);
        }
    }

    /// RDS tells no dates beside the database, so they are those of the table.
    fn database_version(&mut self, found: &DatabaseHealth) {
        let major = found.engine_version.split('.').next().unwrap_or_default();
        let release = major.parse().ok().and_then(|number| Product::PostgreSql.release(number));
        let ending = release.and_then(|release| {
            Product::PostgreSql.ending(major, &release.lifetime, day(self.now), found.extended_support)
        });
        if let Some(what) = ending {
            let file = &self.subject.typed.file;
            let upgrade =
                format!("raise `database.engine_version` in {file} and apply; the database is away meanwhile");
            self.warning(Aspect::Database, what, upgrade);
        }
    }

    pub(super) fn chart(&mut self, chart: &ChartStatus) {
        let part = Aspect::Chart;
        let file = self.subject.typed.file.clone();
        let today = day(self.now);
        match &chart.written_for {
            None => self.warning(
                part,
                "no values were written by an apply that is recorded",
                format!("`ppm-infra apply {file}` writes what is missing"),
            ),
            Some(written) if *written != chart.declared => self.warning(
                part,
                format!("the values were written for {written}; declared is {}", chart.declared),
                format!("`ppm-infra apply {file}` writes them again, and says how to roll them out"),
            ),
            Some(_) => {}
        }
        let upgrade = format!("raise `package_manager.chart_version` in {file}, apply, and roll it out");
        if let (Some(version), Some(end)) = (&chart.application, chart.supported_until) {
            let left = days_between(today, end);
            if left < 0 {
                let what = format!(
                    "Posit's support of Package Manager {version} ended on {end}, unless it is still the newest"
                );
                self.warning(part, what, upgrade.clone());
            } else if left < MENTIONED_DAYS {
                let what = format!("Posit's support of Package Manager {version} ends on {end}, in {}", days(left));
                self.warning(part, what, upgrade.clone());
            }
        }
        if let Some((image, end)) = &chart.ending_image {
            let ends = if *end < today { "ended" } else { "ends" };
            let what = format!("the publication of the image {image} {ends} on {end}: no fixes come after it");
            self.warning(part, what, format!("charts from 0.20.0 on take posit/package-manager: {upgrade}"));
        }
    }

    pub(super) fn around(&mut self, health: &ObservedHealth) {
        let action = "eks:DescribeCluster";
        if let Some(found) = self.there(&health.cluster, Aspect::Cluster, "the cluster", action) {
            self.cluster(found);
        }
        let action = "eks:DescribeNodegroup and autoscaling:DescribeAutoScalingGroups";
        if let Some(found) = self.there(&health.nodes, Aspect::NodeGroup, "the node group", action) {
            self.nodes(found);
        }
        let part = Aspect::Database;
        if let Some(found) = self.there(&health.database, part, "the database", "rds:DescribeDBInstances") {
            self.database(found);
            self.database_version(found);
            // Asked for beside it; that it was not made, or is gone, was said.
            if let Seen::There(_) | Seen::Unread { .. } = &health.maintenance
                && let Some(all) =
                    self.there(&health.maintenance, part, "maintenance", "rds:DescribePendingMaintenanceActions")
            {
                self.maintenance(all);
            }
        }
    }

    /// States as in "Key states of AWS KMS keys". Data that is read or written while the key cannot be used is refused.
    pub(super) fn key(&mut self, health: &ObservedHealth) {
        let part = Aspect::Key;
        if health.key == Seen::NotMade {
            return;
        }
        let Some(found) = self.there(&health.key, part, "the key", "kms:DescribeKey") else { return };
        let file = self.subject.typed.file.clone();
        let id = self.subject.key.as_deref().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();
        let region = region_of(self.subject.key.as_deref().unwrap_or_default()).to_owned();
        let KeyHealth { state, deletion } = found;
        match state.as_str() {
            "Enabled" | "Creating" | "Updating" => {}
            "PendingDeletion" | "PendingReplicaDeletion" => {
                let on = deletion.map(|at| format!(" on {}", day(at))).unwrap_or_default();
                self.error(
                    part,
                    format!("the key cannot be used and will be deleted{on}, its data with it"),
                    format!("`aws kms cancel-key-deletion --region {region} --key-id {id}`, then `ppm-infra apply {file}`"),
                );
            }
            "Disabled" => self.error(
                part,
                "the key is disabled: nothing that it encrypts can be read or written",
                format!("`aws kms enable-key --region {region} --key-id {id}`; `ppm-infra apply {file}` does it for a key of the stack"),
            ),
            other => self.error(
                part,
                format!("the key cannot be used: it is {other}"),
                format!("`aws kms describe-key --region {region} --key-id {id}` says more"),
            ),
        }
    }

    fn cluster(&mut self, found: &ClusterHealth) {
        let part = Aspect::Cluster;
        let issues = listed(&found.issues);
        match found.status.as_str() {
            "ACTIVE" if found.issues.is_empty() => {}
            "ACTIVE" => self.warning(part, format!("EKS complains of the cluster{issues}"), "mend what EKS names"),
            "UPDATING" => self.warning(
                part,
                format!("the cluster is being changed{issues}"),
                "it serves meanwhile; look again later",
            ),
            other => self.error(
                part,
                format!("the cluster is {other}{issues}"),
                format!("`ppm-infra plan {}` shows what can be done", self.subject.typed.file),
            ),
        }
    }

    fn nodes(&mut self, found: &NodeGroupHealth) {
        let part = Aspect::NodeGroup;
        let issues = listed(&found.issues);
        let plan = format!("`ppm-infra plan {}` shows what can be done", self.subject.typed.file);
        let missing = found.running.map_or(0, |running| found.desired.saturating_sub(running));
        if found.running == Some(0) && found.desired > 0 {
            return self.error(part, format!("no node runs; there should be {}{issues}", found.desired), plan);
        }
        match found.status.as_str() {
            "ACTIVE" if missing == 0 && found.issues.is_empty() => {}
            "ACTIVE" if missing == 0 => {
                self.warning(part, format!("EKS complains of the node group{issues}"), "mend what EKS names");
            }
            "ACTIVE" => {
                let verb = if missing == 1 { "does" } else { "do" };
                let what = format!("{missing} of {} {verb} not run{issues}", count(found.desired as usize, "node"));
                self.warning(part, what, "Auto Scaling starts others: look again in some minutes");
            }
            "UPDATING" => {
                let what = format!("the node group is being changed{issues}");
                self.warning(part, what, "pods move meanwhile; look again later");
            }
            "DEGRADED" => self.warning(part, format!("the node group is DEGRADED{issues}"), "mend what EKS names"),
            other => self.error(part, format!("the node group is {other}{issues}"), plan),
        }
    }

    /// States as in "Viewing DB instance status" of the RDS User Guide.
    fn database(&mut self, found: &DatabaseHealth) {
        let part = Aspect::Database;
        let (name, region) = match &self.subject.database {
            Some((name, arn)) => (name.clone(), region_of(arn).to_owned()),
            None => Default::default(),
        };
        let recorded = self.subject.database_resource.as_ref().zip(found.resource_id.as_ref());
        if recorded.is_some_and(|(recorded, there)| recorded != there) {
            let Typed { file, database, .. } = self.subject.typed.clone();
            self.find(
                Severity::Warning,
                part,
                format!("{name} is another database than the recorded one, restored or made anew under its name"),
                vec![
                    format!(
                        "if it is to be the database from now on: `ppm-infra state rm {database}`, then \
                         `ppm-infra adopt {database} '{name}'`"
                    ),
                    format!("`ppm-infra plan {file}` says what became of the recorded one"),
                ],
            );
        }
        match found.status.as_str() {
            "available" | "storage-optimization" | "storage-config-upgrade" | "storage-initialization" => {}
            "storage-full" => self.error(
                part,
                "the storage of the database is full: it takes no writes",
                format!("raise `database.storage_gib` in {} and apply", self.subject.typed.file),
            ),
            "stopped" | "stopping" => {
                let start = format!("start it: `aws rds start-db-instance --region {region} --db-instance-identifier {name}`");
                self.error(part, "the database is stopped", start);
            }
            "failed"
            | "creating"
            | "deleting"
            | "delete-precheck"
            | "starting"
            | "rebooting"
            | "incompatible-create"
            | "incompatible-network"
            | "incompatible-option-group"
            | "incompatible-parameters"
            | "incompatible-restore"
            | "insufficient-capacity"
            | "restore-error"
            | "inaccessible-encryption-credentials"
            | "inaccessible-encryption-credentials-recoverable" => self.error(
                part,
                format!("the database cannot be used: it is {}", found.status),
                format!(
                    "the events of the database say why: `aws rds describe-events --region {region} --source-type db-instance \
                     --source-identifier {name} --duration 1440`"
                ),
            ),
            other => self.warning(
                part,
                format!("RDS is at work on the database: {other}"),
                "it serves meanwhile, with a short break at most; look again later",
            ),
        }
        if let Some(end) = found.certificate_until.filter(|end| days_until(*end, self.now) < MENTIONED_DAYS) {
            let authority = found.authority.as_deref().unwrap_or("its authority");
            let over = if end <= self.now { "ended" } else { "ends" };
            let what = format!("the certificate of the database ({authority}) {over} on {}", day(end));
            // RDS renews what the newer authorities signed ("Rotating your SSL/TLS certificate" of its user guide).
            let rotate = if authority.ends_with("-g1") {
                "RDS renews it by itself, in a maintenance window before that day".to_owned()
            } else {
                format!(
                    "rotate it: `aws rds modify-db-instance --region {region} --db-instance-identifier {name} \
                     --ca-certificate-identifier rds-ca-rsa2048-g1 --apply-immediately`"
                )
            };
            self.warning(part, what, rotate);
        }
    }

    fn maintenance(&mut self, all: &[Maintenance]) {
        for one in all {
            let Some(due) = one.due.filter(|due| days_until(*due, self.now) < MAINTENANCE_DAYS) else { continue };
            let what = one.description.as_deref().unwrap_or(&one.action);
            let what = format!("maintenance of the database on {} or in the window before: {what}", day(due));
            let arn = self.subject.database.as_ref().map(|(_, arn)| arn.as_str()).unwrap_or_default();
            let choose = format!(
                "choose the time yourself: `aws rds apply-pending-maintenance-action --region {} --resource-identifier \
                 {arn} --apply-action {} --opt-in-type immediate` does it now",
                region_of(arn),
                one.action
            );
            self.warning(Aspect::Database, what, choose);
        }
    }
}

fn days_between(from: Date, to: Date) -> i64 {
    (to - from).get_days().into()
}
