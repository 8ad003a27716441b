"""Models that cannot be used: each is refused before any weight is read, with what to do."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from huggingface_hub import errors
from safetensors.torch import load_file, save_file
from transformers import Gemma4ForConditionalGeneration

from gemma_audio.config import load_config
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError, StoreError
from gemma_audio.models import delta, fetch, processor_files, versions, weight_files
from gemma_audio.models.checks import problems
from gemma_audio.models.load import fingerprint, load

INDEX = weight_files.INDEX


@pytest.fixture
def folder(base: Model, tmp_path: Path) -> Path:
    """A copy of the small model in several shards."""
    copy = tmp_path / "model"
    shutil.copytree(base.source, copy, ignore=shutil.ignore_patterns("*.safetensors"))
    Gemma4ForConditionalGeneration.from_pretrained(base.source, dtype=torch.float32).save_pretrained(copy, max_shard_size="2MB")
    assert len(list(copy.glob("*.safetensors"))) > 2
    return copy


def last_shard(folder: Path) -> Path:
    return sorted(folder.glob("*.safetensors"))[-1]


def cut(folder: Path) -> None:
    path = last_shard(folder)
    path.write_bytes(path.read_bytes()[:-100])


def lengthen(folder: Path) -> None:
    with last_shard(folder).open("ab") as file:
        file.write(b"\0")


def scramble(folder: Path) -> None:
    last_shard(folder).write_bytes(b"\x10\0\0\0\0\0\0\0not a header at all")


def drop_a_tensor(folder: Path) -> None:
    path = last_shard(folder)
    tensors = load_file(path)
    tensors.pop(sorted(tensors)[0])
    save_file(tensors, path)


def without_sound(folder: Path) -> None:
    settings = json.loads((folder / "processor_config.json").read_text())
    settings.pop("feature_extractor")
    (folder / "processor_config.json").write_text(json.dumps(settings))


def other_turns(folder: Path) -> None:
    path = folder / "chat_template.jinja"
    path.write_text(path.read_text().replace("<turn|>", "<end_of_turn>"))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: last_shard(f).unlink(), "one of"),
        (cut, "its header says"),
        (lengthen, "its header says"),
        (scramble, "is no safetensors file"),
        (drop_a_tensor, "1 tensors that model.safetensors.index.json lists are in no file"),
        (lambda f: (f / "chat_template.jinja").unlink(), "has no chat template"),
        (other_turns, "never writes <turn|>"),
        (lambda f: (f / "tokenizer.json").unlink(), "lacks tokenizer.json"),
        (lambda f: (f / "processor_config.json").unlink(), "lacks processor_config.json"),
        (without_sound, "has no feature extractor"),
        (lambda f: (f / "config.json").unlink(), "no config.json"),
    ],
)
def test_damage_is_found_before_anything_is_loaded(folder: Path, damage: Callable[[Path], Any], said: str) -> None:
    """By the checks of a command, and by loading itself."""
    assert [*weight_files.problems(folder), *processor_files.problems(folder)] == []
    damage(folder)
    found = problems(load_config("recipe=base", f"model.source={folder}"))
    assert [p.place for p in found if said in p.message] == ["model.source"]
    assert all(p.remedy for p in found)
    with pytest.raises(ConfigError) as caught:
        load(Model(name="damaged", source=str(folder)))
    assert said in str(caught.value)


def test_tensors_that_no_file_has_are_not_made_up(folder: Path) -> None:
    """transformers would start them from random numbers and only warn."""
    drop_a_tensor(folder)
    index = json.loads((folder / INDEX).read_text())
    held = {name for path in folder.glob("*.safetensors") for name in load_file(path)}
    index["weight_map"] = {name: file for name, file in index["weight_map"].items() if name in held}
    (folder / INDEX).write_text(json.dumps(index))
    assert list(weight_files.problems(folder)) == []
    with pytest.raises(ConfigError, match="1 tensors of the model are in none of its files"):
        load(Model(name="short", source=str(folder)))


class Answer:
    """As much of an answer of the Hub as its errors read."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.request = None


