"""An export's folder: weights, configuration, processor, adapter, fixed questions and fidelity report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import Gemma4Config

from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models.export import questions, stock
from gemma_audio.models.export.base_files import Stored, read_table
from gemma_audio.models.export.config import readable
from gemma_audio.models.export.merged import Merged, merged
from gemma_audio.models.export.report import report, table
from gemma_audio.models.export.shards import NAMES, Entry, total_bytes, write_shards
from gemma_audio.models.export.source import Source, check, check_space
from gemma_audio.models.weight_files import INDEX, dead_names

ADAPTER, ADAPTER_CONFIG = "adapter", "adapter_config.json"
FIDELITY, CONFIG, PROCESSOR, GENERATION = "fidelity.json", "config.json", "processor_config.json", "generation_config.json"
COPIED = ("*.json", "*.jinja", "*.model", "*.txt", "LICENSE*", "LICENCE*", "NOTICE*")
Say = Callable[[str], None]


def export(source: Source, into: Path, say: Say = lambda line: None) -> dict[str, Any]:
    """Write the model of `source` into the folder `into`; returns what is recorded of it: base, tensors and fidelity.

    Raises GemmaAudioError, before any weight is read where the base's headers already show what is wrong.
    """
    check(source)
    folder = source.base_folder()
    if folder is not None:
        check_space(into, source.bytes_at_most(folder))
    say("loading the base and merging the stages")
    model = merged(source)
    entries = _entries(source, model, folder)
    check_space(into, total_bytes(entries))
    say(f"writing {total_bytes(entries) / 1e9:.2f} GB")
    config = _configure(source, model, folder, into)
    files = write_shards(entries, into, source.shard_size)
    _processor(model, folder, into)
    if (source.last / ADAPTER).exists():
        _copy_adapter(source.last / ADAPTER, into / ADAPTER)
    assert model.answers is not None
    questions.store(model.asked, model.waves, model.answers, into / stock.PLACE)
    found = report(source, model)
    (into / FIDELITY).write_text(json.dumps(found, indent=1) + "\n")
    (into / "fidelity.md").write_text(table(found), encoding="utf-8")
    dead = [name for name in dead_names(config) if name in entries]
    counts = {"tensors": len(entries), "trained": len(source.touched()), "reattached": dead, "weight_files": files}
    return {"dtype": source.dtype, **counts, "fidelity": found}


def _copy_adapter(folder: Path, into: Path) -> None:
    """Copy PEFT's files; of a base that lies in a folder only the folder's own name is told."""
    shutil.copytree(folder, into)
    config = _read(into / ADAPTER_CONFIG)
    base = Path(config.get("base_model_name_or_path") or "")
    if base.is_absolute():
        config["base_model_name_or_path"] = base.name
        (into / ADAPTER_CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True))


def _entries(source: Source, model: Merged, folder: Path | None) -> dict[str, Entry]:
    """Every tensor of the base as it is on disk, and those that training changed from memory."""
    if folder is None:
        return _untied(model.net)
    stored: Mapping[str, Stored] = read_table(folder)
    parameters = dict(model.net.named_parameters())
    changed = set(source.touched())
    run = NAMES[getattr(torch, source.model.dtype)]
    if source.fp32:  # a base on disk in a wider type than the run had it in was rounded at loading
        changed |= {name for name, entry in stored.items() if name in parameters and entry.dtype != run}
    return {name: parameters[name] if name in changed else entry for name, entry in stored.items()}


def _untied(net: Any) -> dict[str, Entry]:
    """The model's own tensors, of those that share their memory the first."""
    found: dict[str, torch.Tensor] = {}
    seen: set[int] = set()
    for name, tensor in net.state_dict().items():
        if tensor.data_ptr() not in seen:
            found[name] = tensor
            seen.add(tensor.data_ptr())
    return dict(found)


def _configure(source: Source, model: Merged, folder: Path | None, into: Path) -> dict[str, Any]:
    known = model.net.config.to_dict()
    if folder is not None:
        known = Gemma4Config.from_pretrained(folder, local_files_only=True).to_dict()
    base = json.loads((folder / CONFIG).read_text()) if folder is not None else known
    config = readable(base, known, source.dtype, transformers.__version__)
    (into / CONFIG).write_text(json.dumps(config, indent=2) + "\n")
    return config


def _processor(model: Merged, folder: Path | None, into: Path) -> None:
    """The base's own files byte for byte; what it lacks, or a processor without its sound part, as transformers saves it."""
    own = {CONFIG, INDEX, "README.md"}
    for path in [path for pattern in COPIED for path in folder.glob(pattern)] if folder is not None else []:
        if path.name not in own and path.is_file():
            shutil.copyfile(path, into / path.name)
    if "feature_extractor" not in _read(into / PROCESSOR):
        model.processor.save_pretrained(into)
    if not (into / GENERATION).exists():
        model.net.generation_config.save_pretrained(into)


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise GemmaAudioError(str(Problem(str(path), f"cannot be read ({error})", "download the base again"))) from None
