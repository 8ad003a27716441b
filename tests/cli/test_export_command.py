"""A real run by the command line, exported, verified by a Python of its own, and offered to a Hub that is none."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from gemma_audio.cli.main import main as train
from gemma_audio.cli.model.main import app
from gemma_audio.errors import GemmaAudioError
from gemma_audio.models.export import questions
from gemma_audio.models.export.checksums import VERIFIED, damaged
from gemma_audio.models.export.push import Upload, check, push
from gemma_audio.models.export.verify import STOCK

TOKEN = {"HF_TOKEN": "hf_somebody"}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of v3 in the embedded world, three steps long."""
    out = tmp_path_factory.mktemp("run")
    words = ["experiment=smoke", "data.test_questions=1", "data.clips=16", "trainer.max_steps=3", "seed=4", "tracker=[csv]"]
    assert train(["gemma-audio", "recipe=v3", *words, f"out={out}"]) == 0
    (folder,) = out.glob("runs/*/*")
    return folder


@pytest.fixture(scope="session")
def exported(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "model"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(questions, "COUNT", 4)
        result = invoke("export", str(run), "--out", str(folder), "--evaluate")
    assert result.exit_code == 0, result.output
    assert "fixed questions answered alike" in result.output
    assert f"gemma-audio-model verify {folder}" in result.output
    return folder


def invoke(*words: str, **options: object) -> Result:
    return CliRunner().invoke(app, list(words), **options)


def refused(*words: str, **options: object) -> str:
    result = invoke(*words, **options)
    assert result.exit_code == 2, result.output
    return result.output + (result.stderr or "")


def test_export_verifies_in_a_python_of_its_own_with_the_script_that_it_carries(exported: Path) -> None:
    done = invoke("verify", str(exported))
    assert done.exit_code == 0, done.output
    assert [line.split()[0] for line in done.output.splitlines()[:-1]] == ["ok"] * 7
    assert "Gemma4ForConditionalGeneration" in done.output
    assert (exported / "verification" / "ask.py").read_bytes() == STOCK.read_bytes()
    imported = re.findall(r"^ *(?:import|from) (\w+)", STOCK.read_text(), re.M)
    assert "gemma_audio" not in imported


def test_exported_weights_are_those_that_the_run_evaluated(run: Path, exported: Path) -> None:
    from gemma_audio.cli.model.trained import read_run
    from gemma_audio.models.load import load

    trained = read_run(run, "", None, None)
    net, _ = load(trained.model, trained.chain)
    ours = load_file(exported / "model.safetensors")
    assert all(torch.equal(parameter, ours[name]) for name, parameter in net.named_parameters() if name in ours)
    summary = json.loads((exported / "evaluation" / "summary.json").read_text())
    result = json.loads((run / "result.json").read_text())
    assert summary["accuracy"] == result["accuracy"]


def test_card_reports_the_exported_files_and_names_the_seed(run: Path, exported: Path, tmp_path: Path) -> None:
    text = (exported / "README.md").read_text()
    assert "of these exported files, loaded again and evaluated by the same code; 0 of 23 answers differ" in text
    assert "Seed 4 is reported: the only one that was run" in text
    assert "No exported file was evaluated" not in text
    assert "`adapter/` holds the last stage's adapter" in text
    summary = json.loads((exported / "evaluation" / "summary.json").read_text())
    assert ModelCard(text).data.eval_results[0].metric_value == pytest.approx(summary["accuracy"]["official"], abs=5e-5)
    plain = invoke("card", str(run), "--out", str(tmp_path))
    assert plain.exit_code == 0
    assert "No exported file was evaluated" in (tmp_path / "README.md").read_text()


def test_provenance_names_base_stages_and_versions_but_no_place(run: Path, exported: Path) -> None:
    text = (exported / "provenance.json").read_text()
    found = json.loads(text)
    recorded = json.loads((run / "result.json").read_text())
    assert found["run"] == {"fingerprint": recorded["run"], "recipe": "v3", "seed": 4, "declared": "the only one that was run"}
    assert [stage["fingerprint"] for stage in found["stages"]] == [stage["fingerprint"] for stage in recorded["stages"]]
    assert found["stages"][0]["settings"]["adapter"]["rank"] == 32
    assert {"transformers", "peft", "torch"} <= found["versions"].keys()
    assert found["base"]["source"] == "embedded"
    assert "Apache-2.0" in (exported / "NOTICE.md").read_text()
    names = [path.name for path in exported.rglob("*")]
    assert "scores.csv" not in names  # it holds the benchmark's questions
    assert not any(str(run.parents[2]) in path.read_text(errors="replace") for path in exported.rglob("*.json"))


def test_what_exists_is_not_overwritten(run: Path, exported: Path, tmp_path: Path) -> None:
    assert "exists already" in refused("export", str(run), "--out", str(exported))
    partial = tmp_path / "new.partial"
    partial.mkdir()
    (partial / "thesis.tex").write_text("mine")
    assert "no unfinished export" in refused("export", str(run), "--out", str(tmp_path / "new"))
    assert (partial / "thesis.tex").exists()


def test_failed_export_leaves_nothing_behind(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(1, 1, 0))
    monkeypatch.setattr(questions, "COUNT", 1)
    said = refused("export", str(run), "--out", str(tmp_path / "new"))
    assert "free some space" in said
    assert "merging" not in said, "a full disk is told before the work"
    assert list(tmp_path.iterdir()) == []


def test_failed_evaluation_leaves_the_export_whole(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, into: Path, **__: object) -> None:
        into.mkdir()
        raise GemmaAudioError("no room for a single question")

    monkeypatch.setattr("gemma_audio.sweep.rooms.evaluate", broken)
    monkeypatch.setattr(questions, "COUNT", 1)
    out = tmp_path / "new"
    said = refused("export", str(run), "--out", str(out), "--evaluate")
    assert "no room for a single question" in said
    assert f"{out} is whole" in said
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert damaged(out) == []
    assert "These files were not evaluated" in (out / "README.md").read_text()


def test_what_was_mistyped_is_refused_before_the_work(run: Path, tmp_path: Path) -> None:
    out = ("--out", str(tmp_path / "new"))
    assert "'5XB' is no size" in refused("export", str(run), *out, "--shard-size", "5XB")
    said = refused("export", str(run), *out, "--seed", "7")
    assert "7 was asked for" in said
    assert "holds 4" in said
    assert "'base' was asked for" in refused("export", str(run), *out, "--arm", "base")
    assert "holds neither" not in refused("export", str(run / "result.json"), *out, "--seed", "7"), "a run prints that path"
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "exists already" in refused("export", str(run), "--out", str(tmp_path / "link"))
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.fixture
def moved(run: Path, tmp_path: Path) -> Path:
    """A copy of the run with its store, to be damaged."""
    out = Path(shutil.copytree(run.parents[2], tmp_path / "outputs"))
    return out / run.relative_to(run.parents[2])


def test_damaged_and_missing_stages_are_refused(moved: Path, tmp_path: Path) -> None:
    (stage,) = (moved.parents[2] / "store").glob("adapter_tune-*")
    adapter = stage / "weights" / "adapter" / "adapter_model.safetensors"
    adapter.write_bytes(adapter.read_bytes()[:-1])
    said = refused("export", str(moved), "--out", str(tmp_path / "new"))
    assert "is damaged: weights/adapter/adapter_model.safetensors" in said
    assert "type the run's command again" in said
    shutil.rmtree(stage)
    assert "not in the store" in refused("export", str(moved), "--out", str(tmp_path / "new"))
    assert "neither sweep.json nor result.json" in refused("export", str(tmp_path), "--out", str(tmp_path / "new"))


def test_another_base_than_the_runs_is_refused(moved: Path, tmp_path: Path) -> None:
    from gemma_audio.world.tiny import FOLDER

    base = Path(shutil.copytree(FOLDER, tmp_path / "base"))
    out = ("--out", str(tmp_path / "new"))
    assert "is not the base that the run was trained on" in refused("export", str(moved), *out, "--base", str(base))
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    assert "its header says" in refused("export", str(moved), *out, "--base", str(base))


def test_changed_export_fails_verification_with_code_1(exported: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "copy"))
    config = copy / "config.json"
    config.write_text(config.read_text().replace('"vocab_size": 1024', '"vocab_size": 1023'))
    result = invoke("verify", str(copy))
    assert result.exit_code == 1
    assert "FAILED checksums" in result.output
    assert "config.json has changed" in result.output
    assert "NOT verified" in result.output


