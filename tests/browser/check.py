"""Reports of plans, opened in Chromium. Called by run.sh: check.py PROGRAM FOLDER."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from chromium import BrowserError, Chromium, Tab, program

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MEASURE = (HERE / "page.js").read_text()

SCREEN, PHONE = 1280, 400

# What somebody might write into AWS to be more than text.
HOSTILE = '<img src=x onerror=alert(1)><script>alert(1)</script>"><svg onload=alert(1)>'

# What is declared otherwise once the reference stack stands: of each class of change something.
EDIT = """
  scheme: internal
tags:
  team: data-science
database:
  instance_class: db.r6g.xlarge
  storage_gib: 200
  backup_days: 3
kubernetes:
  nodes:
    instance_type: m6i.4xlarge
network:
  nat: single
"""


def left_out(why):
    print(f"\n*** test-browser: LEFT OUT: {why}\n", file=sys.stderr)
    if os.environ.get("PPM_INFRA_BROWSER") == "required":
        sys.exit("test-browser: PPM_INFRA_BROWSER=required makes this a failure")
    sys.exit(0)


class Rehearsal:
    """The program in a folder of its own, with a cloud in memory."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, Path(folder)
        (self.folder / "plans").mkdir()
        self.declaration = self.folder / "plans" / "reference.yaml"
        self.declaration.write_text((ROOT / "plans" / "reference.yaml").read_text())

    def run(self, *arguments):
        environment = {"PATH": os.environ["PATH"], "PPM_INFRA_CLOUD": "simulated:world.json"}
        said = subprocess.run(
            [self.binary, *arguments], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        expected = 2 if arguments[0] == "drift" else 0
        if said.returncode != expected:
            sys.exit(f"test-browser: ppm-infra {' '.join(arguments)} ended with {said.returncode}:\n{said.stderr}")

    def meddle(self):
        """Somebody writes what is more than text into a tag of the network and of the database."""
        world = json.loads((self.folder / "world.json").read_text())
        for thing in world["objects"].values():
            if thing["mark"]["address"] in ("vpc.main", "database.main"):
                thing["declared"]["tags"] |= {HOSTILE: "x", "team": HOSTILE * 4, "long": "x" * 256}
        (self.folder / "world.json").write_text(json.dumps(world))

    def reports(self):
        """Reports of all sorts, by their files."""
        self.run("plan", "--report", "first.html", "--report", "first.svg")
        self.run("apply", "--auto-approve")
        self.run("plan", "--report", "nothing.html")
        self.meddle()
        self.declaration.write_text(self.declaration.read_text() + EDIT)
        self.run("plan", "-o", "p.json", "--report", "change.html", "--report", "change.svg")
        self.run("plan", "--destroy", "--delete-data", "database", "--report", "destroy.html")
        self.run("drift", "--report", "drift.html")
        self.run("show", "p.json", "--report", "saved.html")
        return sorted(self.folder.glob("*.html")) + sorted(self.folder.glob("*.svg"))


def looked(browser, path, width, dark=False, script=True, media=""):
    """What is wrong with a page, and what was measured."""
    tab = Tab(browser, path, width, dark=dark, script=script)
    try:
        if media:
            tab.do("Emulation.setEmulatedMedia", media=media, features=[])
        found = tab.ask(MEASURE)
        wrong = found["wrong"]
        if media == "print":
            # What is small on a screen may be small on paper, and paper is not as wide as told here.
            wrong = [one for one in wrong if not re.match("text of|out of the window|the page is", one)]
        for request in tab.events("Network.requestWillBeSent"):
            if request["request"]["url"] != tab.url:
                wrong.append(f"a request: {request['request']['url'][:80]}")
        for event in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            wrong += [f"{event}: {json.dumps(one)[:300]}" for one in tab.events(event)]
        if dark and path.suffix == ".html" and found["paper"] > 0.1:
            wrong.append("the page is light at night")
        return wrong, found, tab
    except BrowserError as error:
        return [str(error)], {}, tab


def judged(browser, path, folder, is_kept=True):
    """Everything that is wrong with a report; pictures of it are kept in the folder."""
    wrong = []
    is_drawing = path.suffix == ".svg"
    texts = set()
    for width in (SCREEN,) if is_drawing else (SCREEN, PHONE):
        for dark in (False, True):
            here = f"{path.name} at {width}, {'dark' if dark else 'light'}"
            said, found, tab = looked(browser, path, width, dark)
            wrong += [f"{here}: {one}" for one in said]
            if found.get("nodes", 0) and found["drawings"] != 1:
                wrong.append(f"{here}: {found['drawings']} drawings are shown")
            if is_kept:
                tab.picture(folder / f"{path.stem}-{width}-{'dark' if dark else 'light'}{path.suffix}.png")
            tab.close()
            if not is_drawing:
                without, bare, tab = looked(browser, path, width, dark, script=False)
                wrong += [f"{here}, no JavaScript: {one}" for one in without if one not in said]
                if bare.get("text") != found.get("text"):
                    wrong.append(f"{here}: without JavaScript there is other text")
                tab.close()
    if not is_drawing:
        said, found, tab = looked(browser, path, SCREEN, media="print")
        wrong += [f"{path.name} on paper: {one}" for one in said]
        if not all(found["unfolded"]):
            wrong.append(f"{path.name} on paper: something stays folded away")
        if found["breaks"] not in ([], ["page"]):
            wrong.append(f"{path.name} on paper: the change request is on no page of its own")
        tab.paper(folder / f"{path.stem}.pdf")
        sheet = (folder / f"{path.stem}.pdf").read_bytes()
        # 210 by 297 millimetres, in points.
        if not re.search(rb"/MediaBox ?\[0 0 59[45](\.\d+)? 84[12](\.\d+)?\]", sheet):
            wrong.append(f"{path.name} on paper: it is not A4")
        tab.close()
    return wrong


# Ways to break a report, and what has to be said of each: a test that sees none of them sees nothing.
BROKEN = {
    "a script": ("</body>", "<script>console.log(1)</script></body>", "Log.entryAdded"),
    "a picture from elsewhere": ("</body>", '<img src="https://example.com/a.png" alt=""></body>', "Log.entryAdded"),
    "an element that is too wide": ("</body>", '<div style="width:2000px">x</div></body>', "out of the window"),
    "text that is too small": ("</body>", '<p style="font-size:9px">x</p></body>', "text of 9.0 pixels"),
    "text that is too pale": ("</body>", '<p style="color:#999;background:#fff">x</p></body>', "contrast of"),
    "no night": ("@media (prefers-color-scheme: dark)", "@media (max-width: 1px)", "the page is light at night"),
    "a link to nowhere": ("</body>", '<a href="#nowhere">x</a></body>', "leads nowhere"),
    "both drawings at once": ("figure svg.narrow { display: none; }", "", "drawings are shown"),
    "nothing unfolded on paper": ("details::details-content", "details::x", "stays folded away"),
    "another paper": ("size: A4", "size: A5", "it is not A4"),
    "no page of its own": ("break-before: page;", "", "on no page of its own"),
}


def broken(browser, path, folder):
    """What goes unseen of the ways to break a report."""
    unseen = []
    good = path.read_text()

    def told(text):
        spoilt = folder / "spoilt.html"
        spoilt.write_text(text)
        return judged(browser, spoilt, folder, is_kept=False)

    for name, (old, new, said) in BROKEN.items():
        if old not in good:
            unseen.append(f"{name}: the report has no `{old}`")
        elif not any(said in one for one in told(good.replace(old, new))):
            unseen.append(name)
    loaded = good.replace("default-src 'none'", "default-src *").replace("</body>", '<img src="other.png" alt=""></body>')
    if not any("a request" in one for one in told(loaded)):
        unseen.append("a request")
    # The first box of each drawing where the second one is.
    places = re.findall(r'transform="translate\([^)]*\)"', good)
    if not any("objects overlap" in one for one in told(good.replace(places[0], places[1], 1))):
        unseen.append("objects that overlap")
    if not any("out of its box" in one for one in told(good.replace(">nodes-from-load-</text>", ">nodes-from-load-balancer</text>"))):
        unseen.append("a name that is too long for its box")
    return unseen


def main():
    binary, pictures = sys.argv[1], Path(sys.argv[2])
    path = program()
    if path is None:
        left_out("everything: Chromium is not installed. On Debian: apt-get install chromium")
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, Chromium(path) as browser:
        reports = Rehearsal(binary, folder).reports()
        wrong = [one for report in reports for one in judged(browser, report, pictures)]
        largest = max((report.stat().st_size, report.name) for report in reports)
        if largest[0] > 200_000:
            wrong.append(f"{largest[1]} has {largest[0]} bytes")
        if not wrong:
            wrong = [f"not seen: {one}" for one in broken(browser, Path(folder) / "change.html", Path(folder))]
    for one in wrong:
        print(one, file=sys.stderr)
    if wrong:
        sys.exit(f"test-browser: {len(wrong)} things are wrong")
    print(f"test-browser: {len(reports)} reports, of {largest[0]} bytes at most, are as they should be; pictures are in {pictures}")


main()
