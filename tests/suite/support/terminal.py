"""Runs a line of the shell at a terminal and answers its questions.

    terminal.py LINE QUESTION ANSWER [QUESTION ANSWER]...

Types each ANSWER once its QUESTION has been printed, and those to no question at once; prints everything the terminal showed, and ends as the line ends.
"""

import os
import pty
import select
import signal
import sys

PATIENCE = 60


def main():
    line, *words = sys.argv[1:]
    talk = list(zip(words[::2], words[1::2]))
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("sh", ["sh", "-c", line])
    shown, seen = b"", 0
    while talk and not talk[0][0]:
        os.write(terminal, talk.pop(0)[1].encode() + b"\n")
    while True:
        if not select.select([terminal], [], [], PATIENCE)[0]:
            os.kill(child, signal.SIGKILL)
            break
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if talk and (at := shown.find(talk[0][0].encode(), seen)) >= 0:
            seen = at + len(talk[0][0].encode())
            os.write(terminal, talk.pop(0)[1].encode() + b"\n")
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    _, status = os.waitpid(child, 0)
    for question, _ in talk:
        sys.stderr.write(f"it never asked `{question}`\n")
    sys.exit(99 if talk else os.waitstatus_to_exitcode(status))


main()
