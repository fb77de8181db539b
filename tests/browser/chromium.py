"""Chromium without a window, told what to do through its DevTools protocol (https://chromedevtools.github.io/devtools-protocol).

The protocol goes through two pipes, which `--remote-debugging-pipe` has as descriptors 3 and 4: messages are JSON, each ended
by a zero byte. So nothing listens on a port, and nothing but Python is needed.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Longer than any page here takes.
PATIENCE = 60


class BrowserError(Exception):
    """The browser did not do what it was told."""


def program():
    """The browser of this machine, or nothing."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for found in map(shutil.which, NAMES) if found), None)


class Chromium:
    """A browser with a profile of its own, which goes with it."""

    def __init__(self, path):
        self.profile = tempfile.TemporaryDirectory(prefix="ppm-infra-browser-", ignore_cleanup_errors=True)
        ours, theirs = {}, {}
        theirs[3], ours["write"] = os.pipe()
        ours["read"], theirs[4] = os.pipe()
        # Out of the way of 3 and 4, and inherited.
        low = {number: os.dup2(end, 200 + number) for number, end in theirs.items()}
        for end in theirs.values():
            os.close(end)
        command = [
            path, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self.profile.name}", "--no-first-run",
            "--no-default-browser-check", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            "--force-color-profile=srgb", "about:blank",
        ]  # fmt: skip
        if os.getuid() == 0:
            # The sandbox refuses root; what is opened here is our own.
            command.insert(1, "--no-sandbox")
        shell = 'exec 3<&203 4>&204 203<&- 204>&-; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-c", shell, "browser", *command],
            pass_fds=list(low.values()), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            start_new_session=True,
        )  # fmt: skip
        for end in low.values():
            os.close(end)
        self.to, self.of = ours["write"], ours["read"]
        self.buffer, self.number, self.events = b"", 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.to)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.of)
        self.process.stderr.close()
        self.profile.cleanup()

    def _message(self, until):
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.of], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise BrowserError("the browser did not answer in time")
            more = os.read(self.of, 1 << 20)
            if not more:
                said = self.process.stderr.read().decode(errors="replace")
                raise BrowserError(f"the browser ended: {said.strip()[-2000:]}")
            self.buffer += more
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        """Has something done; answers what came of it. What happens meanwhile is kept in `events`."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._message(until)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait(self, method, session):
        """Waits for an event."""
        until = time.monotonic() + PATIENCE
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    return event["params"]
            self.events.append(self._message(until))


class Tab:
    """A page in a browser."""

    def __init__(self, browser, path, width, height=900, dark=False, script=True):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.target = target
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")
        self.do("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = "dark" if dark else "light"
        self.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        # What the test itself asks is run all the same.
        self.do("Emulation.setScriptExecutionDisabled", value=not script)
        self.url = Path(path).resolve().as_uri()
        self.do("Page.navigate", url=self.url)
        browser.wait("Page.loadEventFired", self.session)

    def do(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def ask(self, expression):
        """The value of an expression of JavaScript in the page."""
        answer = self.do("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def events(self, method):
        """What happened in the page."""
        all_of_it = self.browser.events
        return [one["params"] for one in all_of_it if one.get("method") == method and one.get("sessionId") == self.session]

    def picture(self, path):
        """Keeps how the whole page looks."""
        shot = self.do("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def paper(self, path):
        """Keeps the page as it is printed on A4."""
        sheet = self.do("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        Path(path).write_bytes(base64.b64decode(sheet["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
