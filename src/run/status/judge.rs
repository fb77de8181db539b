//! What is good enough: from what was seen and the date to findings. Pure.
//!
//! Promises: an error is something that keeps people from being served, or is certain to; what merely deserves a look
//! is a warning; what was not read is neither.

mod around;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::model::support::days;
use crate::model::values::region_of;

use super::{Certificate, Inspected, ObservedHealth, Seen, TargetHealth, TargetsAre, WayIn};
use crate::model::aspect::Aspect;
use crate::model::finding::{Finding, Severity, Subject};

/// Days before its end at which a certificate is mentioned. ACM renews earlier than that, so something keeps it from doing
/// so, or it is not ACM's to renew ("Managed certificate renewal").
const CERTIFICATE_DAYS: i64 = 30;

/// Everything that is not as it should be, the worst first.
pub fn judge(subject: &Inspected, health: &ObservedHealth, now: Timestamp) -> Vec<Finding> {
    let mut assessor = HealthAssessor { subject, now, findings: Vec::new() };
    assessor.way_in(health);
    assessor.certificates(health);
    assessor.kubernetes(health);
    assessor.chart(&subject.chart);
    assessor.around(health);
    assessor.key(health);
    let mut findings = assessor.findings;
    findings.sort_by(|one, other| (one.severity, &one.subject).cmp(&(other.severity, &other.subject)));
    findings
}

/// Whole days from `now` until `then`; negative once it is over.
pub fn days_until(then: Timestamp, now: Timestamp) -> i64 {
    then.duration_since(now).as_secs().div_euclid(24 * 60 * 60)
}

fn day(time: Timestamp) -> Date {
    time.to_zoned(TimeZone::UTC).date()
}

struct HealthAssessor<'a> {
    subject: &'a Inspected,
    now: Timestamp,
    findings: Vec<Finding>,
}

