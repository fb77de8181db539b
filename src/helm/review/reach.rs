//! How requests reach the pods: ports that must agree, Service, Ingress, binding, probes.

use super::Reach;
use super::reviewer::{Reviewer, find, items, printed, spot, text};
use super::settings::setting;
use crate::helm::TLS_POLICY;
use crate::product::{HTTP_PORT, PING_PATH};
use crate::text::{Member, Shape, SourceNode};

/// Port of the container where nothing else is said.
const PORT: i128 = HTTP_PORT as i128;
const NOBODY: &str = "Requests go to a port on which nobody listens, and no pod becomes ready.";

/// Checks ports and ways in.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    let listen = listen(reviewer);
    pod_ports(reviewer, listen);
    probes(reviewer, listen);
    service(reviewer);
    ingress(reviewer);
    binding(reviewer);
    templates(reviewer);
}

/// The port the server listens on.
fn listen(reviewer: &mut Reviewer<'_>) -> i128 {
    let path = "config.HTTP.Listen";
    let Some((member, listen)) = setting(reviewer, "HTTP", "Listen") else { return PORT };
    let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).map(i128::from);
    let Some(port) = port else {
        let what = format!("`{listen}` names no port");
        reviewer.error(spot(member), path, what, "The server does not start.", as_written(PORT));
        return PORT;
    };
    if listen.starts_with("localhost") || listen.starts_with("127.") {
        let why = "Nobody outside the pod reaches it, the probes neither.";
        reviewer.error(spot(member), path, "the server listens to its own pod alone", why, as_written(port));
    }
    if let Some((https, at)) = setting(reviewer, "HTTPS", "Listen")
        && at.rsplit_once(':').is_some_and(|(_, other)| other.parse::<u16>().ok().map(i128::from) == Some(port))
    {
        let why = "The server does not start.";
        reviewer.error(spot(https), "config.HTTPS.Listen", "HTTP and HTTPS share a port", why, "write another port");
    }
    if !reviewer.facts.has_free_port() && port != PORT {
        let why = format!("Service and container of this chart use {PORT}, whatever is set.");
        reviewer.error(spot(member), path, format!("the server listens on {port}"), &why, as_written(PORT));
    }
    port
}

/// What to write for a port that the server is to listen on.
fn as_written(port: i128) -> String {
    format!("write \":{port}\"")
}

fn pod_ports(reviewer: &mut Reviewer<'_>, listen: i128) {
    if !reviewer.facts.has_free_port() {
        return;
    }
    for path in ["pod.port", "service.targetPort"] {
        let port = reviewer.whole(path).unwrap_or(PORT);
        if port != listen {
            let what = format!("the port is {port}, and the server listens on {listen}");
            reviewer.error(reviewer.place(path), path, what, NOBODY, format!("write {listen}"));
        }
    }
}

fn probes(reviewer: &mut Reviewer<'_>, listen: i128) {
    let defaults = [("readinessProbe", true), ("startupProbe", false), ("livenessProbe", false)];
    for (probe, is_on) in defaults {
        if !reviewer.flag(&format!("{probe}.enabled"), is_on) {
            continue;
        }
        let path = format!("{probe}.httpGet.port");
        let port = match reviewer.at(&path).map(|member| &member.value) {
            Some(node) if matches!(node.shape, Shape::Text(_)) => listen,
            _ => reviewer.whole(&path).unwrap_or(PORT),
        };
        if port != listen {
            let what = format!("the probe asks port {port}, and the server listens on {listen}");
            let why = if probe == "readinessProbe" { NOBODY } else { "Pods are restarted for ever." };
            reviewer.error(reviewer.place(&path), &path, what, why, format!("write {listen}"));
        }
        for key in ["periodSeconds", "timeoutSeconds", "successThreshold", "failureThreshold"] {
            let path = format!("{probe}.{key}");
            if reviewer.whole(&path).is_some_and(|number| number < 1) {
                let why = "Kubernetes refuses the pods.";
                reviewer.error(reviewer.place(&path), &path, "the least is 1", why, "write 1 or more");
            }
        }
        if probe != "readinessProbe"
            && reviewer.whole(&format!("{probe}.successThreshold")).is_some_and(|number| number > 1)
        {
            let path = format!("{probe}.successThreshold");
            reviewer.error(
                reviewer.place(&path),
                &path,
                "this probe takes 1 alone",
                "Kubernetes refuses the pods.",
                "write 1",
            );
        }
    }
    if reviewer.flag("livenessProbe.enabled", false) {
        let path = "livenessProbe.enabled";
        let why = "In offline mode, which administrators switch on, the server answers 503, and is restarted for ever.";
        reviewer.warning(reviewer.place(path), path, "the liveness probe is on", why, "write false");
    }
    if !reviewer.flag("readinessProbe.enabled", true) {
        let path = "readinessProbe.enabled";
        let why = "Pods get requests before they serve, and a rollout goes on over pods that never do.";
        reviewer.error(reviewer.place(path), path, "the readiness probe is off", why, "write true");
    }
}

