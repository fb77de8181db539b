//! What is good enough: from what was seen and the date to findings. Pure.
//!
//! Promises: an error is something that keeps people from being served, or is certain to; what merely deserves a look
//! is a warning; what was not read is neither.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{
    Certificate, Chart, Cluster, Database, Finding, Maintenance, Nodes, Part, Seen, Severity, Sights, Subject, Support,
    Target, TargetsAre, WayIn,
};

/// Days before its end at which a certificate is mentioned: ACM begins to renew 60 days before ("Managed certificate
/// renewal"), so one that is still as old then is not being renewed.
const CERTIFICATE_DAYS: i64 = 30;
/// Days before the end of a support at which it is mentioned: an upgrade takes planning.
const SUPPORT_DAYS: i64 = 90;
/// Days before maintenance that nobody can put off any longer.
const MAINTENANCE_DAYS: i64 = 30;

/// Everything that is not as it should be, the worst first.
pub fn judge(subject: &Subject, sights: &Sights, now: Timestamp) -> Vec<Finding> {
    let mut court = Court { subject, now, findings: Vec::new() };
    court.way_in(sights);
    court.certificates(sights);
    court.kubernetes(sights);
    court.chart(&subject.chart);
    court.around(sights);
    let mut findings = court.findings;
    findings.sort_by_key(|finding| (finding.severity, finding.part));
    findings
}

/// Whole days from `now` until `then`; negative once it is over.
pub fn days_until(then: Timestamp, now: Timestamp) -> i64 {
    then.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
}

/// Whether a certificate ends so soon that somebody should look.
pub fn is_certificate_due(expires: Timestamp, now: Timestamp) -> bool {
    days_until(expires, now) < CERTIFICATE_DAYS
}

/// Whether a certificate for `names` is good for `host`; a star stands for one label (RFC 6125, section 6.4.3).
pub fn covers(names: &[String], host: &str) -> bool {
    names.iter().any(|name| match name.strip_prefix("*.") {
        None => name.eq_ignore_ascii_case(host),
        Some(rest) => host.split_once('.').is_some_and(|(_, parent)| parent.eq_ignore_ascii_case(rest)),
    })
}

fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

fn days(count: i64) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

struct Court<'a> {
    subject: &'a Subject,
    now: Timestamp,
    findings: Vec<Finding>,
}

