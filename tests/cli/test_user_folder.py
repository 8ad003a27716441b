"""--config-dir: a folder of one's own fragments beside the package's."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemma_audio.cli.collect import collect
from gemma_audio.cli.main import main

RECIPE = "defaults: [{/stage@stages.adapter: adapter_tune}, _self_]\nname: mine\nstages: {adapter: {steps: 7}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "my, 'own' folder"
    (made / "recipe").mkdir(parents=True)
    (made / "recipe" / "mine.yaml").write_text(RECIPE)
    return made


def steps(*words: str) -> list[int]:
    return [job.node.recipe.stages.adapter.steps for job in collect(["gemma-audio", *words]).jobs]


def test_its_fragments_are_found_whatever_the_order_of_the_words(folder: Path) -> None:
    assert steps("--config-dir", folder.name, "recipe=mine") == [7]
    assert steps("recipe=mine", f"--config-dir={folder}", "seed=3") == [7]
    assert steps("recipe=v3,mine", "--config-dir", str(folder), "-m", "recipe.stages.adapter.optim.lr=0.1") == [200, 7]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["gemma-audio", *words]) == 2
    error = capsys.readouterr().err
    assert "Traceback" not in error
    return error


def test_a_folder_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "--config-dir: there is no folder '" in refused(capsys, "--config-dir", "nowhere", "recipe=mine")


def test_files_that_would_never_be_read_are_named_together(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "recipe" / "v3.yaml").write_text(RECIPE)
    (folder / "recipe" / "other.yml").write_text(RECIPE)
    error = refused(capsys, "--config-dir", folder.name, "recipe=mine")
    assert "2 problems" in error
    assert "recipe/v3.yaml would not be read: the package has a fragment of that name" in error
    assert "Rename it recipe/other.yaml" in error


def test_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "holds no YAML file" in refused(capsys, "--config-dir", str(tmp_path))


def test_all_problems_are_found_beside_a_folder_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = refused(capsys, "--config-dir", folder.name, "recipe=mine", "seeds=3", "recipe.stages.adapter.stepz=4")
    assert "unknown key 'seeds'" in error
    assert "Did you mean 'steps'?" in error
    assert "Did you mean 'mine'?" in refused(capsys, "--config-dir", folder.name, "recipe=mina")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RECIPE.replace("steps", "stepz"), "recipe/mine.yaml: unknown key 'stepz' (recipe.stages.adapter.stepz)"),
        (RECIPE.replace("7", "many"), "recipe/mine.yaml: Value 'many'"),
        ("name: [unclosed\n", "a fragment is no YAML"),
        (RECIPE.replace("adapter_tune", "adapter_tun"), "Did you mean 'adapter_tune'?"),
    ],
)
def test_a_mistake_in_a_fragment_names_it(text: str, said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "recipe" / "mine.yaml").write_text(text)
    assert said in refused(capsys, "--config-dir", folder.name, "recipe=mine")


def test_completion_offers_its_fragments(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = f"gemma-audio --config-dir '{folder.parent}/plain' recipe="
    folder.rename(folder.parent / "plain")
    monkeypatch.setenv("COMP_LINE", line)
    monkeypatch.setenv("COMP_POINT", str(len(line)))
    assert main(["gemma-audio", "-sc", "query=bash"]) == 0
    assert "recipe=mine" in capsys.readouterr().out.split()