REFUSALS = [
    (errors.GatedRepoError("Access to model is restricted", response=Answer()), "asks for an accepted licence", "hf auth login"),
    (errors.RepositoryNotFoundError("404", response=Answer()), "is no repository of the Hub", "check the spelling"),
    (errors.RevisionNotFoundError("404", response=Answer()), "has no such revision", "commit, tag or branch"),
    (errors.LocalEntryNotFoundError("not found on disk"), "the Hub cannot be reached", "hf download"),
    (errors.OfflineModeIsEnabled("offline"), "HF_HUB_OFFLINE", "hf download"),
    (errors.HfHubHTTPError("500 Server Error", response=Answer()), "cannot be fetched", "hf download"),
    (fetch.TRANSPORT("connection reset"), "the Hub does not answer", "hf download"),
    (errors.HFValidationError("bad name"), "is no name of a repository", "check the spelling"),
    (OSError(28, "No space left on device"), "No space left on device", "hf download"),
]


@pytest.mark.parametrize(("error", "said", "remedy"), REFUSALS, ids=lambda value: type(value).__name__)
def test_what_the_hub_refuses_is_said_with_a_remedy(
    error: Exception, said: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr(fetch, "snapshot_download", refuse)
    with pytest.raises(ConfigError) as caught:
        load(Model(name="hub", source="google/gemma-4-E4B-it", revision="0" * 40))
    (problem,) = caught.value.problems
    assert said in problem.message
    assert remedy in problem.remedy
    assert "google/gemma-4-E4B-it" in problem.message


def test_what_is_fetched_from_the_hub_is_no_code(base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def download(source: str, **options: Any) -> str:
        asked.update(options, source=source)
        return base.source

    monkeypatch.setattr(fetch, "snapshot_download", download)
    net, _ = load(Model(name="hub", source="some/model", revision="abc"))
    assert (asked["source"], asked["revision"]) == ("some/model", "abc")
    assert not any(pattern.endswith((".py", ".bin", ".pt", "*")) for pattern in asked["allow_patterns"])
    assert next(net.parameters()).dtype == torch.float32


def stage(folder: Path, base: str | None) -> Path:
    delta.save({"model.embed_audio.embedding_projection.weight": torch.ones(128, 128)}, folder / "weights")
    (folder / "training.json").write_text(json.dumps({"steps": 1} | ({"base": base} if base else {})))
    return folder


def test_a_stage_of_another_base_is_refused(base: Model, folder: Path, tmp_path: Path) -> None:
    shards = Model(name="shards", source=str(folder))
    assert fingerprint(shards) == fingerprint(base)  # however its tensors lie in files
    trained = stage(tmp_path / "stage", fingerprint(base))
    load(base, [trained])
    load(shards, [trained])
    tuned = {name: tensor + (name.endswith("model.norm.weight")) for name, tensor in load_file(last_shard(folder)).items()}
    tuned[sorted(tuned)[0]] += 1
    save_file(tuned, last_shard(folder))
    with pytest.raises(StoreError, match="was trained on other base weights"):
        load(shards, [trained])
    load(shards, [stage(tmp_path / "old", None)])  # a record that does not say it


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("5.23.0", None), ("5.23.4", None), ("5.10.0", None), ("5.9.1", "placeholders"), ("5.5.1", "garbage"),
        ("5.24.0.dev0", "inverted"), ("5.5.2", "placeholders"),
    ],
)  # fmt: skip
def test_versions_that_compute_something_else_are_refused(version: str, said: str | None) -> None:
    found = versions.problems(version)
    assert [p.place for p in found] == ([] if said is None else ["transformers"])
    assert all(said in p.message and "5.23" in p.remedy for p in found if said)


def test_the_installed_version_is_right() -> None:
    assert versions.problems() == []