class Hub:
    """huggingface_hub.HfApi as far as it is called; nothing leaves."""

    def __init__(self, fails: bool = False) -> None:
        self.calls: list[tuple[str, dict]] = []
        self.fails = fails

    def create_repo(self, repository: str, **options: object) -> None:
        self.calls.append(("repo", {"id": repository, **options}))

    def create_branch(self, repository: str, **options: object) -> None:
        self.calls.append(("branch", {"id": repository, **options}))

    def upload_folder(self, **options: object) -> str:
        if self.fails:
            raise RuntimeError("403 Forbidden\nbody")
        self.calls.append(("upload", options))
        return "https://hub/commit"


@pytest.fixture
def verified(exported: Path, tmp_path: Path) -> Path:
    """A verified copy, with something beside it that is no part of it."""
    from gemma_audio.models.export.checksums import MANIFEST, sha256

    copy = Path(shutil.copytree(exported, tmp_path / "verified"))
    (copy / VERIFIED).write_text(json.dumps({"checksums": sha256(copy / MANIFEST)}))
    (copy / ".secret").write_text("mine")
    return copy


def test_push_uploads_what_was_exported_and_nothing_else(verified: Path) -> None:
    upload, hub = Upload(verified, "somebody/model", private=True, revision="v1"), Hub()
    check(upload, TOKEN)
    assert push(upload, hub) == "https://hub/commit"
    assert [name for name, _ in hub.calls] == ["repo", "branch", "upload"]
    assert hub.calls[0][1]["private"] is True
    options = hub.calls[2][1]
    assert (options["repo_id"], options["revision"], options["folder_path"]) == ("somebody/model", "v1", str(verified))
    allowed = set(options["allow_patterns"])
    assert {"model.safetensors", "checksums.json", "README.md", "adapter/adapter_config.json"} <= allowed
    assert not allowed & {".secret", VERIFIED}


