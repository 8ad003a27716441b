from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gemma_audio.config.kinds import Reuse
from gemma_audio.errors import StoreError
from gemma_audio.sweep import plan
from gemma_audio.sweep.fingerprint import Identity, Ref
from gemma_audio.sweep.seal import damage
from gemma_audio.sweep.store import Store

IDENTITY = Identity("stage", {"steps": 3}, Ref("a" * 12, "b" * 12), {"training/loss.py": "1"})
EDITED = Identity("stage", {"steps": 3}, Ref("c" * 12, "b" * 12), {"training/loss.py": "2"})


class Builder:
    """Writes a few files, and counts how often it is asked to."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, into: Path) -> None:
        self.calls += 1
        (into / "weights").mkdir(exist_ok=True)
        (into / "weights" / "delta.safetensors").write_bytes(os.urandom(5000))
        (into / "metrics.csv").write_text("step,loss\n1,2\n")
        (into / "checkpoints").mkdir(exist_ok=True)
        (into / "checkpoints" / "step-1").write_text("not needed once it is sealed")


@pytest.fixture
def build() -> Builder:
    return Builder()


def store(root: Path, said: list[str] | None = None, reuse: Reuse = Reuse.missing, since: float = 0.0) -> Store:
    return Store(root, reuse, since, (said if said is not None else []).append)


def test_work_is_done_once(tmp_path: Path, build: Builder) -> None:
    first = store(tmp_path).get_or_build(IDENTITY, build)
    second = store(tmp_path).get_or_build(IDENTITY, build)
    assert (first.reused, second.reused, build.calls) == (False, True, 1)
    assert first.path == second.path == tmp_path / f"stage-{IDENTITY.ref.fingerprint}"


def test_a_sealed_folder_holds_its_identity_and_no_checkpoints(tmp_path: Path, build: Builder) -> None:
    path = store(tmp_path).get_or_build(IDENTITY, build).path
    record = json.loads((path / "identity.json").read_text())
    assert record["identity"] == IDENTITY.document()
    assert record["fingerprint"] == IDENTITY.ref.fingerprint
    assert not (path / "checkpoints").exists()
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="coreutils' sha256sum is the oracle here")
def test_the_manifest_agrees_with_sha256sum(tmp_path: Path, build: Builder) -> None:
    path = store(tmp_path).get_or_build(IDENTITY, build).path
    files = json.loads((path / "manifest.json").read_text())["files"]
    assert set(files) == {"identity.json", "metrics.csv", "weights/delta.safetensors"}
    lines = "".join(f"{entry['sha256']}  {name}\n" for name, entry in files.items())
    subprocess.run(["sha256sum", "--check", "--strict"], input=lines, text=True, cwd=path, check=True, capture_output=True)
    assert {name: (path / name).stat().st_size for name in files} == {name: entry["bytes"] for name, entry in files.items()}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a flipped bit": lambda folder: flip(folder / "weights" / "delta.safetensors"),
    "a truncated file": lambda folder: (folder / "weights" / "delta.safetensors").write_bytes(b"x"),
    "a longer file": lambda folder: (folder / "metrics.csv").write_text("step,loss\n1,2\n3,4\n"),
    "a lost file": lambda folder: (folder / "metrics.csv").unlink(),
    "an edited identity": lambda folder: (folder / "identity.json").write_text("{}"),
    "a broken manifest": lambda folder: (folder / "manifest.json").write_text('{"files": '),
    "an empty manifest": lambda folder: (folder / "manifest.json").write_text(""),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_seen_said_and_mended_and_the_damaged_copy_kept(kind: str, tmp_path: Path, build: Builder) -> None:
    path, said = store(tmp_path).get_or_build(IDENTITY, build).path, list[str]()
    DAMAGES[kind](path)
    again = store(tmp_path, said).get_or_build(IDENTITY, build)
    assert (again.reused, build.calls) == (False, 2)
    assert "DAMAGED" in said[0]
    assert path.name in said[0]
    assert damage(again.path) == []
    assert (tmp_path / f"{path.name}.damaged").is_dir()
    assert store(tmp_path).get_or_build(IDENTITY, build).reused


def test_damage_is_not_mended_where_nothing_may_be_made(tmp_path: Path, build: Builder) -> None:
    flip(store(tmp_path).get_or_build(IDENTITY, build).path / "metrics.csv")
    with pytest.raises(StoreError, match="reuse=only"):
        store(tmp_path, reuse=Reuse.only).get_or_build(IDENTITY, build)


def test_a_failed_build_leaves_its_folder_and_the_next_one_goes_on_in_it(tmp_path: Path, build: Builder) -> None:
    def fail(into: Path) -> None:
        (into / "checkpoints").mkdir()
        (into / "checkpoints" / "step-50").write_text("half")
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        store(tmp_path).get_or_build(IDENTITY, fail)
    assert store(tmp_path).find(IDENTITY) is None
    said, seen = list[str](), list[str]()

    def resume(into: Path) -> None:
        seen.append((into / "checkpoints" / "step-50").read_text())
        build(into)

    assert not store(tmp_path, said).get_or_build(IDENTITY, resume).reused
    assert seen == ["half"]
    assert "resuming" in said[0]


KILLED = """
import os, signal, sys
from pathlib import Path
from gemma_audio.sweep import seal, store
from gemma_audio.sweep.fingerprint import Identity, Ref
identity = Identity("stage", {"steps": 3}, Ref("a" * 12, "b" * 12), {"training/loss.py": "1"})
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
def build(into):
    (into / "metrics.csv").write_text("step,loss\\n1,2\\n")
    if sys.argv[2] == "build": die()