impl Court<'_> {
    fn find(&mut self, severity: Severity, part: Part, what: impl Into<String>, remedy: Option<String>) {
        self.findings.push(Finding { severity, part, what: what.into(), remedy });
    }

    fn error(&mut self, part: Part, what: impl Into<String>, remedy: impl Into<String>) {
        self.find(Severity::Error, part, what, Some(remedy.into()));
    }

    fn warning(&mut self, part: Part, what: impl Into<String>, remedy: impl Into<String>) {
        self.find(Severity::Warning, part, what, Some(remedy.into()));
    }

    /// What is there; everything else is a finding. `action` is what reading it takes.
    fn there<'s, T>(&mut self, seen: &'s Seen<T>, part: Part, name: &str, action: &str) -> Option<&'s T> {
        let file = &self.subject.typed.file;
        match seen {
            Seen::There(it) => return Some(it),
            Seen::NotMade => {
                let remedy = format!("`ppm-infra apply {file}` makes it");
                self.error(part, format!("{name} does not stand yet"), remedy);
            }
            Seen::Gone => {
                let remedy = format!("`ppm-infra plan {file}` shows what makes it again");
                self.error(part, format!("{name} is gone: somebody removed it"), remedy);
            }
            Seen::Unread { error, denied } => {
                let remedy = denied.then(|| format!("reading it takes {action}; docs/permissions/plan.json allows it"));
                self.find(Severity::Unread, part, error.clone(), remedy);
            }
        }
        None
    }

    fn way_in(&mut self, sights: &Sights) {
        let WayIn::Ours { targets: are, .. } = self.subject.way_in else { return };
        let file = self.subject.typed.file.clone();
        let part = Part::LoadBalancer;
        let action = "elasticloadbalancing:DescribeLoadBalancers and DescribeListeners";
        let balancer = sights.balancer.as_ref().unwrap_or(&Seen::NotMade);
        if let Some(found) = self.there(balancer, part, "the load balancer", action) {
            let because = found.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            match found.state.as_str() {
                "active" => {}
                "active_impaired" => self.warning(
                    part,
                    format!("the load balancer works, but cannot grow as it should{because}"),
                    "look for room in its subnets: it needs 8 free addresses in each",
                ),
                "provisioning" => self.error(
                    part,
                    "the load balancer is being made or changed",
                    format!("look again in two or three minutes: `ppm-infra status {file}`"),
                ),
                other => self.error(
                    part,
                    format!("the load balancer is {other}{because}"),
                    format!("`ppm-infra plan {file} --replace load_balancer.main` shows what makes another"),
                ),
            }
            let repaired = format!("`ppm-infra plan {file}` shows what puts it back");
            if found.listeners.is_empty() {
                self.error(part, "the load balancer has no listener: nobody gets in", repaired);
            } else if self.subject.certificate.is_some() && !found.listeners.iter().any(|one| one.protocol == "HTTPS") {
                self.error(part, "no listener takes HTTPS, though a certificate is declared", repaired);
            }
        }
        let targets = sights.targets.as_ref().unwrap_or(&Seen::NotMade);
        let action = "elasticloadbalancing:DescribeTargetHealth";
        if let Some(all) = self.there(targets, Part::Targets, "the target group", action) {
            self.targets(all, are);
        }
    }

    fn targets(&mut self, all: &[Target], are: TargetsAre) {
        let part = Part::Targets;
        let typed = &self.subject.typed;
        let (file, release, namespace) = (&typed.file, &typed.release, &typed.namespace);
        let installed = format!(
            "is the chart installed? `helm -n {namespace} status {release}`; if not, `helm upgrade --install`, as the \
             last lines of `ppm-infra apply {file}` have it"
        );
        let pods = format!("do the pods run? `kubectl -n {namespace} get pods`");
        let firewall =
            format!("can the load balancer reach them? `ppm-infra drift {file}` shows a rule that was moved");
        let staying: Vec<&Target> = all.iter().filter(|target| !target.is_leaving()).collect();
        let healthy = staying.iter().filter(|target| target.is_healthy()).count();
        let every = |reason: fn(&Target) -> bool| staying.iter().all(|target| reason(target));
        if staying.is_empty() {
            let (what, remedy) = match are {
                TargetsAre::Nodes => (
                    "no target is registered: the nodes are not in the target group",
                    format!("`ppm-infra plan {file}` shows what puts them back; new nodes are registered in a minute"),
                ),
                TargetsAre::Pods => (
                    "no target is registered: no pod has asked to be one",
                    format!(
                        "{installed}; then, is the AWS Load Balancer Controller there? `kubectl -n {namespace} get \
                         targetgroupbindings`"
                    ),
                ),
            };
            self.error(part, what, remedy);
        } else if healthy == 0 && every(|target| target.state == "unused") {
            let remedy = format!("`ppm-infra plan {file}` shows what puts the listener back");
            self.error(part, "no target is in use: no listener forwards to the target group", remedy);
        } else if healthy == 0 && staying.iter().any(|target| target.state == "initial") {
            let remedy = format!("look again in a minute: `ppm-infra status {file}`");
            self.error(part, "no target is healthy yet: the first checks are not over", remedy);
        } else if healthy == 0 {
            let what = format!("none of {} is healthy: no pod answers", count(staying.len(), "target"));
            self.error(part, what, format!("{installed}; {pods}; {firewall}"));
        } else if healthy < staying.len() {
            let what = format!("{} of {} are not healthy", staying.len() - healthy, count(staying.len(), "target"));
            let remedy = match are {
                // Any node leads to any pod, so it is the node.
                TargetsAre::Nodes => {
                    "pods answer through other nodes, so look at these: `kubectl get nodes`".to_owned()
                }
                TargetsAre::Pods => pods,
            };
            self.warning(part, what, remedy);
        }
    }

    fn certificates(&mut self, sights: &Sights) {
        for (arn, seen) in &sights.certificates {
            let name = format!("the certificate {arn}");
            match seen {
                Seen::Gone => self.error(
                    Part::Certificate,
                    format!("{name} is gone"),
                    "declare another one, `load_balancer.certificate`, and apply",
                ),
                Seen::There(_) | Seen::NotMade | Seen::Unread { .. } => {
                    if let Some(found) = self.there(seen, Part::Certificate, &name, "acm:DescribeCertificate") {
                        self.certificate(found);
                    }
                }
            }
        }
    }

    fn certificate(&mut self, found: &Certificate) {
        let part = Part::Certificate;
        let left = found.expires.map(|end| days_until(end, self.now));
        let ended = found.expires.filter(|end| *end <= self.now);
        let remedy = renewed(found);
        if found.status == "EXPIRED" || ended.is_some() {
            let since = found.expires.map(|end| format!(" since {}", day(end))).unwrap_or_default();
            self.error(part, format!("the certificate is expired{since}: browsers and R refuse it"), remedy);
        } else if found.status != "ISSUED" {
            let remedy = match found.status.as_str() {
                "PENDING_VALIDATION" => "make the DNS record that ACM shows for it",
                _ => "request or import another one, declare it as `load_balancer.certificate`, and apply",
            };
            self.error(part, format!("the certificate is {}, not ISSUED", found.status), remedy);
        } else if let (Some(end), Some(left)) = (found.expires, left.filter(|left| *left < CERTIFICATE_DAYS)) {
            self.warning(part, format!("the certificate ends on {}, in {}", day(end), days(left)), remedy);
        } else if found.renewal.as_deref() == Some("FAILED") {
            self.warning(part, "ACM could not renew the certificate", remedy);
        }
        if let Some(host) = &self.subject.domain
            && !found.names.is_empty()
            && !covers(&found.names, host)
        {
            let what = format!("the certificate is for {}, not for {host}", found.names.join(", "));
            self.warning(part, what, "request one for that name, declare it as `load_balancer.certificate`, and apply");
        }
    }

    fn kubernetes(&mut self, sights: &Sights) {
        let (Some(cluster), Some(support)) = (sights.cluster.there(), &sights.support) else { return };
        let part = Part::Kubernetes;
        let version = &cluster.version;
        let upgrade = format!(
            "raise `kubernetes.version` in {} and apply: it goes one minor version at a time",
            self.subject.typed.file
        );
        if *support == Seen::Gone {
            return self.warning(part, format!("EKS does not list Kubernetes {version} any more"), upgrade);
        }
        let Some(support) = self.there(support, part, "its support", "eks:DescribeClusterVersions") else { return };
        let Support { standard_until, extended_until } = support;
        let paid = cluster.policy.as_deref() != Some("STANDARD");
        let near = |end: &Timestamp| days_until(*end, self.now) < SUPPORT_DAYS;
        let is_over = |end: Option<Timestamp>| end.is_some_and(|end| end <= self.now);
        let what = if is_over(*extended_until) {
            format!("Kubernetes {version} is out of support: EKS upgrades the cluster by itself")
        } else if let Some(end) = extended_until.filter(|end| near(end) && is_over(*standard_until)) {
            let left = days(days_until(end, self.now));
            format!("Kubernetes {version} is in extended, paid support, which ends on {}, in {left}", day(end))
        } else if is_over(*standard_until) {
            let until = extended_until.map(|end| format!(", until {}", day(end))).unwrap_or_default();
            format!("Kubernetes {version} is in extended, paid support{until}")
        } else if let Some(end) = standard_until.filter(near) {
            let then = if paid { "it costs more from then on" } else { "EKS upgrades the cluster by itself then" };
            let left = days(days_until(end, self.now));
            format!("standard support of Kubernetes {version} ends on {}, in {left}: {then}", day(end))
        } else {
            return;
        };
        self.warning(part, what, upgrade);
    }

    fn chart(&mut self, chart: &Chart) {
        let part = Part::Chart;
        let file = self.subject.typed.file.clone();
        let today = day(self.now);
        match &chart.written_for {
            None => self.warning(
                part,
                "no values were written by an apply that is recorded",
                format!("`ppm-infra apply {file}` writes them"),
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
            } else if left < SUPPORT_DAYS {
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

    fn around(&mut self, sights: &Sights) {
        let action = "eks:DescribeCluster";
        if let Some(found) = self.there(&sights.cluster, Part::Cluster, "the cluster", action) {
            self.cluster(found);
        }
        let action = "eks:DescribeNodegroup and autoscaling:DescribeAutoScalingGroups";
        if let Some(found) = self.there(&sights.nodes, Part::NodeGroup, "the node group", action) {
            self.nodes(found);
        }
        let part = Part::Database;
        if let Some(found) = self.there(&sights.database, part, "the database", "rds:DescribeDBInstances") {
            self.database(found);
            // Asked for beside it; that it was not made, or is gone, was said.
            if let Seen::There(_) | Seen::Unread { .. } = &sights.maintenance
                && let Some(all) =
                    self.there(&sights.maintenance, part, "maintenance", "rds:DescribePendingMaintenanceActions")
            {
                self.maintenance(all);
            }
        }
    }

    fn cluster(&mut self, found: &Cluster) {
        let part = Part::Cluster;
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

    fn nodes(&mut self, found: &Nodes) {
        let part = Part::NodeGroup;
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
                let what = format!("{missing} of {} do not run{issues}", count(found.desired as usize, "node"));
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
    fn database(&mut self, found: &Database) {
        let part = Part::Database;
        match found.status.as_str() {
            "available" | "storage-optimization" | "storage-config-upgrade" | "storage-initialization" => {}
            "storage-full" => self.error(
                part,
                "the storage of the database is full: it takes no writes",
                format!("raise `database.storage_gib` in {} and apply", self.subject.typed.file),
            ),
            "stopped" | "stopping" => {
                self.error(part, "the database is stopped", "start it: `aws rds start-db-instance`");
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
                "the events of the database say why: `aws rds describe-events --source-type db-instance`",
            ),
            other => self.warning(
                part,
                format!("RDS is at work on the database: {other}"),
                "it serves meanwhile, with a short break at most; look again later",
            ),
        }
        if let Some(end) = found.certificate_until.filter(|end| days_until(*end, self.now) < SUPPORT_DAYS) {
            let authority = found.authority.as_deref().unwrap_or("its authority");
            let over = if end <= self.now { "ended" } else { "ends" };
            let what = format!("the certificate of the database ({authority}) {over} on {}", day(end));
            self.warning(part, what, "rotate it: `aws rds modify-db-instance --ca-certificate-identifier`");
        }
    }

    fn maintenance(&mut self, all: &[Maintenance]) {
        for one in all {
            let Some(due) = one.due.filter(|due| days_until(*due, self.now) < MAINTENANCE_DAYS) else { continue };
            let what = one.description.as_deref().unwrap_or(&one.action);
            let what = format!("maintenance of the database on {} or in the window before: {what}", day(due));
            self.warning(Part::Database, what, "choose the time yourself: `aws rds apply-pending-maintenance-action`");
        }
    }
}

/// What renews a certificate.
fn renewed(found: &Certificate) -> String {
    if found.origin == "IMPORTED" {
        return "ACM never renews what was imported: get a new one and import it under the same ARN, `aws acm \
                import-certificate --certificate-arn`"
            .to_owned();
    }
    match (found.is_renewed, found.validated_by.as_deref()) {
        (true, Some("EMAIL")) => "ACM renews it once the mail to the owner of the domain is answered".to_owned(),
        (true, _) => {
            "ACM renews it by itself as long as its DNS record stands: put the record back that ACM shows for \
                      it"
            .to_owned()
        }
        (false, _) => {
            "ACM does not renew it: request another one, declare it as `load_balancer.certificate`, and apply"
                .to_owned()
        }
    }
}

fn listed(issues: &[String]) -> String {
    if issues.is_empty() { String::new() } else { format!(": {}", issues.join("; ")) }
}

fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

fn days_between(from: Date, to: Date) -> i64 {
    (to - from).get_days().into()
}
