"""A client of `loom lsp` for tests and measurements: frames, requests, and what the server says in between."""

import json
import os
import selectors
import subprocess
import time


class Client:
    def __init__(self, *options, env=None, command=("loom", "lsp")):
        self.process = subprocess.Popen([*command, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.buffer = b""
        self.messages = []  # of the server, in order, that nobody has taken yet
        self.last_id = 0
        self.settings = None  # the answer to workspace/configuration

    # ---- bytes ----
    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def _parse(self):
        while b"\r\n\r\n" in self.buffer:
            head, rest = self.buffer.split(b"\r\n\r\n", 1)
            length = int(head.split(b"Content-Length:")[1].split(b"\r\n")[0])
            if len(rest) < length:
                return
            message = json.loads(rest[:length])
            self.buffer = rest[length:]
            if message.get("method") == "workspace/configuration":
                self.send({"id": message["id"], "result": [self.settings]})
            elif message.get("method") == "workspace/codeLens/refresh":
                self.send({"id": message["id"], "result": None})
            self.messages.append(message)

    def read(self, seconds):
        """One piece of what the server says; False at its end or when nothing comes."""
        if not self.selector.select(seconds):
            return False
        piece = os.read(self.process.stdout.fileno(), 1 << 16)
        self.buffer += piece
        self._parse()
        return bool(piece)

    def take(self, wanted, seconds=30):
        """The first message that `wanted` says is it."""
        end = time.monotonic() + seconds
        while True:
            for i, message in enumerate(self.messages):
                if wanted(message):
                    return self.messages.pop(i)
            if not self.read(max(0, end - time.monotonic())):
                raise AssertionError(f"the server does not say it; it said {self.messages}")

    # ---- the protocol ----
    def notify(self, method, **params):
        self.send({"method": method, "params": params})

    def ask(self, method, **params):
        """Sends a request; its id."""
        self.last_id += 1
        self.send({"id": self.last_id, "method": method, "params": params})
        return self.last_id

    def answer(self, id, seconds=30):
        return self.take(lambda m: m.get("id") == id and "method" not in m, seconds)

    def request(self, method, **params):
        reply = self.answer(self.ask(method, **params))
        assert "error" not in reply, reply
        return reply["result"]

    def start(self, capabilities=None, **params):
        result = self.request("initialize", processId=None, rootUri=None, capabilities=capabilities or {}, **params)
        self.notify("initialized")
        return result

    def open(self, uri, text, language="python", version=1):
        self.notify("textDocument/didOpen", textDocument={"uri": uri, "languageId": language, "version": version, "text": text})

    def change(self, uri, version, *changes):
        self.notify("textDocument/didChange", textDocument={"uri": uri, "version": version}, contentChanges=list(changes))

    def diagnostics(self, uri, version=None, seconds=30):
        """What is published of the document, of this version if one is given."""
        said = self.take(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri
                         and (version is None or m["params"].get("version") == version), seconds)
        return said["params"]["diagnostics"]

    def hover(self, uri, line, character):
        result = self.request("textDocument/hover", textDocument={"uri": uri}, position={"line": line, "character": character})
        return result and result["contents"]["value"]

    def lenses(self, uri):
        return [lens["command"]["title"] for lens in self.request("textDocument/codeLens", textDocument={"uri": uri})]

    def stop(self):
        """Shuts the server down; its exit code."""
        self.request("shutdown")
        self.notify("exit")
        return self.process.wait(10)
