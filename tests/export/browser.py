"""Drives a headless Chromium by the W3C WebDriver protocol, which is JSON over HTTP.

Debian's `chromium` and `chromium-driver` are all that it needs; `missing()` says what is not there.
"""

import base64
import contextlib
import functools
import http.server
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = (1280, 900), (390, 844)


def missing():
    """The programs of a browser test that this machine lacks, as a sentence; empty if none."""
    absent = [
        name for name in ("chromium", "chromedriver", "node", "npm") if not shutil.which(name)
    ]
    return f"not installed here: {', '.join(absent)}" if absent else ""


@contextlib.contextmanager
def served(folder):
    """Serves `folder` as any static server does, and gives its address."""
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def chromium(*flags):
    """Starts a browser with an empty profile and gives its `Browser`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = subprocess.Popen(
            ["chromedriver", f"--port={port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            browser = Browser(f"http://127.0.0.1:{port}")
            browser.start([*FLAGS, f"--user-data-dir={profile}", *flags])
            try:
                yield browser
            finally:
                browser.quit()
        finally:
            driver.terminate()
            driver.wait()


class Browser:
    """One window."""

    def __init__(self, address):
        self._address = address

    def start(self, flags):
        """Opens a session, for which a driver that has just been started may take a while."""
        options = {"binary": shutil.which("chromium"), "args": flags}
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }
        for _ in range(100):
            with contextlib.suppress(urllib.error.URLError):
                if self._send("GET", "/status")["ready"]:
                    break
            time.sleep(0.1)
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._address += f"/session/{session['sessionId']}"
        self._send("POST", "/timeouts", {"script": 60_000})

    def quit(self):
        """Closes the window."""
        self._send("DELETE", "")

    def size(self, width, height, scale=1, touch=False):
        """Gives the page a viewport of so many CSS pixels, on a phone's screen where `touch`."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": touch}
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
        self.devtools("Emulation.setTouchEmulationEnabled", {"enabled": touch})

    def prefer(self, dark=False, calm=False):
        """What the visitor prefers: a dark theme; no movement."""
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if calm else "no-preference",
        }
        named = [{"name": name, "value": value} for name, value in features.items()]
        self.devtools("Emulation.setEmulatedMedia", {"features": named})

    def open(self, address):
        """Loads a page."""
        self._send("POST", "/url", {"url": address})

    def run(self, code, *values):
        """Runs the body of an async JavaScript function of `values`; returns what it returns.

        Raises:
            AssertionError: it threw.
        """
        wrapped = f"""
            const values = [...arguments], done = values.pop();
            (async (...values) => {{ {code} }})(...values).then(
                (value) => done({{ value }}),
                (error) => done({{ error: String((error && error.stack) || error) }}),
            );"""
        answer = self._send("POST", "/execute/async", {"script": wrapped, "args": values})
        assert "error" not in answer, answer["error"]
        return answer.get("value")

    def log(self, kind):
        """What was logged since the last call: ``"browser"`` (the console) or ``"performance"``."""
        return self._send("POST", "/se/log", {"type": kind})

    def requested(self):
        """The addresses of the web that were asked for since the last call; the browser's own
        pages and `data:` are none."""
        events = (json.loads(entry["message"])["message"] for entry in self.log("performance"))
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
            and event["params"]["request"]["url"].startswith(("http:", "https:"))
        ]

    def screenshot(self):
        """What the window shows, as the bytes of a PNG file."""
        return base64.b64decode(self._send("GET", "/screenshot"))

    def devtools(self, command, values=None):
        """Sends a command of the DevTools protocol, for what WebDriver has no word for."""
        return self._send("POST", "/goog/cdp/execute", {"cmd": command, "params": values or {}})

    def _send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, method=method)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass
