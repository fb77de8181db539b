"""A second emulator that goes on from where this one is.

``POST /strict/fork`` copies the process and answers the port of the copy, which
lives until ``POST /strict/exit`` or until this process ends. The copy knows
everything that was carried out, and nothing of who waits for an answer.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

# File descriptors beyond this one are nobody's here.
LAST_DESCRIPTOR = 4096


def fork(
    serve: Callable[[Callable[[int], None]], None], leave: Callable[[], None]
) -> dict[str, int]:
    """Copy the process. In the copy ``serve`` runs for ever and tells its port.

    ``leave`` is what the copy does when it ends because this process has ended.

    The caller holds the lock of the world, so nothing is half done; it is let go
    of by ``serve``, for the thread that holds it is the only one that is copied.
    """
    reader, writer = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            live(serve, leave, parent, writer)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as told:
        port = told.readline()
    if not port:
        raise ValueError("the copy did not start")
    return {"pid": child, "port": int(port)}


def live(
    serve: Callable[[Callable[[int], None]], None],
    leave: Callable[[], None],
    parent: int,
    writer: int,
) -> None:
    """The life of the copy."""
    # Connections and the listening socket stay the other's alone.
    os.closerange(3, writer)
    os.closerange(writer + 1, LAST_DESCRIPTOR)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)

    def outlive_nobody() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        leave()
        os._exit(0)

    threading.Thread(target=outlive_nobody, daemon=True).start()

    def ready(port: int) -> None:
        os.write(writer, f"{port}\n".encode())
        os.close(writer)

    serve(ready)
