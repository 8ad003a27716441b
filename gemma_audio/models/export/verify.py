"""Whether an export is whole, is what it says, and answers as it did: told by its files and by stock transformers alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gemma_audio.errors import ConfigError, GemmaAudioError, Problem
from gemma_audio.files import sha256
from gemma_audio.models import processor_files
from gemma_audio.models.export.base_files import Stored, read_table
from gemma_audio.models.export.checksums import MANIFEST, VERIFIED, damaged
from gemma_audio.models.export.config import disagreements
from gemma_audio.models.weight_files import dead_names

STOCK = Path(__file__).with_name("stock.py")
REQUIRED = (
    "config.json", "generation_config.json", "processor_config.json", "tokenizer.json", "tokenizer_config.json", "README.md",
    "NOTICE.md", "provenance.json", "fidelity.json", "fidelity.md", "verification/questions.json",
    "verification/sounds.safetensors", "verification/expected.safetensors", "verification/ask.py",
)  # fmt: skip
TOLERANCE = {"float32": 1e-3, "bfloat16": 0.05, "float16": 0.02}
"""Of the logits' spread; other processors sum in another order. The machine that exported reaches 0."""
MARGIN = {"float32": 1e-3, "bfloat16": 0.25, "float16": 0.1}
"""Answers may differ where the two likeliest choices were closer than this (in log-probability)."""
FOUND = 3

Ask = Callable[[Path], Mapping[str, Any]]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `wrong` is empty where all is well, `said` is then what was found."""

    name: str
    wrong: tuple[str, ...]
    said: str = ""


def ask_stock(folder: Path) -> Mapping[str, Any]:
    """What stock.py prints of the export, run by a Python of its own that sees neither this package's state nor the network."""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    words = [sys.executable, "-I", str(STOCK), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        return {"error": lines[-1] if lines else f"exit code {done.returncode}"}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def verify(folder: Path, ask: Ask = ask_stock) -> list[Check]:
    """Check files, sums, shards, configuration, shared layers and processor; then, if all hold, load and ask the model.

    GemmaAudioError where `folder` is no export at all.
    """
    provenance = _provenance(folder)
    missing = tuple(f"{name} is missing" for name in REQUIRED if not (folder / name).is_file())
    checks = [
        Check("files", missing, f"{len(REQUIRED)} required"),
        Check("checksums", tuple(damaged(folder)), "every file as exported"),
        *_weights(folder, provenance),
        _processor(folder),
    ]
    if any(check.wrong for check in checks):
        return [*checks, Check("answers", ("not asked: mend the above first",))]
    return [*checks, _answers(folder, str(provenance["export"]["dtype"]), ask(folder))]


def record(folder: Path, checks: list[Check]) -> bool:
    """Write verified.json where all checks hold, remove it where not; returns whether they do."""
    if any(check.wrong for check in checks):
        (folder / VERIFIED).unlink(missing_ok=True)
        return False
    document = {"schema": 1, "checksums": sha256(folder / MANIFEST), "when": datetime.now(UTC).isoformat(timespec="seconds")}
    (folder / VERIFIED).write_text(json.dumps(document | {"checks": {c.name: c.said for c in checks}}, indent=1) + "\n")
    return True


def _provenance(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / "provenance.json").read_text())
        assert {"dtype", "reattached", "tensors", "weight_files"} <= found["export"].keys()
        return dict(found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, AssertionError):
        message = "is no export: provenance.json is missing or unreadable"
        remedy = "gemma-audio-model export RUN --out DIR writes one"
        raise GemmaAudioError(str(Problem(str(folder), message, remedy))) from None


