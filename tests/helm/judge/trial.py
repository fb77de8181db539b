"""One declaration, from the declaration to verdicts on every chart."""

from . import crosschecks, declarations, engine
from .program import Failed, Rehearsal
from .verdict import Verdict


def tried(job):
    """Runs in a process of its own: what it needs comes with the job."""
    program, folder, charts_at, own, name, declaration, versions = job
    verdict = Verdict()
    charts = engine.Charts(charts_at) if charts_at else None
    manager = declaration.get("package_manager", {})
    release, namespace = manager.get("release", "ppm"), manager.get("namespace", "ppm")

    def declared(version):
        return declarations.merged(declaration, {"package_manager": {"chart_version": version}})

    try:
        rehearsal = Rehearsal(program, folder, declarations.text(declared(own)))
        rehearsal.apply()
        record = rehearsal.record()
        has_license_file = "server" not in manager.get("license", {})
        manifests = rehearsal.secrets("--with-database-job", has_license_file=has_license_file)
        verdict.judge(f"{name}, beside the chart", manifests, versions)
        objects = []
        for version in charts.paths if charts else [own]:
            where = f"{name}, chart {version}"
            rehearsal.declare(declarations.text(declared(version)))
            text = rehearsal.values()
            given = engine.values(text)
            found = rehearsal.check(text)
            if version != own:
                # The declaration was applied with one chart, and says with the others that it was not applied with them.
                unapplied = [each for each in found if "these are not the values that apply wrote" in each["what"]]
                verdict.say(where, [] if len(unapplied) == 1 else ["values --check does not say that they were not applied"])
                found = [each for each in found if each not in unapplied]
            verdict.say(where, (f"values --check: {each['path']}: {each['what']}" for each in found))
            if charts is None:
                continue
            verdict.counts["renders"] += 1
            objects = [each for _, each in charts.render(version, given, release, namespace)]
            charts.install(version, given, release, namespace)
            verdict.judge(where, objects, versions)
            verdict.say(where, crosschecks.of_stack(objects, manifests, declared(version), record))
        rehearsal.remove()
        listener = record["resources"].get("listener.https")
        notes = next((each["metadata"]["annotations"] for each in objects if each["kind"] == "Ingress"), {})
        policies = (listener and listener["declared"]["ssl_policy"], notes.get("alb.ingress.kubernetes.io/ssl-policy"))
        return verdict, policies, "alb.ingress.kubernetes.io/certificate-arn" in notes
    except (Failed, engine.Refused) as error:
        verdict.wrong.append(f"{name}: {error}")
        return verdict, (None, None), False
