"""A second emulator that goes on from where this one is.

``POST /strict/fork`` copies the process and answers the port of the copy, which
lives until ``POST /strict/exit`` or until this process ends. The copy knows
everything that was carried out, and nothing of who waits for an answer.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
import threading
import time
from collections.abc import Callable

# File descriptors beyond this one are nobody's here.
LAST_DESCRIPTOR = 4096


@functools.cache
def cached_properties() -> list[functools.cached_property]:
    """Every cached property of every class, those of the service models among them."""
    return [it for it in gc.get_objects() if isinstance(it, functools.cached_property)]


def let_go() -> None:
    """Free what threads held that are not in the copy.

    Until Python 3.12 each cached property has a lock, for all objects of its class.
    A request is judged without the lock of the world, so somebody may hold one at
    the moment of the copy, and nobody would ever let go of it there.
    """
    for each in cached_properties():
        if hasattr(each, "lock"):
            each.lock = threading.RLock()


def fork(
    serve: Callable[[Callable[[int], None]], None], leave: Callable[[], None]
) -> dict[str, int]:
    """Copy the process. In the copy ``serve`` runs for ever and tells its port.

    ``leave`` is what the copy does when it ends because this process has ended.

    The caller holds the lock of the world, so nothing is half done; it is let go
    of by ``serve``, for the thread that holds it is the only one that is copied.
    """
    cached_properties()
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
    let_go()
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
