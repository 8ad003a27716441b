"""The shipped small model: the file is the one on its card, scores as the card says, and has the mechanisms it stands for."""

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from gemma_audio.config.compose import load_config
from gemma_audio.evaluation.run import evaluate
from gemma_audio.world import VERSION, build, tiny

CARD = json.loads(tiny.CARD.read_text())
POINT = 0.01


def test_file_is_the_one_on_the_card() -> None:
    assert tiny.weights_sha256() == CARD["sha256"]
    assert CARD["world_version"] == VERSION, "the world has changed since; see cli/ship.py"


def test_weights_stay_small() -> None:
    assert sum(path.stat().st_size for path in tiny.FOLDER.iterdir()) <= 12e6


def test_recorded_accuracy_is_what_it_scores(tmp_path: Path) -> None:
    config = load_config("data.clips=0", "data.dev_questions=0", "recipe=base")
    build(config.data, tmp_path / "data")
    work = {"data_folder": tmp_path / "data", "trainer": config.trainer, "chain": (), "into": tmp_path / "eval"}
    accuracy = evaluate(config.evaluation, model=config.model, **work)["accuracy"]
    assert accuracy["official"] == pytest.approx(CARD["accuracy"]["official"], abs=POINT)
    for name, recorded in CARD["accuracy"]["subcategories"].items():
        one_question = 1 / recorded["n"]
        assert accuracy["subcategories"][name]["official"] == pytest.approx(recorded["official"], abs=one_question + 1e-9)


def test_base_is_believable() -> None:
    """Clearly above chance over most subcategories, not saturated, near chance on some: room to help and to damage."""
    accuracy = CARD["accuracy"]
    assert 0.50 <= accuracy["official"] <= 0.75
    scores = [entry["official"] for entry in accuracy["subcategories"].values()]
    assert sum(score > 0.45 for score in scores) > len(scores) / 2
    assert sum(score < 0.45 for score in scores) >= 2


def test_every_mechanism_of_e4b_is_there() -> None:
    config = json.loads((tiny.FOLDER / "config.json").read_text())
    text = config["text_config"]
    assert set(text["layer_types"]) == {"sliding_attention", "full_attention"}
    assert text["num_kv_shared_layers"] == 2
    assert text["hidden_size_per_layer_input"] > 0
    assert text["final_logit_softcapping"] == 30.0
    with safe_open(tiny.FOLDER / "model.safetensors", "np") as weights:
        names = set(weights.keys())
    assert any(".audio_tower.layers.2." in name for name in names)
    assert not any("vision" in name for name in names)
