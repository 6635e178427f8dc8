"""SIGTERM and Ctrl-C: at once where there is nothing to keep, else when the step is kept."""

import contextlib
import os
import signal
import threading

AGAIN = "to go on, give the same command again"


class Stopped(BaseException):
    """Ends the program because a signal asks for it.

    Attributes:
        status: what the process ends with, 128 + the signal's number: 143 or 130.
    """

    def __init__(self, number, what):
        name = "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name
        super().__init__(f"stopped by {name}{what}; {AGAIN}.")
        self.status = 128 + number


class Interruption:
    """What has been asked of the process since `listen`.

    Attributes:
        patient: whether a signal only sets `asked`, for someone who looks; else it raises
            `Stopped` wherever the program is.
        asked: the number of the signal that came meanwhile, or None.
    """

    def __init__(self):
        self.patient, self.asked, self._listens = False, None, False

    def listen(self):
        """Takes SIGTERM and Ctrl-C from now on."""
        self._listens = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._come)
        return self

    def listen_again(self):
        """Takes the signals back, if it had them: a cluster of TensorFlow's sets a handler of its
        own for SIGTERM, and does nothing then."""
        if self._listens:
            self.listen()

    def _come(self, number, frame):
        again = self.asked is not None and number == signal.SIGINT
        if not self.patient or again:
            raise Stopped(number, "")
        if self.asked is None:
            # Not `print`, which the signal may have come in the middle of.
            os.write(2, b"\nzoo: keeping this step first; Ctrl-C now stops at once\n")
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
