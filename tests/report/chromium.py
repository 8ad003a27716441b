"""A headless Chromium, driven over its debugging pipe; every request, message of the console and dialog is kept."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--headless", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--mute-audio", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"]
KEYS = {"Enter": ("Enter", 13, "\r"), " ": ("Space", 32, " "), "Tab": ("Tab", 9, ""), "/": ("Slash", 191, "/")}
KEYS |= {"ArrowDown": ("ArrowDown", 40, ""), "ArrowUp": ("ArrowUp", 38, ""), "Escape": ("Escape", 27, "")}


def executable() -> str | None:
    """The browser's path, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One tab. `requests` are the URLs asked for, `trouble` exceptions, console errors, CSP violations and dialogs."""

    def __init__(self, path: str) -> None:
        self.requests: list[str] = []
        self.trouble: list[str] = []
        self._profile = tempfile.mkdtemp(prefix="chromium-")
        ours_in, theirs_out = (_high(end) for end in os.pipe())
        theirs_in, ours_out = (_high(end) for end in os.pipe())

        def pipes() -> None:
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        command = [path, *FLAGS, f"--user-data-dir={self._profile}", "about:blank"]
        self._process = subprocess.Popen(
            command, preexec_fn=pipes, pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._in, self._out, self._buffer, self._count, self._session = ours_in, ours_out, b"", 0, ""
        self._answers: dict[int, dict[str, Any]] = {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser and remove its profile."""
        with contextlib.suppress(Exception):
            self._send("Browser.close", {})
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        shutil.rmtree(self._profile, ignore_errors=True)

    def open(self, page: Path, width: int = 1280, height: int = 900) -> None:
        """Load a file and wait until it is there."""
        self.size(width, height)
        self.requests.clear()
        self.trouble.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        self.until(f"document.readyState === 'complete' && location.href === {json.dumps(page.resolve().as_uri())}")

    def size(self, width: int, height: int = 900) -> None:
        """The window, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def eval(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited."""
        reply = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in reply:
            raise AssertionError(f"{expression}: {reply['exceptionDetails']}")
        return reply["result"].get("value")

    def until(self, expression: str, seconds: float = 20) -> None:
        """Wait for an expression to become true."""
        end = time.monotonic() + seconds
        while not self.eval(expression):
            assert time.monotonic() < end, f"never came true: {expression}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        """A key, as from a keyboard."""
        code, number, text = KEYS.get(key, (f"Key{key.upper()}", ord(key[0].upper()), key))
        about = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", type="keyDown", **about, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    def choose(self, element: str, value: str) -> None:
        """Another entry of a <select>, as if chosen by hand."""
        change = f"e.value = {json.dumps(value)}; e.dispatchEvent(new Event('change'))"
        self.eval(f"(e => {{ {change}; }})(document.getElementById('{element}'))")

    def screenshot(self, path: Path, whole: bool = False) -> None:
        """A PNG of the window, or of the whole page."""
        clip: dict[str, Any] = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"captureBeyondViewport": True, "clip": {**size, "scale": 1}}
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png", **clip)["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol and its answer."""
        number = self._send(method, parameters)
        while number not in self._answers:
            self._read()
        reply = self._answers.pop(number)
        assert "error" not in reply, f"{method}: {reply['error']}"
        return reply["result"]

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._out, data) :]
        return self._count

    def _read(self) -> None:
        ready, _, _ = select.select([self._in], [], [], 60)
        assert ready, "Chromium has not answered for a minute"
        part = os.read(self._in, 1 << 16)
        assert part, "Chromium is gone"
        *messages, self._buffer = (self._buffer + part).split(b"\0")
        for message in messages:
            self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        method, about = message["method"], message["params"]
        if method == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"][:200])
        elif method == "Runtime.exceptionThrown":
            self.trouble.append(str(about["exceptionDetails"]))
        elif method == "Log.entryAdded" and about["entry"]["level"] in ("warning", "error"):
            self.trouble.append(about["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.trouble.append(str(about["args"]))
        elif method == "Page.javascriptDialogOpening":
            self.trouble.append(f"dialog: {about['message']}")
            self._send("Page.handleJavaScriptDialog", {"accept": False})


def _high(end: int) -> int:
    """The same pipe end on a number that is not in the way of 3 and 4."""
    number = fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(end)
    return number
