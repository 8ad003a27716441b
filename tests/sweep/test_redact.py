from __future__ import annotations

from pathlib import Path

import pytest

from gemma_audio.sweep.provenance import command
from gemma_audio.sweep.redact import HIDDEN, redact, redact_file, redact_text

CANARY = "canary-0123456789abcdef"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", CANARY)
    monkeypatch.setenv("HARMLESS", "an ordinary value")


@pytest.mark.parametrize("key", ["api_key", "hf_token", "password", "client-secret", "WANDB_API_KEY", "auth", "service.token"])
def test_secret_keys_are_hidden_whatever_they_hold(key: str) -> None:
    assert redact({"a": {key: "x1"}}) == {"a": {key: HIDDEN}}


@pytest.mark.parametrize("key", ["max_new_tokens", "tokens_per_second", "keyboard", "monkey", "author", "by_source", "tokenizer"])
def test_ordinary_keys_are_kept(key: str) -> None:
    assert redact({key: "value"}) == {key: "value"}


def test_values_of_the_environment_are_hidden_anywhere() -> None:
    assert redact({"note": [f"see {CANARY}!"]}) == {"note": [f"see {HIDDEN}!"]}
    assert redact_text("an ordinary value") == "an ordinary value"


@pytest.mark.parametrize("token", ["hf_" + "A1b2" * 8, "wandb_v1_" + "a1B2" * 8, "ghp_" + "x9" * 18])
def test_tokens_are_known_by_their_shape(token: str) -> None:
    assert token not in redact_text(f"error: {token} was refused")


def test_revisions_are_no_secrets() -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    assert redact({"revision": revision, "commit": revision}) == {"revision": revision, "commit": revision}


def test_commands_are_kept_without_secrets_and_paths() -> None:
    assert command(["/opt/venv/bin/gemma-audio", "-m", "+tracker.wandb.api_key=abc", "seed=0"]) == [
        "gemma-audio",
        "-m",
        f"+tracker.wandb.api_key={HIDDEN}",
        "seed=0",
    ]


def test_files_are_rewritten_only_if_they_hold_a_secret(tmp_path: Path) -> None:
    clean, leaky = tmp_path / "clean.log", tmp_path / "leaky.log"
    clean.write_text("loss 0.5\n")
    leaky.write_text(f"loss 0.5\ntoken {CANARY}\n")
    before = clean.stat().st_ino, clean.stat().st_mtime_ns
    redact_file(clean)
    redact_file(leaky)
    assert (clean.stat().st_ino, clean.stat().st_mtime_ns) == before
    assert leaky.read_text() == f"loss 0.5\ntoken {HIDDEN}\n"
