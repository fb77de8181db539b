"""What must agree between the rendered objects, what stands on AWS, and what goes into the cluster beside the chart.

Each function yields a sentence for each thing that does not agree.
"""

import json

from . import gcfg

SELECTED = ("app.kubernetes.io/name", "app.kubernetes.io/instance")


def listed(value):
    return value if isinstance(value, list) else []


def of(objects, kind):
    return [each for each in objects if each.get("kind") == kind]


def one(objects, kind):
    found = of(objects, kind)
    assert len(found) == 1, f"{len(found)} objects of kind {kind}"
    return found[0]


def is_part(part, whole):
    return all(whole.get(key) == value for key, value in part.items())


def selectors(objects):
    """Service, disruption budget, Deployment and spread find the pods."""
    deployment = one(objects, "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    asked = [("the Deployment", deployment["spec"]["selector"]["matchLabels"])]
    asked += [("the Service", service["spec"]["selector"]) for service in of(objects, "Service")]
    asked += [("the budget", budget["spec"]["selector"]["matchLabels"]) for budget in of(objects, "PodDisruptionBudget")]
    spread = listed(deployment["spec"]["template"]["spec"].get("topologySpreadConstraints"))
    asked += [(f"the spread over {each['topologyKey']}", each["labelSelector"]["matchLabels"]) for each in spread]
    for who, selector in asked:
        if not selector or not is_part(selector, labels):
            yield f"{who} selects {selector}, and the pods have {labels}"


def pods(objects):
    """The pods of everything that makes some."""
    for each in objects:
        spec = each.get("spec") or {}
        if each.get("kind") == "CronJob":
            spec = spec["jobTemplate"]["spec"]
        if "template" in spec:
            yield each["kind"], spec["template"]["spec"]


def mounts(objects):
    """Every mount has a volume, and none is there twice."""
    claims = {each["metadata"]["name"] for each in of(objects, "PersistentVolumeClaim")}
    maps = {each["metadata"]["name"] for each in of(objects, "ConfigMap")}
    for kind, pod in pods(objects):
        names = [volume["name"] for volume in listed(pod.get("volumes"))]
        if len(names) != len(set(names)):
            yield f"{kind}: a volume stands twice in {names}"
        for volume in listed(pod.get("volumes")):
            claim = volume.get("persistentVolumeClaim")
            if claim and claim["claimName"] not in claims:
                yield f"{kind}: nobody makes the claim {claim['claimName']}"
            config = volume.get("configMap")
            if config and config["name"].endswith("-config") and config["name"] not in maps:
                yield f"{kind}: nobody makes the ConfigMap {config['name']}"
        for container in listed(pod.get("containers")) + listed(pod.get("initContainers")):
            mounted = listed(container.get("volumeMounts"))
            paths = [mount["mountPath"] for mount in mounted]
            if len(paths) != len(set(paths)):
                yield f"{kind}: two mounts at one path: {paths}"
            for mount in mounted:
                if mount["name"] not in names:
                    yield f"{kind}: the mount {mount['name']} has no volume"
            variables = [variable["name"] for variable in listed(container.get("env"))]
            if len(variables) != len(set(variables)):
                yield f"{kind}: a variable stands twice in {variables}"


def volumes(objects):
    """Claims and volumes name each other."""
    made = {each["metadata"]["name"]: each for each in of(objects, "PersistentVolume")}
    for claim in of(objects, "PersistentVolumeClaim"):
        name = claim["spec"].get("volumeName")
        if name is None:
            continue
        bound = made.get(name, {}).get("spec", {}).get("claimRef")
        wanted = (claim["metadata"]["name"], claim["metadata"].get("namespace"))
        if not bound or bound["name"] != wanted[0] or wanted[1] not in (None, bound["namespace"]):
            yield f"the volume {name} is kept for {bound}, and the claim is {wanted}"


def budget(objects):
    """A node can be drained."""
    replicas = one(objects, "Deployment")["spec"]["replicas"]
    for each in of(objects, "PodDisruptionBudget"):
        spec = each["spec"]
        if spec.get("maxUnavailable", 1) == 0 or spec.get("minAvailable", 0) in (replicas, "100%"):
            yield f"no pod may ever be moved: {spec}"


def ports(objects):
    """Container, Service and probes lead to the port the server listens on."""
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]
    container = pod["containers"][0]
    settings = gcfg.read(one(objects, "ConfigMap")["data"]["rstudio-pm.gcfg"])
    listens = int(settings["http", None, "listen"][-1].rpartition(":")[2])
    found = {"the container": container["ports"][0]["containerPort"]}
    service = next(port for port in one(objects, "Service")["spec"]["ports"] if port["name"] == "rspm")
    found["the Service"] = service["targetPort"]
    for probe in ("readinessProbe", "startupProbe", "livenessProbe"):
        if probe in container:
            found[probe] = container[probe]["httpGet"]["port"]
    for who, port in found.items():
        if port != listens:
            yield f"{who} leads to {port}, and the server listens on {listens}"


