"""Helm's own engine over the real charts."""

import pathlib
import re

import helm_python


class Refused(Exception):
    """Helm does not take the values, or the chart fails on them."""


def charts(folder):
    """The charts `rstudio-pm` in a folder, unpacked or as `helm pull` leaves them: {version: path}."""
    found = {}
    for path in sorted(pathlib.Path(folder).iterdir()):
        is_chart = (path / "Chart.yaml").is_file() if path.is_dir() else path.suffix == ".tgz"
        if not is_chart:
            continue
        with helm_python.Chart.load(path) as chart:
            if chart.name == "rstudio-pm":
                found[chart.version] = path
    return dict(sorted(found.items(), key=lambda one: tuple(map(int, one[0].split("."))), reverse=True))


def read(text):
    """One document as the cluster reads it: Go's YAML, in which `on` and `1e3` are no text."""
    try:
        return helm_python.values_from_yaml(text)
    except helm_python.HelmError as error:
        raise Refused(f"no YAML: {error}") from error


def values(text):
    """A values file, read as `helm -f` reads it."""
    try:
        return helm_python.values_from_yaml(text)
    except helm_python.HelmError as error:
        raise Refused(str(error)) from error


def documents(text):
    """The documents of a stream of manifests."""
    for part in re.split(r"^---\s*$", text, flags=re.M):
        if re.sub(r"^\s*(#.*)?$", "", part, flags=re.M).strip():
            yield read(part)


class Charts:
    """Loaded charts, to render many times."""

    def __init__(self, folder):
        self.paths = charts(folder)
        self.loaded = {version: helm_python.Chart.load(path) for version, path in self.paths.items()}

    def render(self, version, given, release, namespace):
        """Every object the chart makes of the values, with the template it comes from."""
        try:
            files = self.loaded[version].render(given, name=release, namespace=namespace)
        except helm_python.HelmError as error:
            raise Refused(str(error)) from error
        found = []
        for template, text in sorted(files.items()):
            # NOTES.txt is rendered for its `fail` alone.
            if not template.endswith(".txt"):
                found += [(template, document) for document in documents(text)]
        return found

    def install(self, version, given, release, namespace):
        """What `helm install --dry-run=client` does besides: every manifest is parsed and sorted."""
        try:
            with helm_python.Config(namespace=namespace) as config:
                config.install(str(self.paths[version]), release, given, dry_run="client")
        except helm_python.HelmError as error:
            raise Refused(str(error)) from error
