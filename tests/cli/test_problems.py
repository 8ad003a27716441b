"""Everything that is wrong with a command is shown at once, before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_audio.cli.main import main
from gemma_audio.cli.recover import blamed

STEPS = "recipe.stages.adapter.steps"
ENCODER = "recipe.stages.encoder"


def refusal(capsys: pytest.CaptureFixture[str], out: Path, *words: str) -> str:
    assert main(["gemma-audio", *words, f"out={out}"]) == 2
    assert not out.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "count", "said"),
    [
        (["data.clips=-1", "seed=abc"], 2, ["data.clips: -1 is below 1", "seed: Value 'abc'", "such as seed=3"]),
        (["sede=1", "trainer.acelerator=cpu"], 2, ["Did you mean 'seed'?", "Did you mean 'accelerator'?"]),
        (["model=foo", "seed=x", "plan=maybe"], 3, ["model: unknown option 'foo'", "seed: Value 'x'", "true or false"]),
        (["recipe=v99", "recipe.stages.foo.steps=3", "seed=x"], 2, ["unknown option 'v99'", "seed: Value 'x'"]),
        (["data.clips=[1,2", "recipe=v2,v3", "seed=x"], 3, ["'data.clips=[1,2' cannot be read", "(--multirun)", "seed: Value"]),
        (["recipe=3"], 1, ["recipe: unknown option '3'; allowed: base, "]),
        (["trainer.accelerator=tpu"], 1, ["unknown value 'tpu'; allowed: cpu, gpu, auto"]),
        (["recipe=v2", f"{ENCODER}.trains=projector"], 1, ["'projector' is not a list", f"{ENCODER}.trains=[projector]"]),
        (["recipe.stages.adapter.optim=1"], 1, ["'1' cannot stand for a group of values: lr", "optim.KEY=VALUE"]),
        (["recipe.stages.adapter.optim.lr=high"], 1, ["a number, such as recipe.stages.adapter.optim.lr=0.001"]),
        (["recipe=v2", "~stage@recipe.stages.foo"], 1, ["unknown stage 'foo'; known in recipe.stages: encoder, adapter"]),
        (["recipe=v2", "~stage@recipe.stages.adaptr"], 1, ["Did you mean 'adapter'?"]),
        (["~sede", "seed=x"], 2, ["unknown key 'sede'", "seed: Value"]),
        (
            ["-m", "sweep=v2_v3", f"{STEPS}=50"],
            1,
            [
                "'adapter'; known in recipe.stages: none (recipe 'base')",
                "in 5 of 20 cells: seed=0 recipe=base",
                "recipe=v2,v2_tuned,v3",
            ],
        ),
        (["-m", "sweep=v2_v3", "seed=0,abc", "data.clips=-1"], 2, ["in 4 of 8 cells: seed=abc recipe=base", "data.clips: -1"]),
        (["-m", "sweep=v2_v4", "seed=x"], 2, ["Did you mean 'v2_v3'?", "seed: Value 'x'"]),
        (["-m", "recipe=v2,v9", "data.clips=-1"], 2, ["unknown option 'v9'", "in 1 of 2 cells: recipe=v9", "data.clips"]),
        (["-m", "sweep=v2_v3", "recipe=v2"], 1, ["'v2' is the only one", "at least two", "recipe=base,v2,v2_tuned,v3"]),
        (["-m", "sweep=v2_v3", "recipe=base,v2"], 1, ["sweep.treatment=base"]),
    ],
)
def test_all_problems_are_shown_with_their_remedies(
    words: list[str], count: int, said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refusal(capsys, tmp_path / "out", *words)
    assert not [text for text in said if text not in error], error
    assert error.startswith(f"gemma-audio: {count} problem"), error


def test_an_error_that_blames_no_override_is_shown_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Interpolation key 'nope' not found" in refusal(capsys, tmp_path / "out", "seed=${nope}")
    assert "INTERVAL_SWEEP" in refusal(capsys, tmp_path / "out", "-m", "seed=interval(0,1)")
    assert blamed(RuntimeError("no idea"), ["seed=1"]) is None


@pytest.mark.parametrize(("content", "said"), [("", "is empty"), ("{}", "not a list"), ("[1, 2]", "none is a usable question")])
def test_an_unusable_benchmark_is_refused_before_training_with_all_else(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.json"
    file.write_text(content)
    words = ["evaluation=mmau_test_mini", f"evaluation.file={file}", f"evaluation.audio_dir={tmp_path}", "data.clips=-1"]
    error = refusal(capsys, tmp_path / "out", *words)
    assert f"evaluation.file: '{file}'" in error or f"evaluation.file: {file}" in error
    assert said in error
    assert "data.clips" in error


def test_a_gpu_that_is_not_there_is_said_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    error = refusal(capsys, tmp_path / "out", "trainer=gpu", "data.clips=-1")
    assert "trainer.accelerator: gpu, but CUDA_VISIBLE_DEVICES='' hides every GPU\n    trainer=cpu" in error
    assert "data.clips" in error


def test_a_plan_for_a_gpu_needs_none(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert main(["gemma-audio", "trainer=gpu", "plan=true", f"out={tmp_path / 'out'}"]) == 0
    assert "1 stage to train" in capsys.readouterr().out
