"""``python -m strict``: the strict emulator as a server."""

from __future__ import annotations

import argparse
import gc
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from moto.server import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from .app import StrictApp
from .core import World


class Handler(MotoRequestHandler):
    """moto's request handling, without delays on the wire."""

    disable_nagle_algorithm = True
    quiet = True

    def make_environ(self) -> dict[str, Any]:
        environ = super().make_environ()
        environ["strict.handler"] = self
        return environ

    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        if not self.quiet:
            super().log_request(code, size)

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True


def build_server(
    host: str, port: int, scale: float, quiet: bool = True, warm: bool = False
) -> tuple[BaseWSGIServer, World]:
    """A server ready to ``serve_forever``, and the world behind it."""
    world = World(scale)
    handler = type("ChosenHandler", (Handler,), {"quiet": quiet})
    app = StrictApp(world)
    server = make_server(host, port, app, threaded=True, request_handler=handler)
    server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def serve(ready: Callable[[int], None]) -> None:
        world.alone()
        copy = make_server(host, 0, app, threaded=True, request_handler=handler)
        ready(copy.server_port)
        copy.serve_forever(poll_interval=0.1)

    world.serve = serve
    if warm:
        app.warm()
    return server, world


def parse_arguments(argv: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="strict", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=5000, help="0 picks a free one")
    parser.add_argument(
        "--scale",
        type=float,
        default=60.0,
        help="AWS seconds per real second; 0: everything completes at once",
    )
    parser.add_argument(
        "--template",
        action="store_true",
        help="load everything for copies (POST /strict/fork), and end with stdin",
    )
    parser.add_argument("--quiet", action="store_true", help="no line per request")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM."""
    arguments = parse_arguments(sys.argv[1:] if argv is None else argv)
    logging.getLogger("werkzeug").setLevel(
        logging.ERROR if arguments.quiet else logging.INFO
    )
    server, world = build_server(
        arguments.host,
        arguments.port,
        arguments.scale,
        arguments.quiet,
        warm=arguments.template,
    )

    def stop(_signum: int, _frame: Any) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    def end_with_stdin() -> None:
        sys.stdin.buffer.read()
        server.shutdown()

    if arguments.template:
        # What copies share is not to be touched by counting what still lives.
        gc.collect()
        gc.freeze()
        threading.Thread(target=end_with_stdin, daemon=True).start()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    # Copies end by themselves; nobody asks how.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print(
        f"ready http://{arguments.host}:{server.server_port} scale {arguments.scale:g}",
        flush=True,
    )
    server.serve_forever(poll_interval=0.1)
    server.server_close()
    world.tally.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main())
