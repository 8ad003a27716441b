"""A stand-in for the W&B service on 127.0.0.1: as much of its API as runs, tables and artifacts need; it remembers all of it.

Artifacts behave as the service's: equal content under a name is one version, and what is there needs no upload.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ENTITY = "someone"
LINES = ("wandb-history.jsonl", "wandb-summary.json")


@dataclass
class Artifact:
    """One version: its collection and type, what run made it, and which of its files were uploaded."""

    id: str
    name: str
    type: str
    digest: str
    made_by: str
    client: str
    committed: bool = False
    files: list[str] = field(default_factory=list)


@dataclass
class Service:
    """What the clients said so far."""

    url: str = ""
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[tuple[str, str], dict[int, str]] = field(default_factory=dict)
    exits: dict[str, int] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    artifacts: list[Artifact] = field(default_factory=list)
    logged: list[tuple[str, str]] = field(default_factory=list)
    used: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def history(self, run: str) -> list[dict[str, Any]]:
        """The rows of a run, as the client streamed them."""
        found = self.lines.get((run, LINES[0]), {})
        return [json.loads(found[offset]) for offset in sorted(found)]

    def summary(self, run: str) -> dict[str, Any]:
        """The last summary that the client streamed."""
        found = self.lines.get((run, LINES[1]), {})
        return dict(json.loads(found[max(found)])) if found else {}

    def answer(self, name: str, query: str, given: dict[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL answer; operations outside of this list are remembered as unknown."""
        known = getattr(self, f"_{name}", None)
        if known is None:
            self.unknown.append(name)
            return {}
        return dict(known(**{key: value for key, value in given.items() if value is not None}))

    def stream(self, run: str, told: dict[str, Any]) -> None:
        """Lines of a run's files, each at its place, and its exit code."""
        for file, chunk in (told.get("files") or {}).items():
            lines = self.lines.setdefault((run, file), {})
            start = 0 if file == LINES[1] else int(chunk.get("offset", 0))
            lines.update({start + n: line for n, line in enumerate(chunk.get("content", []))})
        if told.get("complete"):
            self.exits[run] = int(told.get("exitcode", 0))

    def _Viewer(self, **given: Any) -> dict[str, Any]:
        names = {"id": "1", "entity": ENTITY, "username": ENTITY, "email": "", "flags": "{}"}
        return {"viewer": {**names, "teams": {"edges": []}}}

    def _ServerFeaturesQuery(self, **given: Any) -> dict[str, Any]:
        return {"serverInfo": {"features": []}}

    def _RunResumeStatus(self, name: str, project: str = "", **given: Any) -> dict[str, Any]:
        return {"model": {"id": "p", "name": project, "entity": {"id": "1", "name": ENTITY}, "bucket": None}}

    def _UpsertBucket(self, **given: Any) -> dict[str, Any]:
        name = given.get("name") or given.get("id", "")
        self.runs.setdefault(name, {}).update(given)
        project = {"id": "p", "name": given.get("project") or "project", "entity": {"id": "1", "name": ENTITY}}
        names = {"id": name, "name": name, "displayName": given.get("displayName", name), "description": "", "config": "{}"}
        return {
            "upsertBucket": {"bucket": {**names, "sweepName": None, "project": project, "historyLineCount": 0}, "inserted": True}
        }

    def _CreateRunFiles(self, run: str, files: list[str], **given: Any) -> dict[str, Any]:
        places = [{"name": file, "uploadUrl": f"{self.url}/upload/{run}/{file}"} for file in files]
        return {"createRunFiles": {"runID": run, "uploadHeaders": [], "files": places}}

    def _ArtifactType(self, **given: Any) -> dict[str, Any]:
        return {"project": {"artifact": None}}

    def _FetchArtifactDigestAlgorithm(self, **given: Any) -> dict[str, Any]:
        return {"project": None}

    def _XXHashDigestsEnabled(self, **given: Any) -> dict[str, Any]:
        return {"entity": {"xxhashDigestsEnabled": False}}

    def _CreateArtifact(self, input: dict[str, Any], **given: Any) -> dict[str, Any]:
        run, name = input["runName"], input["artifactCollectionName"]
        found = [one for one in self.artifacts if (one.name, one.digest) == (name, input["digest"])]
        if not found:
            made = Artifact(f"A{len(self.artifacts)}", name, input["artifactTypeName"], input["digest"], run, input["clientID"])
            self.artifacts.append(made)
        one = (found or self.artifacts[-1:])[0]
        self.logged.append((run, one.id))
        state = "COMMITTED" if one.committed else "PENDING"
        sequence = {"id": f"S-{name}", "latestArtifact": None}
        return {"createArtifact": {"artifact": {"id": one.id, "state": state, "artifactSequence": sequence}}}

    def _CreateArtifactManifest(self, name: str, artifactID: str, **given: Any) -> dict[str, Any]:
        file = {"id": "F", "uploadUrl": f"{self.url}/upload/{artifactID}/{name}", "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": f"M-{artifactID}", "file": file}}}

    def _UpdateArtifactManifest(self, artifactManifestID: str, **given: Any) -> dict[str, Any]:
        url = f"{self.url}/upload/{artifactManifestID}/wandb_manifest.json"
        return {"updateArtifactManifest": {"artifactManifest": {"id": artifactManifestID, "file": {
            "id": "F", "uploadUrl": url, "uploadHeaders": []}}}}  # fmt: skip

    def _CreateArtifactFiles(self, input: dict[str, Any], **given: Any) -> dict[str, Any]:
        nodes = []
        for file in input["artifactFiles"]:
            one = self._artifact(file["artifactID"])
            one.files.append(file["name"])
            node = {
                "storagePath": f"s/{file['name']}",
                "uploadUrl": f"{self.url}/upload/{one.id}/{file['name']}",
                "uploadHeaders": [],
            }
            nodes.append({"node": {**node, "uploadMultipartUrls": None, "artifact": {"id": one.id}}})
        return {"createArtifactFiles": {"files": {"edges": nodes}}}

    def _CommitArtifact(self, artifactID: str, **given: Any) -> dict[str, Any]:
        self._artifact(artifactID).committed = True
        return {"commitArtifact": {"artifact": {"id": artifactID, "digest": self._artifact(artifactID).digest}}}

    def _UseArtifact(self, input: dict[str, Any], **given: Any) -> dict[str, Any]:
        self.used.append((input["runName"], input["artifactID"]))
        return {"useArtifact": {"artifact": {"id": input["artifactID"]}}}

    def _ClientIDMapping(self, clientID: str, **given: Any) -> dict[str, Any]:
        found = [one.id for one in self.artifacts if one.client == clientID]
        return {"clientIDMapping": {"serverID": found[0]} if found else None}

    def _artifact(self, name: str) -> Artifact:
        return next(one for one in self.artifacts if one.id == name)


