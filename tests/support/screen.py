"""A program at a terminal of its own, and what it shows."""
import contextlib
import fcntl
import os
import pty
import select
import subprocess
import termios
import time


def own_terminal():
    """In the new process: Ctrl-C typed at its standard input becomes its signal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Screen:
    def __init__(self, *command, **environment):
        self.shown = b""
        self._terminal, end = pty.openpty()
        self.process = subprocess.Popen([str(part) for part in command], stdin=end, stdout=end, stderr=end,
                                        start_new_session=True, preexec_fn=own_terminal, env={**os.environ, "TERM": "xterm", **environment})
        os.close(end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._terminal)

    def type(self, text):
        os.write(self._terminal, text.encode())

    def paste(self, text):
        """As a terminal does that was asked to mark what is pasted."""
        self.type(f"\x1b[200~{text}\x1b[201~")

    def wait_for(self, text, count=1, seconds=60):
        """Everything that was shown, when `text` has been shown so many times."""
        deadline = time.monotonic() + seconds
        while self.shown.count(text.encode()) < count:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
                raise AssertionError(f"{text!r} was not shown {count} times:\n{self.shown.decode(errors='replace')}")
            with contextlib.suppress(OSError):  # fails after the program has ended
                piece = os.read(self._terminal, 4096)
                self.shown += piece
                if piece:
                    continue
            raise AssertionError(f"the program has ended:\n{self.shown.decode(errors='replace')}")
        return self.shown.decode(errors="replace")

    def wait_for_end(self, seconds=20):
        """The exit status; what is shown meanwhile is read."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            if select.select([self._terminal], [], [], 0.1)[0]:
                with contextlib.suppress(OSError):
                    self.shown += os.read(self._terminal, 4096)
        return self.process.wait(timeout=1)