fn service(reviewer: &mut Reviewer<'_>) {
    let kind = reviewer.text_or("service.type", "ClusterIP");
    let (path, place) = ("service.type", reviewer.place("service.type"));
    if !["ClusterIP", "NodePort", "LoadBalancer"].contains(&kind.as_str()) {
        let why = "Kubernetes refuses the Service.";
        reviewer.error(place, path, format!("there is no type `{kind}`"), why, "write NodePort or ClusterIP");
        return;
    }
    match &reviewer.facts.reach {
        Some(Reach::NodePort(_)) if kind != "NodePort" => {
            let why = "The load balancer's targets are the nodes, which do not answer then.";
            reviewer.error(place, path, format!("the type is {kind}"), why, "write NodePort");
        }
        Some(Reach::Pods(_) | Reach::Ingress) if kind == "NodePort" => {
            let why = "The pods are the targets; a port of the nodes only widens what can be reached.";
            reviewer.warning(place, path, "the type is NodePort", why, "write ClusterIP");
        }
        _ if kind == "LoadBalancer" => {
            let why = "Kubernetes makes a second load balancer, which nobody here knows.";
            reviewer.error(place, path, "the type is LoadBalancer", why, "write NodePort or ClusterIP");
        }
        _ => {}
    }
    let path = "service.nodePort";
    let (place, port) = (reviewer.place(path), reviewer.whole(path));
    if port.is_some_and(|port| !(30000..=32767).contains(&port)) {
        let why = "Kubernetes keeps 30000 to 32767 for node ports and refuses others.";
        reviewer.error(place, path, "the port is out of range", why, "write one from 30000 to 32767");
    } else if kind == "NodePort" {
        match (port, reviewer.facts.reach.clone()) {
            (None, Some(Reach::NodePort(known))) => {
                let why = "Kubernetes chooses one by chance, and target group and firewall name another.";
                reviewer.error(place, path, "no port is written", why, format!("add `nodePort: {known}`"));
            }
            (Some(port), Some(Reach::NodePort(known))) if port != i128::from(known) => {
                let why = "Target group and firewall name the declared one.";
                reviewer.error(
                    place,
                    path,
                    format!("the declared port is {known}, and not {port}"),
                    why,
                    format!("write {known}"),
                );
            }
            (None, None) => {
                let why = "Kubernetes chooses one by chance, and another one when the Service is made again.";
                reviewer.warning(place, path, "no port is written", why, "add `nodePort: 30042`");
            }
            (None | Some(_), _) => {}
        }
    } else if port.is_some() {
        let why = "Only a Service of type NodePort has one.";
        reviewer.warning(place, path, "the port is not used", why, "delete it, or write `type: NodePort`");
    }
}

fn ingress(reviewer: &mut Reviewer<'_>) {
    let path = "ingress.enabled";
    let is_on = reviewer.flag(path, false);
    match (&reviewer.facts.reach, is_on) {
        (Some(Reach::NodePort(_) | Reach::Pods(_)), true) if class(reviewer) == "alb" => {
            let why = "The controller makes a second load balancer beside the stack's own.";
            reviewer.error(reviewer.place(path), path, "there is an Ingress of class alb", why, "write false");
        }
        (Some(Reach::Ingress), false) => {
            let why = "Nothing leads to the pods then: with targets: ingress no load balancer is made here.";
            reviewer.error(reviewer.place(path), path, "there is no Ingress", why, "write true");
        }
        _ => {}
    }
    if !is_on {
        return;
    }
    let hosts = "ingress.hosts";
    if reviewer.items(hosts).is_empty() {
        let why = "The Ingress has no rule, and every request is answered with 404.";
        reviewer.error(
            reviewer.place(hosts),
            hosts,
            "no host is named",
            why,
            "add `- host: packages.example.com` with `paths: [/]`",
        );
    }
    for host in reviewer.items(hosts) {
        let paths = find(host, &["paths"]);
        if find(host, &["host"]).is_none() || paths.is_none_or(|paths| items(&paths.value).is_empty()) {
            let why = "The chart's template makes no rule of it.";
            reviewer.error(
                host.place,
                hosts,
                "an entry has no host or no paths",
                why,
                "write `host: …` and `paths: [/]`",
            );
        }
    }
    if class(reviewer) == "alb" {
        alb(reviewer);
    }
}