class Handler(BaseHTTPRequestHandler):
    """HTTP in front of a Service."""

    protocol_version = "HTTP/1.1"

    def __init__(self, service: Service, *args: Any) -> None:
        self.service = service
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._send({})

    def do_PUT(self) -> None:
        with self.service.lock:
            self.service.uploads[self.path.removeprefix("/upload/")] = self._body()
        self._send({})

    def do_POST(self) -> None:
        told = json.loads(self._body() or b"{}")
        with self.service.lock:
            if self.path.startswith("/graphql"):
                query = told["query"]
                words = query.replace("(", " ").replace("{", " ").split()
                answer = self.service.answer(words[1], query, told.get("variables") or {})
                return self._send({"data": answer})
            if "file_stream" in self.path:
                self.service.stream(self.path.split("/")[-2], told)
        return self._send({"limits": {}})

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            found = b"".join(self._chunks())
        else:
            found = self.rfile.read(int(self.headers.get("content-length") or 0))
        return gzip.decompress(found) if self.headers.get("content-encoding") == "gzip" else found

    def _chunks(self) -> Iterator[bytes]:
        while length := int(self.rfile.readline().strip() or b"0", 16):
            yield self.rfile.read(length)
            self.rfile.readline()
        self.rfile.readline()

    def _send(self, answer: dict[str, Any]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def stand_in() -> Iterator[Service]:
    """A running service on a free port."""
    service = Service()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, service))
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
