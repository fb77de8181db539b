//! The calls of a cluster (EKS `CreateCluster`, `DescribeCluster`, `UpdateClusterConfig`, `UpdateClusterVersion`).
//!
//! Everything is right in the create call, for every later correction costs minutes and one must wait for the other:
//! EKS takes one kind of change per call and one change at a time. How a cluster goes stands in [`removal`].

mod removal;

pub(in crate::resources) use removal::made_by_kubernetes;

use std::collections::BTreeSet;

use aws_sdk_eks::operation::update_cluster_config::builders::UpdateClusterConfigFluentBuilder;
use aws_sdk_eks::types::{
    self, AuthenticationMode, ClusterHealth, ClusterIssueCode, ClusterStatus, CreateAccessConfigRequest,
    EncryptionConfig, KubernetesNetworkConfigRequest, LogSetup, LogType, Logging, SupportType,
    UpdateAccessConfigRequest, UpgradePolicyRequest, VpcConfigRequest, VpcConfigResponse,
};

use super::{Cluster, ClusterComputed};
use crate::cloud::aws::eks::{self, ClusterPart, NotFoundGrace};
use crate::cloud::aws::strangers::foreign;
use crate::cloud::aws::tags::comparable;
use crate::cloud::aws::takeover::refuse_foreign;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, HealthOf, Listed, Lookup, Present, Provision, ReadOutcome, ReadOutcomes, Reading, Writing,
    one_by_one,
};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind, health};
use crate::model::index::IdIndex;
use crate::model::mark::Tags;
use crate::model::reference::Ref;

// The name of a cluster that is being deleted comes free after 2 to 15 minutes.
const FREE: WaitPolicy = WaitPolicy::seconds(300, 1800, 10);
// 8 to 12 minutes as a rule; Terraform gives up after 30.
const ACTIVE: WaitPolicy = WaitPolicy::seconds(540, 1800, 15);
// 2 to 10 minutes; Terraform gives up after 60.
const CONFIGURED: WaitPolicy = WaitPolicy::seconds(240, 3600, 10);
// 8 to 25 minutes for each minor version; Terraform gives up after 60.
const UPGRADED: WaitPolicy = WaitPolicy::seconds(720, 3600, 15);

const CREATE: &str = "create the cluster";
/// Every part that can write logs: EKS wants all of them named in every change.
const LOGS: [LogType; 5] =
    [LogType::Api, LogType::Audit, LogType::Authenticator, LogType::ControllerManager, LogType::Scheduler];
/// From the entries of a map inside the cluster to access entries; EKS goes step by step, and never back.
const MODES: [AuthenticationMode; 3] =
    [AuthenticationMode::ConfigMap, AuthenticationMode::ApiAndConfigMap, AuthenticationMode::Api];

