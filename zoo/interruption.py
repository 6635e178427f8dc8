"""Handles SIGTERM and Ctrl-C: stops at once, or after the current step is saved."""

import contextlib
import os
import signal
import threading

AGAIN = "run the same command again to continue"


class Stopped(BaseException):
    """Ends the program after a signal.

    Attributes:
        status: the exit status, 128 + the signal's number: 143 or 130.
    """

    def __init__(self, number, what):
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        super().__init__(f"stopped by {name}{what}; {AGAIN}.")
        self.status = 128 + number


class Interruption:
    """The signals that come in its scope, or since `listen`.

    The scope's end puts the handlers back that were there before.  Outside of the main thread,
    where no signals come, there is nothing to handle.

    Attributes:
        patient: whether a signal only sets `asked`, which the training loop reads; otherwise it
            raises `Stopped` at once.
        asked: the number of the first signal that came while `patient`, or None.
    """

    def __init__(self):
        self.patient, self.asked, self._before = False, None, {}

    def listen(self):
        """Handles SIGTERM and Ctrl-C from now on."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                before = signal.signal(number, self._come)
                self._before.setdefault(number, before)
        return self

    def __enter__(self):
        return self.listen()

    def __exit__(self, *error):
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def listen_again(self):
        """Installs the handlers again if they were installed: a TensorFlow cluster replaces the one
        for SIGTERM by a handler that does nothing."""
        if self._before:
            self.listen()

    def _come(self, number, frame):
        again = self.asked is not None and number == signal.SIGINT
        if not self.patient or again:
            raise Stopped(number, "")
        if self.asked is None:
            # Not `print`, which the signal may have interrupted.
            os.write(2, b"\nzoo: saving this step first; press Ctrl-C again to stop at once\n")
        self.asked = number


@contextlib.contextmanager
def deferred():
    """A scope in which SIGTERM and Ctrl-C wait for its end.

    For imports of C extensions, which turn an exception from a signal handler into an
    `ImportError`.
    """
    if threading.current_thread() is not threading.main_thread():  # signals come to the main one
        yield
        return
    came = []
    before = {
        number: signal.signal(number, lambda number, frame: came.append(number))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came[:1]:
            signal.raise_signal(number)