def way_in(objects, record):
    """Load balancer, target group, firewall and Service agree."""
    service = one(objects, "Service")
    serving = next(port for port in service["spec"]["ports"] if port["name"] == "rspm")
    container = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    ready = container["readinessProbe"]["httpGet"]["path"]
    group = record["resources"].get("target_group.main")
    bindings, ingresses = of(objects, "TargetGroupBinding"), of(objects, "Ingress")
    if group is None:
        ingress = one(objects, "Ingress")
        notes = ingress["metadata"]["annotations"]
        if notes["alb.ingress.kubernetes.io/healthcheck-path"] != ready:
            yield "the controller asks for another path than the readiness probe"
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                backend = path["backend"]["service"]
                if (backend["name"], backend["port"]) != (service["metadata"]["name"], {"number": serving["port"]}):
                    yield f"the Ingress leads to {backend}"
        if bindings or service["spec"]["type"] != "ClusterIP":
            yield "there is a second way in"
        return
    wanted, port = group["declared"], record["resources"]["security_group_rule.nodes-from-load-balancer"]["declared"]
    if ingresses:
        yield "there is an Ingress beside the stack's own load balancer"
    if wanted["health_check"]["path"] != ready:
        yield f"the load balancer asks for {wanted['health_check']['path']}, the readiness probe for {ready}"
    leads = serving.get("nodePort") if wanted.get("target_type") == "instance" else container["ports"][0]["containerPort"]
    if {leads} != {wanted["port"], port["from_port"], port["to_port"]}:
        yield f"pods answer at {leads}, target group and firewall have {wanted['port']} and {port}"
    if (wanted.get("target_type") == "ip") != bool(bindings):
        yield f"targets are {wanted.get('target_type')}, and there are {len(bindings)} bindings"
    for binding in bindings:
        spec = binding["spec"]
        if spec["targetGroupARN"] != record["outputs"]["target_group_arn"] or spec["targetType"] != wanted["target_type"]:
            yield f"the binding names {spec}"
        if spec["serviceRef"] != {"name": service["metadata"]["name"], "port": serving["port"]}:
            yield f"the binding leads to {spec['serviceRef']}"


def identity(objects, record, namespace):
    """The pods run as the service account the role trusts."""
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]
    account = one([each for each in objects if each["metadata"]["name"] == pod["serviceAccountName"]], "ServiceAccount")
    role = record["resources"]["iam_role.package-manager"]
    trusted = role["declared"]["trust"]["service_account"]
    if (trusted["namespace"], trusted["name"]) != (namespace, account["metadata"]["name"]):
        yield f"the role trusts {trusted}, and the pods run as {namespace}:{account['metadata']['name']}"
    if account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"] != role["computed"]["arn"]:
        yield "the service account names another role"


def places(objects, namespace, instance):
    """Everything is in the namespace of the release, and is of the release."""
    for each in objects:
        there = each["metadata"].get("namespace", namespace)
        if there != namespace and each["kind"] != "PersistentVolume":
            yield f"{each['kind']} is in {there!r}"
        labels = each["metadata"].get("labels", {})
        if labels.get(SELECTED[1], instance) != instance:
            yield f"{each['kind']} belongs to {labels}"


def nodes(objects, record):
    """There are nodes on which the pods may run."""
    pod = one(objects, "Deployment")["spec"]["template"]["spec"]
    labels = record["resources"]["node_group.main"]["declared"]["labels"]
    if not is_part(pod["nodeSelector"], labels):
        yield f"pods want {pod['nodeSelector']}, and nodes have {labels}"


def emitted(manifests):
    """Secrets and keys that come into the cluster: {name: keys}."""
    found = {}
    for each in manifests:
        spec = each.get("spec") or {}
        if each["kind"] == "Secret":
            found.setdefault(each["metadata"]["name"], set()).update(each.get("data") or each.get("stringData"))
        if each["kind"] == "ExternalSecret":
            found.setdefault(spec["target"]["name"], set()).update(data["secretKey"] for data in spec["data"])
        for synced in spec.get("secretObjects", []):
            found.setdefault(synced["secretName"], set()).update(data["key"] for data in synced["data"])
    return found


