"""Renders the real charts with the values of many declarations, and has every document judged.

    python -m judge PROGRAM [CHARTS]

Without charts nothing is rendered; what goes into the cluster beside the chart is judged all the same.
"""

import argparse
import concurrent.futures
import multiprocessing
import os
import pathlib
import sys
import tempfile
import time

from . import declarations, edits, engine, kubernetes
from .program import Failed, Rehearsal
from .trial import tried
from .verdict import Verdict

SEED = 20261129
# What values are asked for where there is no chart.
CHART = "0.20.4"


def accepted(program, folder):
    """The versions of Kubernetes that a declaration may ask for."""
    rehearsal = Rehearsal(program, folder / "versions", "")
    found = []
    for minor in declarations.MINORS:
        version = f"1.{minor}"
        rehearsal.declare(declarations.text(declarations.merged(declarations.BASE, {"kubernetes": {"version": version}})))
        try:
            rehearsal.run("validate", "stack.yaml")
            found.append(version)
        except Failed:
            pass
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("charts", type=pathlib.Path, nargs="?")
    arguments.add_argument("--seed", type=int, default=SEED, help="for the declarations that are put together by chance")
    arguments.add_argument("--every", type=int, default=1, help="only each so many-th declaration: a sample")
    arguments.add_argument("--only", default="", help="only declarations whose name has this in it")
    arguments = arguments.parse_args()
    begun = time.monotonic()
    charts = list(engine.charts(arguments.charts)) if arguments.charts else []
    if arguments.charts and not charts:
        sys.exit(f"test-helm: there is no chart rstudio-pm in {arguments.charts}")
    total, policies, bare = Verdict(), (set(), set()), 0
    with tempfile.TemporaryDirectory(prefix="ppm-infra-helm-") as folder:
        folder = pathlib.Path(folder)
        asked = accepted(arguments.program, folder)
        versions = [version for version in asked if version in kubernetes.versions()]
        unknown = [version for version in asked if version not in versions]
        own = charts or [CHART]
        chosen = [each for each in declarations.every(arguments.seed) if arguments.only in each[0]][:: arguments.every]
        jobs = [
            (arguments.program, folder / str(number), arguments.charts, own[number % len(own)], *each, versions)
            for number, each in enumerate(chosen)
        ]
        is_whole = not arguments.only and arguments.every == 1
        edited = [
            (arguments.program, folder / f"edits-{version}", arguments.charts, version, versions)
            for version in (charts if is_whole else [])
        ]
        # The engine is a library of Go, which does not outlive a fork.
        with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
            # These take longest, so they come first.
            of_edits = pool.map(edits.judged, edited)
            of_declarations = pool.map(tried, jobs, chunksize=4)
            for verdict in of_edits:
                total.add(verdict)
            for verdict, (listener, note), is_encrypted in of_declarations:
                total.add(verdict)
                policies[0].update({listener} - {None})
                policies[1].update({note} - {None})
                bare += is_encrypted and note is None
    if bare or (policies[0] and policies[1] and policies[0] != policies[1]):
        total.wrong.append(f"our listeners have the TLS policy {policies[0]}, Ingresses {policies[1]}, and {bare} have none")
    for each in total.wrong[:60]:
        print(f"test-helm: {each}", file=sys.stderr)
    if len(total.wrong) > 60:
        print(f"test-helm: and {len(total.wrong) - 60} more", file=sys.stderr)
    if unknown:
        print(f"test-helm: NOT JUDGED by Kubernetes {unknown[0]} and later: kubernetes-validate has no schemas of them.")
    print(
        f"test-helm: {len(jobs)} declarations (seed {arguments.seed}) × {len(charts)} charts ({', '.join(charts)}) × "
        f"{len(versions)} versions of Kubernetes ({versions[0]} to {versions[-1]}): {total.counts['renders']} renders, "
        f"{total.counts['edits']} edited files, "
        f"{total.counts['documents']} documents judged, {total.counts['invalid']} invalid, {len(total.wrong)} findings, "
        f"{time.monotonic() - begun:.0f} s"
    )
    sys.exit(bool(total.wrong))


if __name__ == "__main__":
    main()
