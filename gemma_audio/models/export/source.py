"""What is exported: a base, the sealed stages on top of it, and how they are to be written."""

from __future__ import annotations

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Evaluation, Model
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models import base
from gemma_audio.models.export.base_files import WIDTHS, read_table, tensor_names
from gemma_audio.models.fetch import folder_of
from gemma_audio.models.prefixes import WRAPPED

TYPES = {"float32": "F32", "bfloat16": "BF16", "float16": "F16"}
DELTA, ADAPTER = "delta.safetensors", "adapter/adapter_model.safetensors"


@dataclass(frozen=True)
class Source:
    """`chain` are the stages' sealed folders, the last one last; `evaluation` lays out the fixed questions."""

    model: Model
    chain: tuple[Path, ...]
    evaluation: Evaluation
    fp32: bool = False
    shard_size: str = "5GB"

    @property
    def dtype(self) -> str:
        """The type of the tensors that training changed: the one that the run had the base in, or float32."""
        return "float32" if self.fp32 else self.model.dtype

    @property
    def last(self) -> Path:
        """The weights of the last stage."""
        return self.chain[-1] / "weights"

    def base_folder(self) -> Path | None:
        """The folder of the base's own files, fetched where it is a Hub model; None where its weights are random.

        ConfigError that says what to do where it cannot be had.
        """
        return None if self.model.weights is Weights.random else folder_of(self.model)

    def touched(self) -> list[str]:
        """Names of the tensors that the stages change, from the headers of what they left."""
        found: dict[str, None] = {}
        for folder in self.chain:
            found |= dict.fromkeys(tensor_names(folder / "weights" / DELTA))
            found |= dict.fromkeys(adapted(folder / "weights"))
        return list(found)

    def bytes_at_most(self, folder: Path) -> int:
        """Bytes of the exported tensors at most, from the headers of the base in `folder`."""
        touched, width, run = set(self.touched()), WIDTHS[TYPES[self.dtype]], TYPES[self.model.dtype]
        return sum(
            math.prod(entry.shape) * width if name in touched or (self.fp32 and entry.dtype != run) else entry.nbytes
            for name, entry in read_table(folder).items()
        )


def check(source: Source) -> None:
    """GemmaAudioError where the base cannot be had, is damaged, or is not the one that the stages were trained on.

    Only headers and a few bytes of each tensor are read.
    """
    touched = source.touched()
    if not touched:
        remedy = "type the run's command again: it trains what is missing"
        raise _refusal(str(source.chain[-1]), "holds no trained weights", remedy)
    folder = source.base_folder()
    if folder is None:
        return
    table, root = read_table(folder), base.fingerprint(source.model, folder)
    for stage in source.chain:
        base.check(stage, root)
    if foreign := [name for name in touched if name not in table]:
        message = f"has no tensor {foreign[0]} (nor {len(foreign) - 1} others), which the run trained"
        raise _refusal(str(folder), message, "give the base that the run started from")


def check_space(place: Path, needed: int) -> None:
    """GemmaAudioError where fewer than `needed` bytes are free where `place` will be."""
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        message = f"{free / 1e9:.1f} GB are free, the export needs {needed / 1e9:.1f} GB"
        raise _refusal(str(existing), message, "free some space, or give another place: --out DIR")


def adapted(weights: Path) -> list[str]:
    """Names of the weights that the adapter of a stage belongs to; none where it has no adapter."""
    names = tensor_names(weights / ADAPTER)
    layers = [name.removeprefix(WRAPPED).split(".lora_", 1)[0] for name in names if ".lora_" in name]
    return [f"{layer}.weight" for layer in dict.fromkeys(layers)]


def _refusal(place: str, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(place, message, remedy)))
