"""Edits that people make in a values file: what `values --check` has nothing against is valid, and the other way round.

The same edits, one at a time, that the program's own tests try (src/helm/review/tests).
"""

import json
import pathlib

from . import declarations, engine, kubernetes
from .program import Failed, Rehearsal
from .verdict import Verdict

EDITS = json.loads((pathlib.Path(__file__).parents[1] / "edits.json").read_text())


def refusals(charts, version, text, release, namespace, minors):
    """Why Helm or Kubernetes does not take a file; empty if both do."""
    try:
        given = engine.values(text)
        objects = [each for _, each in charts.render(version, given, release, namespace)]
    except engine.Refused as error:
        return [str(error)]
    found = [problem for each in objects for minor in minors for problem in kubernetes.problems(each, minor)]
    return found + [sentence for each in objects for sentence in repeated(each)]


def repeated(document):
    """Names that stand twice in a list of which Kubernetes takes each once, and labels that no selector finds."""
    pod = document.get("spec", {}).get("template", {}).get("spec")
    if not isinstance(pod, dict):
        return
    for where, items in [("volumes", pod.get("volumes")), *((c.get("name"), c.get("env")) for c in pod.get("containers", []))]:
        names = [each.get("name") for each in items or []]
        yield from (f"{where}: {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))
    labels = document["spec"]["template"].get("metadata", {}).get("labels", {})
    for key, value in (document["spec"].get("selector", {}).get("matchLabels") or {}).items():
        if labels.get(key) != value:
            yield f"the selector wants {key}: {value}, and the pods have {labels.get(key)}"


def judged(job):
    """Tries every edit with one chart. Runs in a process of its own: what it needs comes with the job."""
    program, folder, charts_at, version, minors = job
    verdict, charts = Verdict(), engine.Charts(charts_at)
    declaration = declarations.merged(declarations.BASE, {"package_manager": {"chart_version": version}})
    manager = declaration["package_manager"]
    release, namespace = manager.get("release", "ppm"), manager.get("namespace", "ppm")
    try:
        rehearsal = Rehearsal(program, folder, declarations.text(declaration))
        rehearsal.apply()
        text = rehearsal.values()
        for kind, edits in EDITS.items():
            for before, after, *_ in edits:
                if before not in text:
                    verdict.wrong.append(f"edits, chart {version}: the values have no {before!r}")
                    continue
                edited = text.replace(before, after, 1)
                verdict.counts["edits"] += 1
                found = [each for each in rehearsal.check(edited) if each["severity"] == "error"]
                refused = refusals(charts, version, edited, release, namespace, minors)
                where = f"{after!r}, chart {version}"
                if refused and not found:
                    verdict.wrong.append(f"{where}: --check says nothing, and it is refused: {refused[0][:200]}")
                if found and not refused:
                    verdict.wrong.append(f"{where}: --check says {found[0]['what']!r}, and it is valid")
                if bool(refused) != (kind == "refused"):
                    verdict.wrong.append(f"{where}: stands among {kind}; {refused[:1]}")
        rehearsal.remove()
    except Failed as error:
        verdict.wrong.append(f"edits: {error}")
    return verdict