fn class(reviewer: &Reviewer<'_>) -> String {
    reviewer.text_or("ingress.ingressClassName", "")
}

fn alb(reviewer: &mut Reviewer<'_>) {
    let path = "ingress.annotations";
    let annotation = |name: &str| {
        let key = format!("alb.ingress.kubernetes.io/{name}");
        reviewer.members(path).iter().find(|member| member.key == key)
    };
    let (health, target) = (annotation("healthcheck-path"), annotation("target-type"));
    let target_is_ip = target.and_then(|member| text(&member.value)).is_some_and(|kind| kind == "ip");
    if health.is_none() {
        let why = "The controller asks for /, which is not answered with 200, and every target is unhealthy.";
        let remedy = format!("add `alb.ingress.kubernetes.io/healthcheck-path: {PING_PATH}`");
        reviewer.error(reviewer.place(path), path, "the path of the health check is missing", why, remedy);
    }
    if !target_is_ip && reviewer.text_or("service.type", "ClusterIP") == "ClusterIP" {
        let why = "The controller's default is instance, for which the Service must be of type NodePort.";
        let place = target.map_or_else(|| reviewer.place(path), spot);
        let remedy = "add `alb.ingress.kubernetes.io/target-type: ip`";
        reviewer.error(place, path, "the targets are nodes, and the Service has no port on them", why, remedy);
    }
    tls(reviewer);
}

/// Policies of ELB that accept TLS 1.0 or 1.1 ("Security policies for your Application Load Balancer").
const OLD_POLICIES: [&str; 8] = [
    "ELBSecurityPolicy-2016-08",
    "ELBSecurityPolicy-2015-05",
    "ELBSecurityPolicy-TLS-1-0-2015-04",
    "ELBSecurityPolicy-TLS-1-1-2017-01",
    "ELBSecurityPolicy-FS-2018-06",
    "ELBSecurityPolicy-FS-1-1-2019-08",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS13-1-1-2021-06",
];

/// Which versions of TLS the controller's load balancer accepts.
fn tls(reviewer: &mut Reviewer<'_>) {
    let path = "ingress.annotations";
    let annotation = |name: &str| {
        let key = format!("alb.ingress.kubernetes.io/{name}");
        reviewer.members(path).iter().find(|member| member.key == key)
    };
    let ports = annotation("listen-ports").and_then(|member| text(&member.value));
    let is_encrypted = annotation("certificate-arn").is_some()
        || ports.is_some_and(|ports| ports.contains("HTTPS"))
        || !reviewer.items("ingress.tls").is_empty();
    if !is_encrypted {
        return;
    }
    let why = "Browsers and scanners call these broken; the load balancers made here accept TLS 1.2 and 1.3.";
    let remedy = format!("add `alb.ingress.kubernetes.io/ssl-policy: {TLS_POLICY}`");
    match annotation("ssl-policy") {
        None => {
            let what = "TLS 1.0 and 1.1 are accepted: no policy is named, and the controller's own is of 2016";
            reviewer.warning(reviewer.place(path), path, what, why, remedy);
        }
        Some(member) => {
            let policy = text(&member.value).unwrap_or_default();
            if OLD_POLICIES.contains(&policy.as_str()) {
                let what = format!("{policy} accepts versions of TLS before 1.2");
                reviewer.warning(spot(member), path, what, why, format!("write {TLS_POLICY}"));
            }
        }
    }
}

fn objects<'a>(reviewer: &Reviewer<'a>, kind: &str) -> Vec<&'a SourceNode> {
    let is_kind = |object: &&SourceNode| {
        find(object, &["kind"]).and_then(|member| text(&member.value)).is_some_and(|found| found == kind)
    };
    reviewer.items("extraObjects").iter().filter(is_kind).collect()
}

