"""What the tests of model cards share: sweeps made ready for a card, and cards written by the command."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gemma_audio.cli.model.main import app

HOSTILE = (
    "x](http://evil.example) <script>alert(1)</script> | `a` *b* \n---\nlicense: mit\n# Owned ![i](http://evil.example/i.png)"
)
EMBEDDED = {"source": "embedded", "revision": None, "weights": "pretrained", "dtype": "float32"}
E4B = {"source": "google/gemma-4-E4B-it", "revision": "0123abc", "weights": "pretrained", "dtype": "bfloat16"}
WORLD = {"name": "embedded", "kind": "embedded", "seed": 0, "clips": 2000}
STAGE = {
    "name": "adapter_tune", "objective": "qa", "trains": [], "mix": {"sources": []}, "steps": 5, "batch_size": 16,
    "micro_batch_size": 8, "seed": 0,
    "optim": {"lr": 0.002, "lr_by_part": {"adapter": 0.001}, "warmup_steps": 15, "min_lr_ratio": 0.1},
    "adapter": {"method": "dora", "rank": 32, "alpha": 64, "dropout": 0.05, "scope": {"language_model": r".*\.(gate|up)_proj"}},
    "prompts": {"by_source": {"clotho_aqa": ["Answer.\n{question}"], "*": [HOSTILE]}},
}  # fmt: skip


def configured(maker: Any, model: dict = EMBEDDED, data: dict = WORLD, benchmark: str = "embedded", **spec: Any) -> Any:
    evaluation = {"benchmark": benchmark, "split": "test", "method": "option_text"}
    maker.spec |= {"config": {"model": model, "data": data, "evaluation": evaluation}} | spec
    maker.save("sweep.json", maker.spec)
    return maker


def store(maker: Any, cell: str = "v3-seed0", stage: dict[str, Any] = STAGE, data: dict[str, Any] | None = None) -> str:
    """Seal the cell's stage beside the sweep; returns its fingerprint."""
    recorded = json.loads((maker.cell(cell) / "result.json").read_text())["stages"][0]
    place = maker.folder.parent / "store" / f"{recorded['name']}-{recorded['fingerprint']}"
    place.mkdir(parents=True)
    body = {"stage": stage, "data": data or {"world": 2}}
    (place / "identity.json").write_text(json.dumps({"identity": {"kind": "adapter_tune", "body": body}}))
    return str(recorded["fingerprint"])


def about(maker: Any, **benchmark: Any) -> None:
    """Change what every finished cell says of its benchmark."""
    for place in maker.folder.glob("*/result.json"):
        result = json.loads(place.read_text())
        result["benchmark"] |= benchmark
        place.write_text(json.dumps(result))


def written(folder: Path, out: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["card", str(folder), "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    return (out / "README.md").read_text()
