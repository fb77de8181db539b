"""The program under test, in a rehearsal: no AWS, no cluster."""

import json
import os
import pathlib
import shutil
import subprocess

from . import engine

LICENSE = "the license\n"


class Failed(Exception):
    """The program did not do what was asked."""


class Rehearsal:
    """A folder of its own for one declaration."""

    def __init__(self, program, folder, declaration):
        self.program, self.folder = program, pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.declare(declaration)
        (self.folder / "license.lic").write_text(LICENSE)

    def declare(self, text):
        (self.folder / "stack.yaml").write_text(text)

    def run(self, *arguments, expected=(0,)):
        """Runs one command; answers with what it said on stdout."""
        environment = {
            "HOME": str(self.folder), "PATH": os.environ["PATH"],
            "PPM_INFRA_CLOUD": "simulated:world.json", "PPM_INFRA_TIME_SCALE": "100000",
        }
        done = subprocess.run(
            [self.program, *arguments], cwd=self.folder, env=environment, text=True, capture_output=True, check=False,
        )
        if done.returncode not in expected:
            tail = "\n".join((done.stdout + done.stderr).strip().split("\n")[-12:])
            raise Failed(f"ppm-infra {' '.join(arguments)} ended with {done.returncode}:\n{tail}")
        return done.stdout

    def apply(self):
        self.run("apply", "stack.yaml", "--auto-approve")

    def values(self):
        return self.run("values", "stack.yaml")

    def record(self):
        """The lockfile."""
        (path,) = (self.folder / "world.rehearsal").glob("*.lock.json")
        return json.loads(path.read_text())

    def secrets(self, *more, has_license_file):
        """The manifests for the cluster; a license server needs no file."""
        more = [*more, *(["--license", "license.lic"] if has_license_file else [])]
        return list(engine.documents(self.run("secrets", "stack.yaml", *more)))

    def check(self, text):
        """What `values --check` finds in a file."""
        (self.folder / "edited.yaml").write_text(text)
        said = json.loads(self.run("values", "stack.yaml", "--check", "edited.yaml", "--json", expected=(0, 65)))
        return said["checked"]["findings"]

    def remove(self):
        shutil.rmtree(self.folder)