def _weights(folder: Path, provenance: Mapping[str, Any]) -> Iterator[Check]:
    """Shards, configuration, and the shared layers' keys and values."""
    try:
        table, config = read_table(folder), json.loads((folder / "config.json").read_text())
    except (GemmaAudioError, OSError, ValueError) as error:
        problems = error.problems if isinstance(error, ConfigError) else [Problem("", str(error))]
        yield Check("weights", tuple(problem.message for problem in problems))
        return
    export = provenance["export"]
    wrong = [] if len(table) == export["tensors"] else [f"{len(table)} tensors, exported were {export['tensors']}"]
    strays = {path.name for path in folder.glob("*.safetensors")} - set(export["weight_files"])
    size = sum(stored.nbytes for stored in table.values()) / 1e9
    said = f"{len(table)} tensors, {size:.2f} GB in {len(export['weight_files'])} files"
    yield Check("weights", (*wrong, *(f"{name} is no weight file of the export" for name in sorted(strays))), said)
    yield Check("configuration", tuple(disagreements(config)), "both spellings of the head sizes agree")
    yield _dead(table, config, export["reattached"])


def _dead(table: Mapping[str, Stored], config: Mapping[str, Any], expected: list[str]) -> Check:
    """All of them or none, as the base had them, in the shape that the configuration says."""
    if not expected:
        return Check("shared layers", (), "the base has no keys and values there")
    wrong = [f"{name} is missing" for name in expected if name not in table][:FOUND]
    try:
        wrong = wrong or _misfits(table, config)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        wrong = [f"config.json does not say their shapes ({type(error).__name__}: {error})"]
    return Check("shared layers", tuple(wrong), f"{len(expected)} tensors of the base's")


def _misfits(table: Mapping[str, Stored], config: Mapping[str, Any]) -> list[str]:
    """Shared layers whose keys do not have the shape that the older spelling of the configuration gives them."""
    text, found = config["text_config"], []
    for name in dead_names(config):
        if not name.endswith("k_proj.weight"):
            continue
        full = text["layer_types"][int(name.split(".")[3])] == "full_attention"
        heads = (text["num_global_key_value_heads"] if full else None) or text["num_key_value_heads"]
        shape = (heads * (text["global_head_dim"] if full else text["head_dim"]), text["hidden_size"])
        if table[name].shape != shape:
            found.append(f"{name} has shape {list(table[name].shape)}, the configuration says {list(shape)}")
    return found[:FOUND]


def _processor(folder: Path) -> Check:
    wrong = tuple(problem.message for problem in processor_files.problems(folder))
    return Check("processor", wrong, "sound, tokenizer and chat template")


def _answers(folder: Path, dtype: str, found: Mapping[str, Any]) -> Check:
    """The logits within tolerance, nothing missing or left over, and the same answers wherever they were clear."""
    if "error" in found:
        return Check("answers", (f"stock transformers cannot load or ask it: {found['error']}",))
    keys = ("missing_keys", "unexpected_keys", "mismatched_keys")
    wrong = [f"{key.replace('_', ' ')}: {', '.join(found[key][:FOUND])}" for key in keys if found[key]]
    wrong += ["code of gemma_audio was loaded"] if found["own_code"] else []
    if not found["distance"] <= TOLERANCE[dtype]:  # also where it is no number
        wrong.append(f"the logits differ by {found['distance']:.2g} of their spread (tolerance for {dtype}: {TOLERANCE[dtype]})")
    expected = [question["scores"] for question in json.loads((folder / "verification" / "questions.json").read_text())]
    changed = [i for i, scores in enumerate(expected) if _clear(scores, MARGIN[dtype]) not in (None, found["chosen"][i])]
    wrong += [f"{len(changed)} of {len(expected)} answers differ"] if changed else []
    versions = " ".join(f"{name} {version}" for name, version in found["versions"].items())
    same = f"{len(expected)} questions as exported, logits within {found['distance']:.1g}"
    return Check("answers", tuple(wrong), f"{same} ({found['classes'][0]}, {versions})")


def _clear(scores: list[float], margin: float) -> int | None:
    """The likeliest choice, where it was so by more than `margin`."""
    best, second = sorted(scores, reverse=True)[:2]
    return scores.index(best) if best - second > margin else None
