"""Turns a finished `gemma-audio experiment=pretrain_tiny` run into the weights and the card that the package ships.

`python -m gemma_audio.cli.ship outputs/runs/DATE/TIME-pretrain_tiny-seed0` writes world/tiny/ and world/tiny_card.json.
"""

from __future__ import annotations

import json
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gemma_audio.config.compose import load_config
from gemma_audio.models.load import load
from gemma_audio.world import VERSION, tiny

EXPERIMENT = "experiment=pretrain_tiny"


def ship(run: Path) -> dict[str, Any]:
    """Write weights and card from the run folder `run`, whose store lies three folders up; return the card."""
    result = json.loads((run / "result.json").read_text())
    store = run.parents[2] / "store"
    chain = [store / f"{stage['name']}-{stage['fingerprint']}" for stage in result["stages"]]
    model, processor = load(load_config(EXPERIMENT).model, chain)
    tiny.save(model, processor, tiny.FOLDER)
    card = _card(result)
    tiny.CARD.write_text(json.dumps(card, indent=1) + "\n")
    return card


def _card(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": 1,
        "sha256": tiny.weights_sha256(),
        "made_by": f"gemma-audio {EXPERIMENT}",
        "world_version": VERSION,
        "stages": [{key: stage[key] for key in ("name", "steps", "seconds", "fingerprint")} for stage in result["stages"]],
        "versions": {name: version(name) for name in ("torch", "transformers", "numpy", "scipy")},
        "benchmark": "data=embedded evaluation=embedded, test split",
        "accuracy": _accuracy(),
    }


def _accuracy() -> dict[str, Any]:
    """Accuracy of the files just written on the default world's test questions."""
    from gemma_audio.evaluation.run import evaluate
    from gemma_audio.world import build

    config = load_config("data.clips=0", "data.dev_questions=0", "data.shift_questions=0", "model=tiny", "recipe=base")
    with tempfile.TemporaryDirectory() as scratch:
        data, into = Path(scratch, "data"), Path(scratch, "eval")
        build(config.data, data)
        found = evaluate(config.evaluation, model=config.model, data_folder=data, trainer=config.trainer, chain=(), into=into)
    return dict(found["accuracy"])


if __name__ == "__main__":
    print(json.dumps(ship(Path(sys.argv[1]).absolute()), indent=1))
