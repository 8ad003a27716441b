from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from gemma_audio.cli import main as main_module
from gemma_audio.cli.main import main
from gemma_audio.config import CONF

ENTRY = "import sys; from gemma_audio.cli.main import main; sys.exit(main(['gemma-audio', *sys.argv[1:]]))"


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["gemma-audio", *words]) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["recipe=v9"], ["recipe: unknown option 'v9'", "allowed: base, "]),
        (["stage@recipe.stages.adapter=adapter_tun"], ["stage: unknown option 'adapter_tun'", "Did you mean 'adapter_tune'?"]),
        (["recipe.stages.adaptr.steps=3"], ["unknown key 'adaptr'; known in recipe.stages: adapter", "Did you mean 'adapter'?"]),
        (["recipe.stages.adapter.step=3"], ["unknown key 'step'", "Did you mean 'steps'?"]),
        (["recipe=v3", "recipe.stages.encoder.steps=3"], ["unknown key 'encoder'; known in recipe.stages: adapter"]),
        (["seeds=3"], ["unknown key 'seeds'", "Did you mean 'seed'?"]),
        (["recipe.stages.adapter.steps=abc"], ["recipe.stages.adapter.steps: Value 'abc'", "Integer"]),
        (["recipe.stages.adapter.objective=qaa"], ["recipe.stages.adapter.objective", "caption, qa, attributes, alignment"]),
        (["recipe=v2,v3"], ["recipe=v2,v3", "--multirun"]),
        (["sweep=v2_v3"], ["without -m", "gemma-audio -m sweep=v2_v3"]),
        (["-m", "sweep=v2_v3", "recipe=base,v2"], ["sweep.treatment: 'v3' is not an arm", "arms: base, v2"]),
        (["-m", "recipe=v2,v9"], ["unknown option 'v9'"]),
        (["hydra/launcher=joblib"], ["hydra/launcher: 'joblib'", "engine.parallel=N"]),
        (["hydra.run.dir=x"], ["hydra.run.dir", "out=FOLDER"]),
        (["evaluation=mmau_test_mini"], ["evaluation.file", "evaluation.audio_dir"]),
        (
            ["recipe.stages.adapter.trains=[ear]", "recipe.stages.adapter.micro_batch_size=7"],
            ["2 problems", "'ear'", "7 does not"],
        ),
    ],
)
def test_a_command_that_cannot_be_run_is_refused_with_the_remedy(
    words: list[str], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refused(capsys, *words, f"out={tmp_path / 'out'}")
    assert not [text for text in said if text not in error], error
    assert list(tmp_path.iterdir()) == [], "a refused command leaves nothing behind"


def run(*words: str, code: str = ENTRY, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", **more}
    return subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, env=environment, check=False)


def test_help_has_five_examples_and_every_group() -> None:
    done = run("--help")
    assert done.returncode == 0
    examples = [line for line in done.stdout.splitlines() if line.startswith("  gemma-audio ")]
    assert len(examples) == 5
    assert any("-m sweep=v2_v3" in line for line in examples)
    listed = {line.split(":")[0]: line for line in done.stdout.splitlines() if ": " in line}
    for path in CONF.glob("*/*.yaml"):
        assert path.stem in listed[path.parent.name]


def test_help_and_completion_import_nothing_heavy() -> None:
    code = "import atexit, sys\nheavy = {'torch', 'pandas', 'transformers', 'lightning', 'scipy', 'matplotlib', 'numpy'}\n"
    code += "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n" + ENTRY
    assert "HEAVY []" in run("--help", code=code).stdout
    assert "HEAVY []" in run("-sc", "query=bash", code=code, COMP_LINE="gemma-audio rec", COMP_POINT="15").stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("recipe=", {"recipe=base", "recipe=v2", "recipe=v3"}),
        ("sweep=", {"sweep=smoke", "sweep=v2_v3"}),
        ("recipe.stages.adapter.st", {"recipe.stages.adapter.steps="}),
    ],
)
def test_completion_offers_options_and_keys(typed: str, offered: set[str]) -> None:
    line = f"gemma-audio {typed}"
    done = run("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line)))
    assert offered <= set(done.stdout.split())


def test_bash_completion_installs_for_the_console_script(tmp_path: Path) -> None:
    script = tmp_path / "gemma-audio"
    script.write_text(f"#!{sys.executable}\n{ENTRY.replace(', *sys.argv[1:]', ', *sys.argv[1:]')}\n")
    script.chmod(0o755)
    line = 'eval "$(gemma-audio -sc install=bash)" && complete -p gemma-audio'
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "hydra_bash_completion" in done.stdout


def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "gemma_audio", "--cfg", "job", "-p", "recipe"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "adapter_tune" in done.stdout


def test_hydras_own_traceback_is_shown_to_whoever_asks_for_it() -> None:
    done = run("recipe=v9", HYDRA_FULL_ERROR="1")
    assert done.returncode == 1
    assert "MissingConfigException" in done.stderr


def test_the_environment_is_left_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ), list(sys.argv)
    refused(capsys, "recipe=v9")
    assert (dict(os.environ), list(sys.argv)) == before


def test_a_configs_values_are_printed() -> None:
    done = run("--cfg", "job", "recipe=v2", "seed=4")
    assert done.returncode == 0
    assert "seed: 4" in done.stdout
    assert json.dumps("encoder_retrain").strip('"') in done.stdout


@pytest.mark.parametrize(
    ("benchmark", "code"),
    [({}, 0), ({"missing": ["a"]}, 3), ({"failed": [{"id": "a", "reason": "bad audio"}]}, 3), ({"rejected": [{"row": 1}]}, 3)],
)
def test_questions_that_could_not_be_heard_show_in_the_exit_code(benchmark: dict, code: int, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps({"benchmark": {"missing": [], "failed": [], "rejected": []} | benchmark}))
    runner = SimpleNamespace(cells=[SimpleNamespace(folder=tmp_path)])
    assert main_module._exit_code(runner) == code
