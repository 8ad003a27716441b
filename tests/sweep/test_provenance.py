from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from gemma_audio.sweep import provenance


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_versions_are_those_of_the_libraries() -> None:
    found = provenance.versions()
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["python"] == platform.python_version()
    assert not any(platform.node() in value for value in found.values() if platform.node())


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_a_checkout_names_its_commit_and_whether_it_is_changed(tmp_path: Path) -> None:
    assert provenance._commit(tmp_path) == {}
    git(tmp_path, "init")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-m", "a")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert provenance._commit(tmp_path) == {"commit": commit, "changed": "no"}
    (tmp_path / "a").write_text("2")
    assert provenance._commit(tmp_path) == {"commit": commit, "changed": "yes"}
