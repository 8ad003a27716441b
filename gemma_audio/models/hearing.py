"""An exact saving: what a frozen audio tower makes of a sound is computed once, before the projector, and kept.

Whoever changes sounds at random (noise, speed, masks, a dithering feature extractor) must not use it: the tower would hear each
clip once and never again. `obstacle` tells what it can see; an objective says the rest by `alters_sound`.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor, nn
from transformers.models.gemma4.modeling_gemma4 import Gemma4AudioModelOutput

from gemma_audio.models import weight_files
from gemma_audio.models.feature_cache import FeatureCache

FORMAT = 1
"""To be raised whenever equal keys would stand for other tensors."""

BATCH, BATCH_FRAMES = 32, 24_000  # 30 s are 3,000 frames
UNTOLD = ("_name_or_path", "transformers_version", "architectures", "dtype")  # of a config, what computes nothing
Features = NDArray[np.float32]


class CachedTower(nn.Module):
    """Stands in for a frozen audio tower: its input is already the tower's output."""

    def __init__(self, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.dtype = dtype

    def forward(self, input_features: Tensor, mask: Tensor, **_: Any) -> Gemma4AudioModelOutput:
        """Return the input in the tower's own dtype, (clips, audio tokens, width)."""
        return Gemma4AudioModelOutput(last_hidden_state=input_features.to(self.dtype), attention_mask=mask)


class Hearing:
    """A frozen tower's outputs by the content of the sound; made under the autocast that holds here, whatever holds later.

    Only sounds of equal length share a batch. On a CPU a sound then has the same bits alone and in any batch (tested); on a GPU
    kernels differ with the batch, and so may the last bit.
    """

    def __init__(self, tower: Any, extractor: Any, cache: FeatureCache, device: torch.device | str | None = None) -> None:
        self.tower, self.cache = tower, cache
        self.device = torch.device(device) if device is not None else next(tower.parameters()).device
        kind = self.device.type
        self._autocast = (kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))
        self.dtype: torch.dtype = self._autocast[1] if self._autocast[2] else tower.output_proj.weight.dtype
        self._maker = self._describe(extractor)
        self._resting = False

    def key(self, wave: Features) -> str:
        """The name of a sound's features: a digest of the samples and of everything else that decides them."""
        total = hashlib.sha256(self._maker)
        total.update(np.ascontiguousarray(wave, "<f4").tobytes())
        return total.hexdigest()

    def features(self, key: str, frames: Callable[[], Features]) -> Features:
        """The tower's output, (audio tokens, width); `frames` gives log-mel frames where it has to be made."""
        tensor = self.cache.get(key)
        if tensor is None:
            tensor = self._hear([(key, frames())])[0]
            if self._resting:
                self.rest()
        return tensor.float().numpy()

    def hear(self, frames: Mapping[str, Features]) -> None:
        """Make and keep the outputs of sounds given by key as log-mel frames, (frames, mels)."""
        order = sorted(frames.items(), key=lambda sound: (len(sound[1]), sound[0]))
        for length, group in groupby(order, key=lambda sound: len(sound[1])):
            sounds, size = list(group), max(1, min(BATCH, BATCH_FRAMES // max(1, length)))
            for at in range(0, len(sounds), size):
                self._hear(sounds[at : at + size])

    def rest(self) -> None:
        """Leave the accelerator to others: the tower goes to the host until a sound is missing."""
        self.tower.to("cpu")
        self._resting = True

    @torch.no_grad()
    def _hear(self, sounds: Sequence[tuple[str, Features]]) -> list[Tensor]:
        tower = self.tower.to(self.device).eval()
        inputs = torch.from_numpy(np.stack([frames for _, frames in sounds])).to(self.device)
        mask = torch.ones(inputs.shape[:2], dtype=torch.bool, device=self.device)
        kind, dtype, enabled = self._autocast
        with torch.autocast(kind, dtype, enabled=enabled):
            outputs = tower(inputs, mask).last_hidden_state.cpu()
        kept = [output.clone() for output in outputs]  # a view would keep the whole batch alive
        for (key, _), output in zip(sounds, kept, strict=True):
            self.cache.put(key, output)
        return kept

    def _describe(self, extractor: Any) -> bytes:
        kind = self.device.type
        where = [torch.get_num_threads(), platform.machine()] if kind == "cpu" else [torch.cuda.get_device_name(self.device)]
        config = {name: value for name, value in self.tower.config.to_dict().items() if name not in UNTOLD}
        told = {
            "format": FORMAT, "preprocessing": extractor.to_json_string(), "tower": tower_digest(self.tower),
            "config": config, "dtype": str(self.dtype), "device": [kind, *where],
            "libraries": [torch.__version__, transformers.__version__],
        }  # fmt: skip
        return json.dumps(told, sort_keys=True, default=str).encode()


def obstacle(extractor: Any) -> str:
    """Return why outputs cannot be kept; empty where they can."""
    return "the feature extractor adds noise (dither)" if getattr(extractor, "dither", 0.0) else ""


def tower_digest(tower: nn.Module) -> str:
    """The sha256 over names, dtypes, shapes and bytes of all tensors, buffers that no file holds included."""
    total = hashlib.sha256()
    for name, tensor in sorted([*tower.named_parameters(), *tower.named_buffers()]):
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def cache_folder(chain: Sequence[Path], shared: Path | None, scratch: Path) -> Path:
    """Where outputs go: to `shared` if the stages of `chain` left the tower as the base has it, else to `scratch`.

    Every run hears the base's tower; one that a stage trained is heard by those alone that build on the stage, and would fill
    the disk with outputs that hardly anyone asks for again.
    """
    return scratch if shared is None or any(map(_changes_tower, chain)) else shared


def _changes_tower(stage: Path) -> bool:
    headers = map(weight_files.header, (stage / "weights").rglob("*.safetensors"))
    return any("audio_tower" in name for header in headers if header for name in header.tensors)


@contextmanager
def standing_in(net: Any, hearing: Hearing | None) -> Iterator[None]:
    """`net` fed with what `hearing` gives instead of log-mel frames; as it is where there is no hearing."""
    tower = net.model.audio_tower
    if hearing is not None:
        net.model.audio_tower = CachedTower(hearing.dtype)
    try:
        yield
    finally:
        net.model.audio_tower = tower
