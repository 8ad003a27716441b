from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gemma_audio.config.allocator import expand_segments

COMMAND = """
import os, sys
from gemma_audio.cli.main import main
try:
    main(["gemma-audio", "--help"])
except SystemExit:
    pass
print(os.environ["PYTORCH_ALLOC_CONF"], "torch" in sys.modules)
"""


def test_the_command_sets_the_allocator_before_torch_is_imported() -> None:
    env = {name: value for name, value in os.environ.items() if "ALLOC_CONF" not in name}
    shown = subprocess.run([sys.executable, "-c", COMMAND], env=env, capture_output=True, text=True, check=True)
    assert shown.stdout.endswith("\nexpandable_segments:True False\n")


@pytest.mark.parametrize("name", ["PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_HIP_ALLOC_CONF"])
def test_the_users_own_setting_wins(name: str) -> None:
    env = {name: "max_split_size_mb:128"}
    expand_segments(env)
    assert env == {name: "max_split_size_mb:128"}