impl HealthAssessor<'_> {
    fn find(&mut self, severity: Severity, part: Aspect, what: impl Into<String>, hints: Vec<String>) {
        self.findings.push(Finding {
            id: part.serves(),
            severity,
            grade: None,
            subject: Subject::Aspect(part),
            place: None,
            what: what.into(),
            why: String::new(),
            remedies: hints,
        });
    }

    fn error(&mut self, part: Aspect, what: impl Into<String>, hint: impl Into<String>) {
        self.find(Severity::Error, part, what, vec![hint.into()]);
    }

    fn warning(&mut self, part: Aspect, what: impl Into<String>, hint: impl Into<String>) {
        self.find(Severity::Warning, part, what, vec![hint.into()]);
    }

    /// What is there; everything else is a finding. `action` is what reading it takes.
    fn there<'s, T>(&mut self, seen: &'s Seen<T>, part: Aspect, name: &str, action: &str) -> Option<&'s T> {
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
            Seen::Unread { error } => {
                let hint = error
                    .is_denied()
                    .then(|| format!("reading it takes {action}; docs/permissions.md tells which policy allows it"));
                self.find(Severity::Unknown, part, error.to_string(), hint.into_iter().collect());
            }
        }
        None
    }

    fn way_in(&mut self, health: &ObservedHealth) {
        let WayIn::Ours { targets: are, .. } = self.subject.way_in else { return };
        let file = self.subject.typed.file.clone();
        let part = Aspect::LoadBalancer;
        let action = "elasticloadbalancing:DescribeLoadBalancers and DescribeListeners";
        let balancer = health.balancer.as_ref().unwrap_or(&Seen::NotMade);
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
                    format!(
                        "`ppm-infra plan {file} --replace {}` shows what makes another",
                        self.subject.typed.balancer
                    ),
                ),
            }
            let repaired = format!("`ppm-infra plan {file}` shows what puts it back");
            if found.listeners.is_empty() {
                self.error(part, "the load balancer has no listener: nobody gets in", repaired);
            } else if self.subject.certificate.is_some() && !found.listeners.iter().any(|one| one.protocol == "HTTPS") {
                self.error(part, "no listener takes HTTPS, though a certificate is declared", repaired);
            }
        }
        let targets = health.targets.as_ref().unwrap_or(&Seen::NotMade);
        let action = "elasticloadbalancing:DescribeTargetHealth";
        if let Some(all) = self.there(targets, Aspect::Targets, "the target group", action) {
            self.targets(all, are);
        }
    }

    fn targets(&mut self, all: &[TargetHealth], are: TargetsAre) {
        let part = Aspect::Targets;
        let typed = &self.subject.typed;
        let (file, release, namespace) = (&typed.file, &typed.release, &typed.namespace);
        let installed = format!(
            "is the chart installed? `helm -n {namespace} status {release}`; if not, install it, as the \
             last lines of `ppm-infra apply {file}` have it"
        );
        let pods = format!("do the pods run? `kubectl -n {namespace} get pods`");
        let firewall =
            format!("can the load balancer reach them? `ppm-infra drift {file}` shows a rule that was moved");
        let staying: Vec<&TargetHealth> = all.iter().filter(|target| !target.is_leaving()).collect();
        let healthy = staying.iter().filter(|target| target.is_healthy()).count();
        let every = |reason: fn(&TargetHealth) -> bool| staying.iter().all(|target| reason(target));
        if staying.is_empty() {
            let (what, hints) = match are {
                TargetsAre::Nodes => (
                    "no target is registered: the nodes are not in the target group",
                    vec![format!("`ppm-infra plan {file}` shows what puts them back; it takes a minute then")],
                ),
                TargetsAre::Pods => (
                    "no target is registered: no pod has asked to be one",
                    vec![
                        installed,
                        format!(
                            "is the AWS Load Balancer Controller there? `kubectl -n {namespace} get targetgroupbindings`"
                        ),
                    ],
                ),
            };
            self.find(Severity::Error, part, what, hints);
        } else if healthy == 0 && every(|target| target.state == "unused") {
            let remedy = format!("`ppm-infra plan {file}` shows what puts the listener back");
            self.error(part, "no target is in use: no listener forwards to the target group", remedy);
        } else if healthy == 0 && staying.iter().any(|target| target.state == "initial") {
            let remedy = format!("look again in a minute: `ppm-infra status {file}`");
            self.error(part, "no target is healthy yet: the first checks are not over", remedy);
        } else if healthy == 0 {
            let what = format!("none of {} is healthy: no pod answers", count(staying.len(), "target"));
            self.find(Severity::Error, part, what, vec![installed, pods, firewall]);
        } else if healthy < staying.len() {
            let silent = staying.len() - healthy;
            let are_not = if silent == 1 { "is" } else { "are" };
            let what = format!("{silent} of {} {are_not} not healthy", count(staying.len(), "target"));
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

    fn certificates(&mut self, health: &ObservedHealth) {
        for (arn, seen) in &health.certificates {
            let name = format!("the certificate {arn}");
            match seen {
                Seen::Gone => self.error(
                    Aspect::Certificate,
                    format!("{name} is gone"),
                    "declare another one, `load_balancer.certificate`, and apply",
                ),
                Seen::There(_) | Seen::NotMade | Seen::Unread { .. } => {
                    if let Some(found) = self.there(seen, Aspect::Certificate, &name, "acm:DescribeCertificate") {
                        self.certificate(found, arn);
                    }
                }
            }
        }
    }

    fn certificate(&mut self, found: &Certificate, arn: &str) {
        let part = Aspect::Certificate;
        let left = found.expires.map(|end| days_until(end, self.now));
        let ended = found.expires.filter(|end| *end <= self.now);
        let remedy = renewed(found, arn);
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
            && !found.covers(host)
        {
            let what = format!("the certificate is for {}, not for {host}", found.names.join(", "));
            self.warning(part, what, "request one for that name, declare it as `load_balancer.certificate`, and apply");
        }
    }
}

/// What renews a certificate.
fn renewed(found: &Certificate, arn: &str) -> String {
    if found.origin == "IMPORTED" {
        return format!(
            "ACM never renews what was imported: get a new one and import it under the same ARN, `aws acm \
             import-certificate --region {} --certificate-arn {arn} --certificate fileb://CERTIFICATE --private-key \
             fileb://KEY --certificate-chain fileb://CHAIN`",
            region_of(arn)
        );
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
