"""Runs a line of the shell at a terminal and types an answer to its first question.

    terminal.py LINE QUESTION ANSWER

Types ANSWER once QUESTION has been printed; prints everything the terminal showed, and ends as the line ends.
"""

import os
import pty
import sys


def main():
    line, question, answer = sys.argv[1:]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("sh", ["sh", "-c", line])
    shown, asked = b"", False
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not asked and question.encode() in shown:
            asked = True
            os.write(terminal, answer.encode() + b"\n")
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.flush()
    _, status = os.waitpid(child, 0)
    if not asked:
        sys.stderr.write(f"it never asked `{question}`\n")
    sys.exit(os.waitstatus_to_exitcode(status) if asked else 99)


main()
