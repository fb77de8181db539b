"""Sum up what the emulators of a test run judged, and say what they never saw.

Reads the tallies in the folder named on the command line (see strict/tally.py) and
compares the operations that were called with those in the source. Ends with status
1 if a request did not fit the model of its service, or if an operation of the
source was never called.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent.parent / "src"

# How a call of a client looks in the source, and which service the client is of where
# it has another name.
CLIENTS = {
    "elb": "elasticloadbalancing",
    "service_quotas": "servicequotas",
    "secrets": "secretsmanager",
}
SERVICES = "acm|autoscaling|cloudtrail|ec2|eks|elb|iam|kms|rds|s3|secrets|service_quotas"
VERBS = (
    "abort|add|allocate|associate|attach|authorize|cancel|copy|create|delete"
    "|deregister|describe|detach|disable|disassociate|enable|get|head|list|lookup"
    "|modify|put|release|remove|replace|reset|restore|resume|revoke|schedule|set"
    "|simulate|tag|untag|update"
)
CALL = re.compile(rf"\b({SERVICES})\s*\.\s*((?:{VERBS})_[a-z0-9_]+)\s*\(")

# Called in the source in a way that this search passes over.
BESIDES = {"sts:getcalleridentity"}


def in_source() -> set[str]:
    """Every operation that the source calls, in lower case."""
    found = set(BESIDES)
    for source in SOURCES.rglob("*.rs"):
        for client, method in CALL.findall(source.read_text()):
            service = CLIENTS.get(client, client)
            found.add(f"{service}:{method.replace('_', '')}".lower())
    return found


def main(folder: str) -> int:
    """Print the sum; 0 if nothing is wrong and nothing is missing."""
    counts: Counter[str] = Counter()
    violations = []
    expected = 0
    for path in Path(folder).glob("*.json"):
        told = json.loads(path.read_text())
        counts.update(told["operations"])
        violations += told["violations"]
        expected += told["expected"]
    wanted = in_source()
    missing = sorted(wanted - {name.lower() for name in counts})
    print(
        f"AWS's service models judged {sum(counts.values())} requests of {len(counts)} "
        f"operations, {len(wanted) - len(missing)} of the {len(wanted)} in the source; "
        f"{len(violations)} did not fit, and {expected} were sent wrong on purpose."
    )
    for each in violations:
        told = "; ".join(each["problems"])
        print(f"  {each['service']}:{each['operation']}: {told}")
    for each in missing:
        print(f"  never called: {each}")
    return 1 if violations or missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
