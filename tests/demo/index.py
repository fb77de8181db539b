"""The page with which the demo ends: the report of the plan, the objects, when each step of the apply was taken, and drift before
and after. Called by demo.sh: index.py LOG SCALE, in the folder of the demo."""

from __future__ import annotations

import html
import json
import sys
from datetime import datetime
from pathlib import Path

LOOKS = Path(__file__).resolve().parents[2] / "src" / "render" / "html"

# What was shorter than this part of the whole is told apart.
SMALL_PART = 40


def steps(log: Path) -> list[tuple[str, float, float]]:
    """The steps of the apply: what was done, when it began and when it ended, in seconds from the first of them."""
    begun: dict[str, float] = {}
    done: list[tuple[str, float, float]] = []
    for line in log.read_text().splitlines():
        told = json.loads(line)
        if told.get("message") not in ("step started", "step finished"):
            continue
        at = datetime.fromisoformat(told["timestamp"]).timestamp()
        if told["message"] == "step started":
            begun[told["step"]] = at
        else:
            done.append((told["step"], begun[told["step"]], at))
    if not done:
        sys.exit(f"{log} tells of no step")
    first = min(start for _, start, _ in done)
    return sorted(((step, start - first, end - first) for step, start, end in done), key=lambda step: step[1:])


def duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def bars(all_of_them: list[tuple[str, float, float]], whole: float, scale: float) -> str:
    lines = [
        f'<li class="c"><span>{html.escape(step)}</span><span>{duration((end - start) * scale)}</span>'
        f'<span class="track create"><i style="left:{100 * start / whole:.1f}%;width:{100 * (end - start) / whole:.1f}%"></i>'
        "</span></li>"
        for step, start, end in all_of_them
    ]
    return '<ol class="bars">\n' + "\n".join(lines) + "\n</ol>"


def page(log: Path, scale: float) -> str:
    done = steps(log)
    whole = max(end for _, _, end in done)
    large = [step for step in done if (step[2] - step[1]) * SMALL_PART >= whole]
    small = [step for step in done if step not in large]
    style = "".join((LOOKS / name).read_text() for name in ("colours.css", "looks.css"))
    frame = lambda name, title: f'<p><a href="{name}">{title}</a></p>\n<iframe src="{name}" title="{title}"></iframe>'
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The demo of ppm-infra</title>
<style>
{style}iframe {{ width: 100%; height: 45rem; border: 1px solid var(--line); border-radius: .4rem; }}
figure img {{ max-width: 100%; }}
</style>
</head>
<body>
<header><h1>From an empty account and back</h1>
<p>What the demo left: a stack that was planned, made, changed by somebody else, put back and taken down, in the emulator.</p></header>
<nav><a href="#plan">Plan</a> <a href="#objects">Objects</a> <a href="#apply">Apply</a> <a href="#drift">Drift</a></nav>
<section id="plan"><h2>The plan</h2>
{frame("plan.html", "The report of the plan")}</section>
<section id="objects"><h2>The objects</h2>
<figure><a href="plan.svg"><img src="plan.svg" alt="the objects of the stack and what they need"></a></figure></section>
<section id="apply"><h2>The apply <small>{len(done)} steps, as if in {duration(whole * scale)}; the emulator is {scale:.0f} times as fast as
AWS</small></h2>
{bars(large, whole, scale)}
<details><summary>{len(small)} steps of less than {duration(whole * scale / SMALL_PART)} each</summary>
{bars(small, whole, scale)}
</details></section>
<section id="drift"><h2>Drift</h2>
{frame("drift-before.html", "Once somebody had worked behind the tool's back")}
{frame("drift-after.html", "Once apply had put it back")}</section>
</body>
</html>
"""


if __name__ == "__main__":
    Path("index.html").write_text(page(Path(sys.argv[1]), float(sys.argv[2])))