def secrets(objects, manifests):
    """Every Secret that a pod asks for comes into the cluster, and a class that fetches it is mounted."""
    there = emitted(manifests)
    mounted = set()
    for kind, pod in pods([*objects, *manifests]):
        for volume in listed(pod.get("volumes")):
            if "secret" in volume and volume["secret"]["secretName"] not in there:
                yield f"{kind}: nobody makes the Secret {volume['secret']['secretName']}"
            if "csi" in volume:
                mounted.add(volume["csi"]["volumeAttributes"]["secretProviderClass"])
        for container in listed(pod.get("containers")):
            for variable in listed(container.get("env")):
                asked = (variable.get("valueFrom") or {}).get("secretKeyRef")
                if asked and asked["key"] not in there.get(asked["name"], ()):
                    yield f"{kind}: nobody makes {asked['key']} in the Secret {asked['name']}"
                if variable["name"] == "RSPM_LICENSE_FILE_PATH":
                    key = variable["value"].rpartition("/")[2]
                    names = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
                    if not any(key in there.get(name, ()) for name in names):
                        yield f"the license is looked for in {key}, and no Secret has it"
    classes = {each["metadata"]["name"] for each in manifests if each["kind"] == "SecretProviderClass"}
    if classes != mounted:
        yield f"pods mount the classes {mounted}, and there are {classes}"


def written(value):
    """A declared value as the server is to read it."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def configuration(objects, declaration, record):
    """The server reads what was declared, and what follows from the stack."""
    found = gcfg.read(one(objects, "ConfigMap")["data"]["rstudio-pm.gcfg"])
    manager, outputs = declaration.get("package_manager", {}), record["outputs"]
    wanted = {
        ("http", None, "listen"): [":4242"],
        ("metrics", None, "enabled"): ["true"],
        ("database", None, "provider"): ["postgres"],
        ("postgrespool", None, "maxopenconnections"): [str(manager.get("database_connections", 50))],
    }
    database = f"{outputs['database_address']}:{outputs['database_port']}"
    url = f"postgres://ppm@{database}/ppm?sslmode=require"
    wanted["postgres", None, "url"] = [url]
    if manager.get("usage_data") == "database":
        wanted["postgres", None, "usagedataurl"] = [url.replace("/ppm?", "/ppm_usage?")]
    if manager.get("usage_data") == "schema":
        wanted["postgres", None, "url"] = [url + "&search_path=public"]
        wanted["postgres", None, "usagedataurl"] = [url + "&search_path=usage_data"]
    front = declaration.get("load_balancer", {})
    if "domain" in front:
        scheme = "https" if "certificate" in front else "http"
        wanted["server", None, "address"] = [f"{scheme}://{front['domain']}"]
    if "shared_storage" in manager:
        wanted["server", None, "datadir"] = [manager["shared_storage"].get("path", "/data")]
        wanted["storage", None, "default"] = ["file"]
    else:
        wanted["storage", None, "default"] = ["s3"]
        wanted["s3storage", None, "bucket"] = [outputs["bucket"]]
        wanted["s3storage", None, "region"] = [outputs["region"]]
    if "server" in manager.get("license", {}):
        wanted["licensing", None, "licensetype"] = ["remote"]
    for section, keys in manager.get("settings", {}).items():
        for key, value in keys.items():
            texts = value if isinstance(value, list) else [value]
            wanted[(*gcfg.heading(f"[{section}]"), key.lower())] = [written(each) for each in texts]
    for key in sorted(set(wanted) | set(found), key=str):
        if wanted.get(key) != found.get(key):
            yield f"the server reads {key} as {found.get(key)!r}, and {wanted.get(key)!r} was meant"


def of_chart(objects):
    """What holds for whatever file of values."""
    for check in (selectors, mounts, volumes, budget, ports):
        yield from check(objects)


def of_stack(objects, manifests, declaration, record):
    """What holds besides for the values of a stack that stands."""
    manager = declaration.get("package_manager", {})
    namespace, release = manager.get("namespace", "ppm"), manager.get("release", "ppm")
    yield from of_chart(objects)
    yield from way_in(objects, record)
    yield from identity(objects, record, namespace)
    yield from places([*objects, *manifests], namespace, release)
    yield from nodes(objects, record)
    yield from secrets(objects, manifests)
    yield from configuration(objects, declaration, record)
