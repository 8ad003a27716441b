"""Logins and devices that are asked for and not there, on machines that the test makes up."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_audio.cli.accelerator import gpu_problems
from gemma_audio.cli.credentials import credential_problems
from gemma_audio.config import load_config

COMMIT = "0123456789" * 4
E4B = ("model=gemma4_e4b", f"model.revision={COMMIT}")
ONLINE = "tracker.wandb.mode=online"


def places(env: dict[str, str], home: Path, *overrides: str) -> list[str]:
    return [p.place for p in credential_problems(load_config(*overrides), {"HOME": str(home), "HF_HOME": str(home), **env})]


def test_weights_and_biases_online_needs_a_login(tmp_path: Path) -> None:
    assert places({}, tmp_path, ONLINE) == ["tracker.wandb.mode"]
    assert places({"WANDB_API_KEY": "x"}, tmp_path, ONLINE) == []
    assert places({}, tmp_path) == places({}, tmp_path, "tracker.wandb.mode=offline") == []
    assert places({}, tmp_path, "tracker=[csv]") == []


def test_a_netrc_counts_for_its_host_alone(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine api.wandb.ai login user password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    assert places({}, tmp_path, ONLINE) == []
    assert places({"WANDB_BASE_URL": "https://wandb.example.org"}, tmp_path, ONLINE) == ["tracker.wandb.mode"]
    (tmp_path / "broken").write_text("machine")
    assert places({"NETRC": str(tmp_path / "broken")}, tmp_path, ONLINE) == ["tracker.wandb.mode"]


def test_a_gated_model_needs_a_login_or_a_cached_copy(tmp_path: Path) -> None:
    assert places({}, tmp_path, *E4B) == ["model.source"]
    assert places({"HF_TOKEN": "x"}, tmp_path, *E4B) == []
    (tmp_path / "token").write_text("x\n")
    assert places({}, tmp_path, *E4B) == []
    (tmp_path / "token").write_text("\n")
    assert places({}, tmp_path, *E4B) == ["model.source"]
    assert places({}, tmp_path, *E4B, "model.source=someone/open-model") == []


def test_offline_the_model_must_be_in_the_cache_at_that_commit(tmp_path: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_TOKEN": "x"}
    assert places(offline, tmp_path, *E4B) == ["model.source"]
    folder = tmp_path / "hub/models--google--gemma-4-E4B-it/snapshots" / COMMIT
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    assert places(offline, tmp_path, *E4B) == ["model.source"]
    (folder / "model.safetensors").write_text("")
    assert places(offline, tmp_path, *E4B) == places({}, tmp_path, *E4B) == []
    assert places(offline, tmp_path, *E4B, f"model.revision={'f' * 40}") == ["model.source"]


@pytest.mark.parametrize(
    ("env", "torch", "devices", "said"),
    [
        ({"PATH": ""}, "2.11.0", (), "no GPU is visible"),
        ({"PATH": ""}, "2.11.0", ("nvidia0",), ""),
        ({"PATH": ""}, "2.11.0+cpu", ("nvidia0",), "is a build for CPUs"),
        ({"PATH": "", "CUDA_VISIBLE_DEVICES": "-1"}, "2.11.0", ("nvidia0",), "hides every GPU"),
        ({"PATH": "", "CUDA_VISIBLE_DEVICES": "0"}, "2.11.0", ("nvidia0",), ""),
        ({"PATH": ""}, "2.11.0", ("kfd",), ""),
    ],
)
def test_a_gpu_that_cannot_be_there(env: dict[str, str], torch: str, devices: tuple[str, ...], said: str, tmp_path: Path) -> None:
    for name in devices:
        (tmp_path / name).write_text("")
    found = gpu_problems(tmp_path, env, torch, "linux")
    assert [said in p.message for p in found] == ([True] if said else [])
    assert gpu_problems(tmp_path / "nothing", {"PATH": ""}, "2.11.0", "darwin") == []
