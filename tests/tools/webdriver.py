"""A headless Chromium through chromedriver, with nothing but the standard library.

    with Browser(width=1280, height=900) as b:
        b.open("/path/page.html")
        b.run("return document.title")
"""
import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request


def is_there():
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


def wait(holds, seconds=10):
    """Until it does."""
    for _ in range(20 * seconds):
        if holds():
            return
        time.sleep(0.05)
    raise RuntimeError("it did not come in time")


class Browser:
    def __init__(self, width=1280, height=900):
        self.size = width, height

    def __enter__(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.home = tempfile.mkdtemp(prefix="loom-browser-")
        self.base = f"http://127.0.0.1:{port}"
        self.driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env=dict(os.environ, HOME=self.home, XDG_CONFIG_HOME=self.home, XDG_CACHE_HOME=self.home))
        try:
            self._wait()
            arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--hide-scrollbars",
                         f"--user-data-dir={self.home}/profile", "--window-size=%d,%d" % self.size]
            options = {"binary": shutil.which("chromium"), "args": arguments}
            answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
            self.session = "/session/" + answer["sessionId"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if getattr(self, "session", None):
            try:
                self._ask("DELETE", self.session)
            except OSError:
                pass
        self.driver.terminate()
        self.driver.wait()
        shutil.rmtree(self.home, ignore_errors=True)

    def _wait(self):
        for _ in range(300):
            try:
                if self._ask("GET", "/status")["ready"]:
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("chromedriver does not answer")

    def _ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            return json.load(opener.open(request, timeout=120))["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(json.load(e)["value"]["message"]) from None

    def open(self, path):
        """Opens a file.  What console() and requests() tell begins here."""
        self.url = pathlib.Path(path).resolve().as_uri()
        self._ask("POST", self.session + "/url", {"url": "about:blank"})
        self.console(), self.requests()
        self._ask("POST", self.session + "/url", {"url": self.url})

    def run(self, script, *arguments):
        return self._ask("POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)})

    def cdp(self, command, **parameters):
        return self._ask("POST", self.session + "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def resize(self, width, height, dark=False, phone=False):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, file, selector=None):
        """The window, or the first element of the selector in whole."""
        parameters = {}
        if selector:
            box = self.run("scrollTo({top: 0, behavior: 'instant'}); const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.x + scrollX, r.y + scrollY, r.width, r.height]", selector)
            parameters = {"captureBeyondViewport": True, "clip": dict(zip(("x", "y", "width", "height"), box), scale=1)}
        with open(file, "wb") as out:
            out.write(base64.b64decode(self.cdp("Page.captureScreenshot", format="png", **parameters)["data"]))

    CODES = {"Tab": 9, "Enter": 13, " ": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}

    def press(self, *keys, shift=False):
        """Keys by their names in the DOM, to what has the focus; those above do what they do by themselves too."""
        for key in keys:
            for kind in ("keyDown" if len(key) == 1 or key == "Enter" else "rawKeyDown", "keyUp"):
                more = {"text": "\r" if key == "Enter" else key} if kind == "keyDown" else {}
                if key in self.CODES:
                    more["windowsVirtualKeyCode"] = self.CODES[key]
                self.cdp("Input.dispatchKeyEvent", type=kind, key=key, modifiers=8 if shift else 0, **more)

    def names(self):
        """What can have the focus, as (role, name) of the accessibility tree."""
        nodes = self.cdp("Accessibility.getFullAXTree")["nodes"]
        value = lambda n, key: n.get(key, {}).get("value", "")
        return [(value(n, "role"), value(n, "name")) for n in nodes if any(p["name"] == "focusable" and p["value"].get("value") for p in n.get("properties", []))]

    def console(self):
        """What the page and the browser complained of since the last call."""
        return [e["message"] for e in self._ask("POST", self.session + "/se/log", {"type": "browser"})]

    def requests(self):
        """Addresses that were asked for since the last call."""
        events = [json.loads(e["message"])["message"] for e in self._ask("POST", self.session + "/se/log", {"type": "performance"})]
        return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