fn binding(reviewer: &mut Reviewer<'_>) {
    let path = "extraObjects";
    let bindings = objects(reviewer, "TargetGroupBinding");
    if let (Some(Reach::Pods(known)), true) = (&reviewer.facts.reach, bindings.is_empty()) {
        let arn = known.clone().unwrap_or_else(|| "…".to_owned());
        let why = "Nobody registers the pods in the target group, and the load balancer answers 503.";
        let remedy = format!("add the TargetGroupBinding for {arn}, as `ppm-infra values` writes it");
        reviewer.error(reviewer.place(path), path, "there is no TargetGroupBinding", why, remedy);
    }
    let name = reviewer.text("fullnameOverride");
    let port = reviewer.whole("service.port").unwrap_or(80);
    for binding in bindings {
        let differs = |member: &&Member, wanted: &str| printed(&member.value).is_none_or(|written| written != wanted);
        let why = "The controller finds no such Service, and registers nothing.";
        if let (Some(name), Some(member)) = (&name, find(binding, &["spec", "serviceRef", "name"]))
            && differs(&member, name)
        {
            reviewer.error(
                spot(member),
                path,
                format!("the Service is called {name}"),
                why,
                format!("write \"{name}\""),
            );
        }
        if let Some(member) = find(binding, &["spec", "serviceRef", "port"])
            && differs(&member, &port.to_string())
        {
            reviewer.error(spot(member), path, format!("the Service has port {port}"), why, format!("write {port}"));
        }
        if let (Some(Reach::Pods(Some(arn))), Some(member)) =
            (&reviewer.facts.reach, find(binding, &["spec", "targetGroupARN"]))
            && differs(&member, arn)
        {
            let why = "The pods are registered where the stack's load balancer does not look.";
            reviewer.error(spot(member), path, "this is not the stack's target group", why, format!("write {arn}"));
        }
        if matches!(reviewer.facts.reach, Some(Reach::NodePort(_))) {
            let why = "The controller takes the target group over and removes the nodes from it.";
            let remedy = "delete the object, or declare targets: target_group_binding";
            reviewer.error(binding.place, path, "the declared targets are the nodes", why, remedy);
        }
    }
}

/// The chart sends `extraObjects` through its template engine, and other places not.
fn templates(reviewer: &mut Reviewer<'_>) {
    let mut open = Vec::new();
    for object in reviewer.items("extraObjects") {
        braces(object, &mut open);
    }
    for (place, text) in open {
        if is_template(&text) {
            continue;
        }
        let why = "The chart sends extraObjects through its template engine, which takes {{ for its own.";
        reviewer.error(place, "extraObjects", "braces stand unescaped", why, "write {{ `{{` }} for {{");
    }
    let mut fixed = Vec::new();
    for path in ["topologySpreadConstraints", "affinity", "nodeSelector", "podDisruptionBudget"] {
        if let Some(member) = reviewer.at(path) {
            let mut open = Vec::new();
            braces(&member.value, &mut open);
            fixed.extend(open.into_iter().map(|(place, _)| (path, place)));
        }
    }
    for (path, place) in fixed {
        let why = "The chart passes this on word for word: the braces arrive in Kubernetes.";
        reviewer.error(place, path, "a template does nothing here", why, "write the name out");
    }
}

/// What Helm gives templates by name ("Built-in Objects").
const GIVEN: [&str; 8] = ["Values", "Release", "Chart", "Subcharts", "Files", "Capabilities", "Template", "Extensions"];

/// Whether every pair of braces is something that Helm's engine has a use for.
fn is_template(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((action, beyond)) = after.split_once("}}") else { return false };
        let action = action.trim_start_matches('-').trim_end_matches('-').trim();
        let is_of_root = |name: &str| {
            let name: String = name.chars().take_while(char::is_ascii_alphanumeric).collect();
            GIVEN.contains(&name.as_str())
        };
        let is_meant = match action.strip_prefix('.') {
            // A field of something else than the root stands inside `range`, `with` or `define`.
            Some(field) => {
                field.is_empty()
                    || is_of_root(field)
                    || ["{{range", "{{with", "{{define", "{{-"]
                        .iter()
                        .any(|begun| text.replace(' ', "").contains(begun))
            }
            None => !action.is_empty(),
        };
        if !is_meant {
            return false;
        }
        rest = beyond;
    }
    true
}

fn braces(node: &SourceNode, found: &mut Vec<(crate::text::Place, String)>) {
    match &node.shape {
        Shape::Text(text) if text.contains("{{") => found.push((node.place, text.clone())),
        Shape::List(items) => items.iter().for_each(|item| braces(item, found)),
        Shape::Map(members) => members.iter().for_each(|member| braces(&member.value, found)),
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) => {}
    }
}
