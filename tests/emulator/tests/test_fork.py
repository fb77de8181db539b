"""A copy is stuck at nothing that somebody else held when it was made."""

from __future__ import annotations

import functools
import os
import threading

from strict import fork


class Holder:
    """Has a value that is computed once."""

    @functools.cached_property
    def value(self) -> int:
        return 1


def test_a_cached_property_that_is_being_computed_is_free_in_the_copy():
    lock = getattr(vars(Holder)["value"], "lock", None)
    fork.cached_properties.cache_clear()
    assert vars(Holder)["value"] in fork.cached_properties()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        if lock is None:  # Python 3.12 and newer have none.
            held.set()
            return
        with lock:
            held.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    child = os.fork()
    if child == 0:
        fork.let_go()
        # One of several may be taken for the holder: it can have got the identity
        # of a thread that is not there.
        together = threading.Barrier(4)

        def ask() -> None:
            together.wait()
            assert Holder().value

        asked = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
        for each in asked:
            each.start()
        for each in asked:
            each.join(3)
        os._exit(1 if any(each.is_alive() for each in asked) else 0)
    _, status = os.waitpid(child, 0)
    done.set()
    holder.join()
    code = os.waitstatus_to_exitcode(status)
    assert code == 0, "the copy waits for a lock that nobody holds there"
