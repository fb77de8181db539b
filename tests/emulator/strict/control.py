"""The control paths under ``/strict/``: what a test asks and orders.

=================================  =========================================
GET  /strict/health                whether the server is up
GET  /strict/log?since=N           every call from index N on
POST /strict/log/clear             forget the calls so far
GET  /strict/summary               counts by service and operation
GET  /strict/inventory             everything that exists (?region=&account=)
GET  /strict/settings              the clock, delays, quotas
POST /strict/settings              change them; ``advance`` moves the clock
GET  /strict/faults                ordered failures and how often they struck
POST /strict/faults                order one, or a list of them
POST /strict/faults/clear          drop all (or ``{"id": n}``)
POST /strict/mutate                change something behind the tool's back
GET  /strict/judged                how many requests the models have judged
GET  /strict/violations            the requests that they refused
POST /strict/violations/clear      forget those: they were expected
POST /strict/eventbridge           the events that a pattern matches; see eventbridge.py
GET  /strict/operations            calls that change something, and what they ask for
POST /strict/reset                 empty all books, moto's and ours
POST /strict/fork                  a second emulator from here on; see fork.py
POST /strict/exit                  end this process at once
     /strict/gate...               stop calls one by one; see gate.py
=================================  =========================================
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from . import cloudtrail, eventbridge, faults, fork, inventory, mutate
from .core import DEFAULT_ACCOUNT, DEFAULT_REGION, Reply, World

Handler = Callable[[World, dict[str, str], Any], Any]


def answer(world: World, environ: dict[str, Any], body: bytes) -> Reply:
    """Answer one request to ``/strict/...``."""
    method = environ.get("REQUEST_METHOD", "GET")
    path = environ.get("PATH_INFO", "").rstrip("/")
    handler = PATHS.get((method, path))
    if handler is None:
        known = sorted(f"{each} {where}" for each, where in PATHS)
        return Reply.json({"error": "no such path", "paths": known}, 404)
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    try:
        order = json.loads(body) if body.strip() else {}
        return Reply.json(handler(world, query, order))
    except (ValueError, TypeError, KeyError) as error:
        return Reply.json({"error": f"{type(error).__name__}: {error}"}, 400)


def answer_at_gate(world: World, environ: dict[str, Any], body: bytes) -> Reply:
    """Answer one request to ``/strict/gate...``; without the lock of the world."""
    method = environ.get("REQUEST_METHOD", "GET")
    path = environ.get("PATH_INFO", "").rstrip("/")
    query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
    try:
        order = json.loads(body) if body.strip() else {}
        told = world.gate.answer(method, path, query, order)
    except (ValueError, TypeError, KeyError) as error:
        return Reply.json({"error": f"{type(error).__name__}: {error}"}, 400)
    if told is None:
        return Reply.json({"error": "no such path"}, 404)
    return Reply.json(told)


def health(world: World, query: dict[str, str], order: Any) -> Any:
    """Up and running."""
    return {"ok": True, "scale": world.clock.scale, "now": round(world.clock.now(), 3)}


def read_log(world: World, query: dict[str, str], order: Any) -> Any:
    """Calls from an index on."""
    since = int(query.get("since", 0))
    return [entry.as_json() for entry in world.log.since(since)]


def clear_log(world: World, query: dict[str, str], order: Any) -> Any:
    """Forget the calls; the next index goes on."""
    world.log.clear()
    return {"next": world.log.next_index}


def summary(world: World, query: dict[str, str], order: Any) -> Any:
    """Counts of calls."""
    return world.log.summary()


def match_events(world: World, query: dict[str, str], order: Any) -> Any:
    """What a rule would do with the calls so far."""
    return eventbridge.applied(world, order)


def operations(world: World, query: dict[str, str], order: Any) -> Any:
    """By the names of their events, the calls of a service that change something."""
    return cloudtrail.operations(query["service"])


def show_inventory(world: World, query: dict[str, str], order: Any) -> Any:
    """Everything that exists."""
    region = query.get("region", DEFAULT_REGION)
    return inventory.dump(world, region, query.get("account", DEFAULT_ACCOUNT))


def show_settings(world: World, query: dict[str, str], order: Any) -> Any:
    """All that can be turned."""
    settings = world.settings
    return {
        "scale": world.clock.scale,
        "now": round(world.clock.now(), 3),
        "consistency": settings.consistency,
        "quotas": settings.quotas,
        "extra": settings.extra,
    }


def change_settings(world: World, query: dict[str, str], order: Any) -> Any:
    """Turn some; null puts one back to its default."""
    groups = ("consistency", "quotas", "extra")
    unknown = set(order) - {"scale", "advance", *groups}
    if unknown:
        raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
    if "scale" in order:
        world.clock.scale = float(order["scale"])
    if "advance" in order:
        world.clock.advance(float(order["advance"]))
        world.tick()
    for group in groups:
        values = getattr(world.settings, group)
        for key, value in (order.get(group) or {}).items():
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
    return show_settings(world, query, order)


def show_faults(world: World, query: dict[str, str], order: Any) -> Any:
    """The rules in force."""
    return [rule.as_json() for rule in faults.rules_of(world)]


def add_faults(world: World, query: dict[str, str], order: Any) -> Any:
    """One rule or several."""
    orders = order if isinstance(order, list) else [order]
    made = [faults.add(world, each).as_json() for each in orders]
    return made if isinstance(order, list) else made[0]


def clear_faults(world: World, query: dict[str, str], order: Any) -> Any:
    """Drop one rule or all."""
    rules = faults.rules_of(world)
    identifier = order.get("id")
    kept = [rule for rule in rules if identifier is not None and rule.id != identifier]
    rules[:] = kept
    return show_faults(world, query, order)


def make_change(world: World, query: dict[str, str], order: Any) -> Any:
    """Change something behind the tool's back."""
    return mutate.perform(world, order)