def test_push_refuses_what_is_unverified_changed_offline_or_nameless(verified: Path, exported: Path, tmp_path: Path) -> None:
    def said(folder: Path, repository: str = "a/b", env: dict[str, str] = TOKEN) -> str:
        with pytest.raises(Exception, match="nothing was uploaded") as caught:
            check(Upload(folder, repository), env)
        return str(caught.value)

    fresh = Path(shutil.copytree(exported, tmp_path / "fresh", ignore=shutil.ignore_patterns(VERIFIED)))
    assert f"gemma-audio-model verify {fresh}" in said(fresh)
    assert "hf auth login" in said(verified, env={"HF_HOME": str(tmp_path / "nobody")})
    assert "unset HF_HUB_OFFLINE" in said(verified, env={**TOKEN, "HF_HUB_OFFLINE": "1"})
    for name in ("model", "a/b/c", "/b", "a/"):
        assert "OWNER/NAME" in said(verified, name)
    (verified / "config.json").write_text("{}")
    assert "has changed since it was verified: config.json has changed" in said(verified)


def test_push_asks_first_and_a_dry_run_uploads_nothing(verified: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    monkeypatch.setattr("huggingface_hub.HfApi", lambda: hub)
    monkeypatch.setenv("HF_TOKEN", "hf_somebody")
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    words = ("push", str(verified), "somebody/model")
    dry = invoke(*words, "--dry-run")
    assert dry.exit_code == 0, dry.output
    assert "model.safetensors" in dry.output
    assert "nothing was uploaded" in dry.output
    assert invoke(*words, input="n\n").exit_code == 1
    assert not hub.calls
    assert "https://hub/commit" in invoke(*words, "--yes").output
    assert invoke(*words, input="y\n").exit_code == 0
    assert len(hub.calls) == 4
    hub.fails = True
    said = refused(*words, "--yes")
    assert "403 Forbidden" in said
    assert "token must be one that may write" in said


def test_help_and_its_commands_load_no_torch() -> None:
    code = """import sys
from typer.testing import CliRunner
from gemma_audio.cli.model.main import app
for words in (["--help"], *([name, "--help"] for name in ("card", "export", "verify", "push"))):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
assert not {"torch", "transformers", "peft"} & sys.modules.keys()"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
