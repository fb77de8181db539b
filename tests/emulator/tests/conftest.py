"""An emulator in this process, one per test session, reset for every test."""

from __future__ import annotations

import json
import os
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import boto3  # noqa: E402
import pytest  # noqa: E402
from botocore.config import Config  # noqa: E402

from strict.__main__ import build_server  # noqa: E402
from strict.core import Settings, World  # noqa: E402


class Emulator:
    """The server under test and ways to reach it."""

    def __init__(self, world: World, port: int) -> None:
        self.world = world
        self.url = f"http://127.0.0.1:{port}"
        self._clients: dict[tuple[str, str, str], Any] = {}

    def client(
        self, service: str, region: str = "us-east-1", key: str = "AKIATESTING"
    ) -> Any:
        """A boto3 client that makes one attempt per call."""
        found = self._clients.get((service, region, key))
        if found is None:
            found = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.url,
                aws_access_key_id=key,
                aws_secret_access_key="secret",
                config=Config(
                    retries={"total_max_attempts": 1, "mode": "standard"},
                    s3={"addressing_style": "path"},
                ),
            )
            self._clients[(service, region, key)] = found
        return found

    def control(self, path: str, order: Any = None) -> Any:
        """GET a control path, or POST to it when there is something to say."""
        data = None if order is None else json.dumps(order).encode()
        request = urllib.request.Request(f"{self.url}{path}", data=data)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read() or b"null")

    def reset(self) -> None:
        """Empty all books, moto's and ours."""
        self.control("/moto-api/reset", {})


@pytest.fixture(scope="session")
def _emulator() -> Iterator[Emulator]:
    server, world = build_server("127.0.0.1", 0, scale=0)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield Emulator(world, server.server_port)
    server.shutdown()
    server.server_close()


@pytest.fixture
def emulator(_emulator: Emulator) -> Emulator:
    """An empty emulator at scale 0 (set ``world.clock.scale`` for another)."""
    _emulator.world.clock.scale = 0
    _emulator.world.settings = Settings()
    _emulator.reset()
    return _emulator


@pytest.fixture
def world(emulator: Emulator) -> World:
    """The world behind the emulator."""
    return emulator.world


@pytest.fixture
def aws(emulator: Emulator) -> Callable[..., Any]:
    """``aws("ec2")``: a boto3 client of the emulator."""
    return emulator.client


def pytest_configure(config: pytest.Config) -> None:
    """The marker of tests that mean to send what AWS's models do not allow."""
    config.addinivalue_line("markers", "wrong_requests: sends what no model allows")


@pytest.fixture(autouse=True)
def _nothing_wrong(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every request of a test fits the model of its service."""
    yield
    if "_emulator" not in request.fixturenames:
        return
    found = request.getfixturevalue("_emulator").world.tally.clear()
    if request.node.get_closest_marker("wrong_requests") is None:
        assert found == []