impl Provision for Cluster {
    type Health = health::ClusterHealth;
    const CONFIRMED: bool = true;

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| async move { look(&one, cx).await }).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        Ok(here.clusters().await?.clone())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<ClusterComputed, CloudError> {
        loop {
            let (cluster, fresh) = until(cx, CREATE, FREE, || self.claim(cx)).await?;
            cx.made(&computed(&cluster)).await?;
            match active(&self.name, CREATE, cx).await {
                Ok(ready) if fresh => return Ok(computed(&ready)),
                Ok(ready) => {
                    let tags = comparable(&eks::tags_of(ready.tags()), &self.tags);
                    return self.bring(&ready, &tags, cx).await;
                }
                // Its status lagged behind: what was found was on its way out already.
                Err(error) if !fresh && error.message.starts_with(ClusterStatus::Deleting.as_str()) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn update(
        &self,
        from: &Self,
        known: &ClusterComputed,
        cx: &Writing<'_>,
    ) -> Result<ClusterComputed, CloudError> {
        let doing = "change the cluster";
        active(&known.id, doing, cx).await?;
        eks::settle(cx, &known.id, ClusterPart::ControlPlane).await?;
        let there = active(&known.id, doing, cx).await?;
        self.bring(&there, &from.tags, cx).await
    }

    async fn delete(_: &Self, known: &ClusterComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        removal::remove(known, cx).await
    }
}

impl HealthOf<Cluster> for health::ClusterHealth {
    async fn read(known: &ClusterComputed, aws: &Clients) -> Result<Option<Self>, CloudError> {
        let found = eks::cluster(aws, &known.id).await?;
        Ok(found.map(|found| Self {
            status: found.status().map_or("unknown", ClusterStatus::as_str).to_owned(),
            version: found.version().unwrap_or_default().to_owned(),
            policy: found.upgrade_policy().and_then(|p| p.support_type()).map(SupportType::as_str).map(str::to_owned),
            issues: issues(&found),
        }))
    }
}

async fn look(one: &Lookup<Cluster>, cx: &Reading<'_>) -> Result<ReadOutcome<Cluster>, CloudError> {
    let name = one.id().unwrap_or(&one.expected().name);
    let Some(found) = eks::cluster(cx.aws, name).await? else { return left_behind(one, cx).await };
    let tags = eks::tags_of(found.tags());
    if found.status() == Some(&ClusterStatus::Deleting) && !cx.removing {
        return Ok(ReadOutcome::Absent);
    }
    let ours = cx.ours(&one.address, &tags);
    if one.recorded.is_none() && !ours {
        return Ok(ReadOutcome::foreign(name, &tags, cx));
    }
    let computed = computed(&found);
    let recorded = one.recorded.as_ref().and_then(|(_, recorded)| recorded.issuer.as_deref());
    let issuers = recorded.zip(computed.issuer.as_deref()).filter(|(recorded, now)| recorded != now);
    let another = issuers.is_some();
    let strange = || {
        let (recorded, now) = issuers.expect("another cluster has another issuer");
        format!("it is another cluster of the same name: its issuer is {now}, not {recorded}")
    };
    // Ours is gone, and somebody made another one under its name.
    if another && !ours && cx.removing {
        return Ok(ReadOutcome::Absent);
    }
    if another && !ours && one.declared.is_some() {
        let mut there = foreign(name, &tags, cx.stack);
        there.because = format!("{}, and {}", strange(), there.because);
        return Ok(ReadOutcome::Foreign(there));
    }
    // What failed while it was made cannot be repaired. Where it is wanted another one takes its place; where it is
    // not, it still has to be removed.
    if found.status() == Some(&ClusterStatus::Failed) && one.declared.is_some() && !cx.removing {
        return Ok(ReadOutcome::Absent);
    }
    let settled = !matches!(found.status(), Some(ClusterStatus::Creating | ClusterStatus::Updating));
    let mut notes = issues(&found);
    if let Some(status) = found.status().filter(|status| **status != ClusterStatus::Active) {
        notes.push(format!("its status is {}", status.as_str()));
    }
    if another {
        notes.push(strange());
    }
    let declared = told(&found, one.expected(), one.managed(&tags), cx.ids);
    Ok(ReadOutcome::Present(Box::new(Present { declared, computed, notes, waiting: Vec::new(), settled })))
}

/// What is there of a cluster that is gone. To who removes everything it is there until EKS has taken its security group
/// with it, or that has been swept up.
async fn left_behind(one: &Lookup<Cluster>, cx: &Reading<'_>) -> Result<ReadOutcome<Cluster>, CloudError> {
    let Some((recorded, known)) = one.recorded.as_ref().filter(|_| cx.removing) else { return Ok(ReadOutcome::Absent) };
    let groups = removal::groups(known, cx.aws).await?;
    if groups.is_empty() {
        return Ok(ReadOutcome::Absent);
    }
    let notes = vec![format!("it is gone, but not its security group {}", groups.join(", "))];
    Ok(ReadOutcome::Present(Box::new(Present {
        declared: recorded.clone(),
        computed: known.clone(),
        notes,
        waiting: Vec::new(),
        settled: true,
    })))
}

/// The cluster in the shape of the declaration.
fn told(found: &types::Cluster, expected: &Cluster, tags: Tags, ids: &IdIndex) -> Cluster {
    let network = Network::of(found);
    let key = found.encryption_config().iter().find_map(|config| config.provider()?.key_arn());
    Cluster {
        name: found.name().unwrap_or_default().to_owned(),
        version: found.version().unwrap_or_default().to_owned(),
        role: ids.refer(found.role_arn().unwrap_or_default()),
        subnets: network.subnets.iter().map(|id| ids.refer(id)).collect(),
        service_cidr: found
            .kubernetes_network_config()
            .and_then(|network| network.service_ipv4_cidr())
            .unwrap_or_default()
            .to_owned(),
        private_access: network.private,
        public_access: network.public,
        // Nobody is told from where one could come if one could come at all.
        public_cidrs: if network.public { network.cidrs } else { expected.public_cidrs.clone() },
        logging: logging_of(found),
        kms_key: key.map_or_else(|| Ref::external("none"), |arn| ids.refer(arn)),
        authentication_mode: mode_of(found).map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        support: support_of(found).map(|support| support.as_str().to_owned()).unwrap_or_default(),
        deletion_protection: found.deletion_protection().unwrap_or(false),
        tags,
    }
}

/// What AWS computed. Endpoint, certificate, issuer and group are missing until the cluster is active.
fn computed(found: &types::Cluster) -> ClusterComputed {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let later = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    ClusterComputed {
        id: text(found.name()),
        arn: text(found.arn()),
        endpoint: later(found.endpoint()),
        certificate_authority: later(found.certificate_authority().and_then(|authority| authority.data())),
        issuer: later(found.identity().and_then(|identity| identity.oidc()).and_then(|oidc| oidc.issuer())),
        security_group_id: later(found.resources_vpc_config().and_then(|vpc| vpc.cluster_security_group_id())),
    }
}

fn issues(found: &types::Cluster) -> Vec<String> {
    let issues = found.health().map(ClusterHealth::issues).unwrap_or_default();
    issues
        .iter()
        .map(|one| eks::issue(one.code().map(ClusterIssueCode::as_str), one.message(), one.resource_ids()))
        .collect()
}

fn logging_of(found: &types::Cluster) -> BTreeSet<String> {
    let setups = found.logging().map(Logging::cluster_logging).unwrap_or_default();
    let on = setups.iter().filter(|setup| setup.enabled() == Some(true));
    on.flat_map(LogSetup::types).map(|part| part.as_str().to_owned()).collect()
}

fn mode_of(found: &types::Cluster) -> Option<&AuthenticationMode> {
    found.access_config().and_then(|access| access.authentication_mode())
}

fn support_of(found: &types::Cluster) -> Option<&SupportType> {
    found.upgrade_policy().and_then(|policy| policy.support_type())
}

/// How a cluster is reached.
struct Network {
    public: bool,
    private: bool,
    cidrs: BTreeSet<String>,
    subnets: BTreeSet<String>,
}

impl Network {
    fn of(found: &types::Cluster) -> Self {
        let vpc = found.resources_vpc_config();
        Self {
            public: vpc.is_some_and(VpcConfigResponse::endpoint_public_access),
            private: vpc.is_some_and(VpcConfigResponse::endpoint_private_access),
            cidrs: vpc.map(VpcConfigResponse::public_access_cidrs).unwrap_or_default().iter().cloned().collect(),
            subnets: vpc.map(VpcConfigResponse::subnet_ids).unwrap_or_default().iter().cloned().collect(),
        }
    }
}

/// Waits until the cluster `name` can be used and changed. A change that runs does not keep it from being used.
async fn active(name: &str, doing: &str, cx: &Writing<'_>) -> Result<types::Cluster, CloudError> {
    let grace = NotFoundGrace::default();
    until(cx, doing, ACTIVE, || async {
        let Some(found) = eks::cluster(cx.aws, name).await? else {
            return Ok(grace.not_found(&format!("cluster {name}")));
        };
        let status = found.status().cloned();
        Ok(match status {
            Some(ClusterStatus::Active | ClusterStatus::Updating) => Poll::Ready(found),
            Some(status @ (ClusterStatus::Failed | ClusterStatus::Deleting)) => {
                Poll::Failed(eks::explained(status.as_str(), &issues(&found)))
            }
            status => Poll::Pending(status.map_or("not visible yet".to_owned(), |s| s.as_str().to_owned())),
        })
    })
    .await
}

impl Cluster {
    /// Makes the cluster, or finds the one of ours that has its name already; and whether it was made now. Remains of
    /// ours that failed are removed on the way; what is being deleted is waited for.
    async fn claim(&self, cx: &Writing<'_>) -> Result<Poll<(types::Cluster, bool)>, CloudError> {
        match self.call(cx).await {
            Ok(Some(made)) => return Ok(Poll::Ready((made, true))),
            Ok(None) => {}
            Err(error) if eks::is_taken(&error) => {}
            Err(error) => return Err(error),
        }
        let waiting = |status: &str| Ok(Poll::Pending(format!("waiting for its name: {status}")));
        let Some(found) = eks::cluster(cx.aws, &self.name).await? else { return waiting("not free yet") };
        if found.status() == Some(&ClusterStatus::Deleting) {
            return waiting("DELETING");
        }
        let taken = format!("cluster {} exists already", self.name);
        refuse_foreign(cx, CREATE, &taken, &self.name, &eks::tags_of(found.tags()))?;
        match found.status() {
            Some(ClusterStatus::Failed) => {
                removal::order(&self.name, cx).await?;
                waiting("removing what failed before")
            }
            Some(_) | None => Ok(Poll::Ready((found, false))),
        }
    }

    /// The create call, repeated while EKS cannot see the role as it is yet.
    async fn call(&self, cx: &Writing<'_>) -> Result<Option<types::Cluster>, CloudError> {
        let network = KubernetesNetworkConfigRequest::builder().service_ipv4_cidr(&self.service_cidr).build();
        let access = CreateAccessConfigRequest::builder()
            .authentication_mode(AuthenticationMode::from(self.authentication_mode.as_str()))
            // Who made it has an access entry of its own, which can be taken away again.
            .bootstrap_cluster_creator_admin_permissions(false);
        let provider = types::Provider::builder().key_arn(cx.id(&self.kms_key)?).build();
        #[expect(deprecated, reason = "EKS encrypts everything by now, and still asks what")]
        let encryption = EncryptionConfig::builder().resources("secrets").provider(provider).build();
        let subnets = cx.all_ids(&self.subnets)?;
        let vpc = self.endpoint(self.private_access, self.public_access).set_subnet_ids(Some(subnets)).build();
        let call = cx
            .aws
            .eks
            .create_cluster()
            .name(&self.name)
            .version(&self.version)
            .role_arn(eks::arn_of(cx, &self.role)?)
            .resources_vpc_config(vpc)
            .kubernetes_network_config(network)
            .logging(self.logs())
            .encryption_config(encryption)
            .access_config(access.build())
            .bootstrap_self_managed_addons(false)
            .upgrade_policy(self.policy())
            .deletion_protection(self.deletion_protection)
            .set_tags(Some(eks::tags_for(cx, self)))
            .client_request_token(cx.mark.token(0));
        retry_while(cx, eks::PROPAGATION, sees_no_role, || async {
            Ok(call.clone().send().await.during(CREATE)?.cluster)
        })
        .await
    }

    /// Brings the cluster from what is there to what is wanted, one kind of change after the other.
    async fn bring(
        &self,
        there: &types::Cluster,
        tags: &Tags,
        cx: &Writing<'_>,
    ) -> Result<ClusterComputed, CloudError> {
        let name = there.name().unwrap_or(&self.name);
        eks::retag(cx.aws, there.arn().unwrap_or_default(), tags, &self.tags).await?;
        if there.version() != Some(&self.version) {
            self.upgrade(name, cx).await?;
        }
        let change = || cx.aws.eks.update_cluster_config().name(name);
        for endpoint in self.endpoint_steps(&Network::of(there)) {
            let doing = "change how the API of the cluster is reached";
            configure(name, doing, change().resources_vpc_config(endpoint), cx).await?;
        }
        let subnets = cx.all_ids(&self.subnets)?;
        if Network::of(there).subnets != subnets.iter().cloned().collect() {
            let vpc = VpcConfigRequest::builder().set_subnet_ids(Some(subnets)).build();
            configure(name, "change the subnets of the cluster", change().resources_vpc_config(vpc), cx).await?;
        }
        if logging_of(there) != self.logging {
            configure(name, "change the logging of the cluster", change().logging(self.logs()), cx).await?;
        }
        for mode in modes(mode_of(there), &AuthenticationMode::from(self.authentication_mode.as_str())) {
            let access = UpdateAccessConfigRequest::builder().authentication_mode(mode).build();
            configure(name, "change the authentication mode", change().access_config(access), cx).await?;
        }
        if support_of(there).map(SupportType::as_str) != Some(&self.support) {
            configure(name, "change the support of the cluster", change().upgrade_policy(self.policy()), cx).await?;
        }
        if there.deletion_protection().unwrap_or(false) != self.deletion_protection {
            let protection = change().deletion_protection(self.deletion_protection);
            configure(name, "change the deletion protection of the cluster", protection, cx).await?;
        }
        let now = eks::cluster(cx.aws, name).await?;
        now.map(|now| computed(&now)).ok_or_else(|| {
            CloudError::new(ErrorKind::NotFound, "change the cluster", format!("cluster {name} is gone"))
        })
    }

    async fn upgrade(&self, name: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = format!("upgrade the cluster to Kubernetes {}", self.version);
        let call = cx.aws.eks.update_cluster_version().name(name).version(&self.version);
        let start = || async { Ok(call.clone().send().await.during(&doing)?.update) };
        eks::change(cx, name, ClusterPart::ControlPlane, &doing, UPGRADED, start).await
    }

    /// The ways to its API. The addresses that may come from the internet count only where there is such a way.
    fn endpoint(&self, private: bool, public: bool) -> types::builders::VpcConfigRequestBuilder {
        let cidrs = self.public_access.then(|| self.public_cidrs.iter().cloned().collect());
        VpcConfigRequest::builder()
            .endpoint_private_access(private)
            .endpoint_public_access(public)
            .set_public_access_cidrs(cidrs)
    }

    /// The changes from one way to reach the API to another. Where one closes and the other opens, it opens first:
    /// nodes must not lose the API in between.
    fn endpoint_steps(&self, there: &Network) -> Vec<VpcConfigRequest> {
        let (private, public) = (self.private_access != there.private, self.public_access != there.public);
        let cidrs = self.public_access && self.public_cidrs != there.cidrs;
        let mut steps = Vec::new();
        if private && public {
            steps.push(self.endpoint(true, true).build());
        }
        if private || public || cidrs {
            steps.push(self.endpoint(self.private_access, self.public_access).build());
        }
        steps
    }

    fn logs(&self) -> Logging {
        let (on, off): (Vec<_>, Vec<_>) = LOGS.into_iter().partition(|part| self.logging.contains(part.as_str()));
        let setups = [(on, true), (off, false)].into_iter().filter(|(parts, _)| !parts.is_empty());
        let setups = setups.map(|(parts, on)| LogSetup::builder().set_types(Some(parts)).enabled(on).build());
        Logging::builder().set_cluster_logging(Some(setups.collect())).build()
    }

    fn policy(&self) -> UpgradePolicyRequest {
        UpgradePolicyRequest::builder().support_type(SupportType::from(self.support.as_str())).build()
    }
}

/// Makes one kind of change to the configuration of the cluster `name`.
async fn configure(
    name: &str,
    doing: &str,
    call: UpdateClusterConfigFluentBuilder,
    cx: &Writing<'_>,
) -> Result<(), CloudError> {
    let start = || async { Ok(call.clone().send().await.during(doing)?.update) };
    eks::change(cx, name, ClusterPart::ControlPlane, doing, CONFIGURED, start).await
}

/// The authentication modes to go through. A way back is asked for as it is, for AWS to refuse.
fn modes(from: Option<&AuthenticationMode>, to: &AuthenticationMode) -> Vec<AuthenticationMode> {
    let place = |mode: &AuthenticationMode| MODES.iter().position(|known| known == mode);
    match (from.and_then(place), place(to)) {
        _ if from == Some(to) => Vec::new(),
        (Some(from), Some(to)) if from < to => MODES.get(from + 1..=to).unwrap_or_default().to_vec(),
        _ => vec![to.clone()],
    }
}

/// The words in which EKS refuses a role that it will accept once IAM has told everybody about it.
fn sees_no_role(error: &CloudError) -> bool {
    words::eks::UNKNOWN_CLUSTER_ROLE.tell(error)
}