if sys.argv[2] == "rename": store.rename = die
store.Store(Path(sys.argv[1])).get_or_build(identity, build)
"""


@pytest.mark.parametrize(("moment", "builds"), [("build", 1), ("rename", 0)])
def test_a_kill_loses_nothing_and_leaves_no_lock(moment: str, builds: int, tmp_path: Path, build: Builder) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), moment], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert store(tmp_path).find(IDENTITY) is None
    stored = store(tmp_path).get_or_build(IDENTITY, build)
    assert (stored.reused, build.calls) == (False, builds), "what was whole when the process died is not made again"
    assert damage(stored.path) == []


def sealed_but_not_named(root: Path, build: Builder, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that a power loss between the seal and the rename leaves."""
    with monkeypatch.context() as patch:
        patch.setattr("gemma_audio.sweep.store.rename", lambda *_: (_ for _ in ()).throw(SystemExit()))
        with pytest.raises(SystemExit):
            store(root).get_or_build(IDENTITY, build)
    return root / f"{IDENTITY.name}.partial"


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_folder_damaged_between_seal_and_rename_is_finished_again(
    kind: str, tmp_path: Path, build: Builder, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial, said, left = sealed_but_not_named(tmp_path, build, monkeypatch), list[str](), set[str]()
    before = {path.relative_to(partial): path.read_bytes() for path in partial.rglob("*") if path.is_file()}
    DAMAGES[kind](partial)

    def resume(into: Path) -> None:
        left.update(str(name) for name in before if (into / name).exists())
        kept = [name for name in before if str(name) in left - {"identity.json"}]
        assert all((into / name).read_bytes() == before[name] for name in kept), "what is damaged must not be built on"
        build(into)

    path = store(tmp_path, said).get_or_build(IDENTITY, resume).path
    assert "manifest.json" not in left
    assert {"identity.json", "checkpoints/step-1"} <= left
    assert "DAMAGED" in said[0]
    assert damage(path) == []
    assert json.loads((path / "identity.json").read_text())["fingerprint"] == IDENTITY.ref.fingerprint


SLOW = """
import sys, time
from pathlib import Path
from gemma_audio.sweep.store import Store
from gemma_audio.sweep.fingerprint import Identity, Ref
identity = Identity("stage", {"steps": 3}, Ref("a" * 12, "b" * 12), {"training/loss.py": "1"})
def build(into):
    time.sleep(0.5)
    (into / "x").write_text("x")
print(Store(Path(sys.argv[1]), say=lambda line: None).get_or_build(identity, build).reused)
"""


def test_processes_that_want_the_same_work_share_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert sorted(process.communicate()[0].strip() for process in running) == ["False", "True", "True", "True"]


def test_only_refuses_to_make_anything(tmp_path: Path, build: Builder) -> None:
    with pytest.raises(StoreError, match="reuse=missing"):
        store(tmp_path, reuse=Reuse.only).get_or_build(IDENTITY, build)
    assert build.calls == 0


def test_always_overlooks_code_and_nothing_else(tmp_path: Path, build: Builder) -> None:
    made = store(tmp_path).get_or_build(IDENTITY, build)
    assert store(tmp_path).find(EDITED) is None
    found = store(tmp_path, reuse=Reuse.always).get_or_build(EDITED, build)
    assert found.path == made.path
    assert found.ref == IDENTITY.ref, "what builds on it must refer to the weights that are really used"
    other = Identity("stage", {"steps": 4}, EDITED.parent, EDITED.code)
    assert store(tmp_path, reuse=Reuse.always).find(other) is None


def test_never_makes_anew_once_per_command(tmp_path: Path, build: Builder) -> None:
    old = store(tmp_path).get_or_build(IDENTITY, build)
    before = (old.path / "weights" / "delta.safetensors").read_bytes()
    time.sleep(0.05)
    since = time.time()
    time.sleep(0.05)
    fresh = [store(tmp_path, reuse=Reuse.never, since=since).get_or_build(IDENTITY, build) for _ in range(2)]
    assert [one.reused for one in fresh] == [False, True]
    assert build.calls == 2
    assert (fresh[0].path / "weights" / "delta.safetensors").read_bytes() != before
    assert sorted(path.name for path in tmp_path.iterdir()) == [".locks", IDENTITY.name]


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path, build: Builder) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="out=FOLDER"):
        store(tmp_path / "file" / "store").get_or_build(IDENTITY, build)


def test_a_plan_names_the_code_of_the_same_link_before_another_link(tmp_path: Path) -> None:
    store = Store(tmp_path, say=lambda line: None)
    parents = [Ref.of({"model": name}) for name in ("one", "other")]
    here = Identity("eval", {"split": "test"}, parents[0], {"score.py": "a", "run.py": "a"})
    elsewhere = Identity("eval", {"split": "test"}, parents[1], {"score.py": "b", "run.py": "b"})
    for identity in (here, elsewhere):
        store.get_or_build(identity, lambda into: (into / "scores.csv").write_text("x"))
    wanted = Identity("eval", {"split": "test"}, parents[0], {"score.py": "b", "run.py": "b"})
    assert "code changed in run.py, score.py" in plan._reason(wanted, store)
