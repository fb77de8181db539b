"""What was judged, and what was wrong with it."""

import collections

from . import kubernetes


class Verdict:
    """Counts by name, and a sentence for each thing that was wrong."""

    def __init__(self):
        self.counts, self.wrong = collections.Counter(), []

    def add(self, other):
        self.counts += other.counts
        self.wrong += other.wrong

    def judge(self, where, objects, versions):
        for each in objects:
            wrong = collections.defaultdict(list)
            for version in versions:
                problems = kubernetes.problems(each, version)
                self.counts["documents"] += 1
                self.counts["invalid"] += bool(problems)
                for problem in problems:
                    wrong[problem].append(version)
            for problem, by in wrong.items():
                span = by[0] if len(by) == 1 else f"{by[0]} to {by[-1]}"
                self.wrong.append(f"{where}: {each.get('kind')}: {problem[:300]} (Kubernetes {span})")

    def say(self, where, sentences):
        try:
            self.wrong += [f"{where}: {sentence}" for sentence in sentences]
        except (AssertionError, KeyError, StopIteration, TypeError, ValueError) as error:
            self.wrong.append(f"{where}: the objects cannot be compared: {type(error).__name__} {error}")