def judged(world: World, query: dict[str, str], order: Any) -> Any:
    """Requests judged, by operation."""
    return world.tally.as_json()


def violations(world: World, query: dict[str, str], order: Any) -> Any:
    """Requests that did not fit the model of their service."""
    return world.tally.violations


def clear_violations(world: World, query: dict[str, str], order: Any) -> Any:
    """The violations so far, which the caller expected."""
    return world.tally.clear()


def reset(world: World, query: dict[str, str], order: Any) -> Any:
    """Empty all books; settings stay."""
    from moto.moto_api._internal.models import moto_api_backend

    moto_api_backend.reset()
    faults.clear(world)
    world.reset()
    return {"ok": True}


def copy(world: World, query: dict[str, str], order: Any) -> Any:
    """A second emulator that goes on from here; ``counted``: whether it leaves a tally."""
    if world.serve is None:
        raise ValueError("this emulator is no process of its own")
    counted = (order or {}).get("counted", True)
    serve = world.serve

    def begin(ready: Callable[[int], None]) -> None:
        if not counted:
            world.tally.folder = None
        serve(ready)

    return fork.fork(begin, lambda: world.tally.leave())


def leave(world: World, query: dict[str, str], order: Any) -> Any:
    """End at once, without an answer."""
    world.tally.leave()
    os._exit(0)


PATHS: dict[tuple[str, str], Handler] = {
    ("GET", "/strict/health"): health,
    ("GET", "/strict/log"): read_log,
    ("POST", "/strict/log/clear"): clear_log,
    ("GET", "/strict/summary"): summary,
    ("GET", "/strict/inventory"): show_inventory,
    ("GET", "/strict/settings"): show_settings,
    ("POST", "/strict/settings"): change_settings,
    ("GET", "/strict/faults"): show_faults,
    ("POST", "/strict/faults"): add_faults,
    ("POST", "/strict/faults/clear"): clear_faults,
    ("POST", "/strict/mutate"): make_change,
    ("GET", "/strict/judged"): judged,
    ("GET", "/strict/violations"): violations,
    ("POST", "/strict/violations/clear"): clear_violations,
    ("POST", "/strict/eventbridge"): match_events,
    ("GET", "/strict/operations"): operations,
    ("POST", "/strict/reset"): reset,
    ("POST", "/strict/fork"): copy,
    ("POST", "/strict/exit"): leave,
}
