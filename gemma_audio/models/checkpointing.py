"""An exact saving: layers forget their activations and compute them again for the backward pass.

Never with torch's reentrant kind: where layers share keys and values it gives the right loss and wrong gradients, since what
reaches the producer through the layers that reuse them is lost. `{}` for checkpointing's arguments, and PEFT's
`prepare_model_for_kbit_training`, mean that kind.
"""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.models.gemma4.modeling_gemma4 import Gemma4AudioLayer

EXACT = {"use_reentrant": False}


class RecomputedAudioLayer(GradientCheckpointingLayer, Gemma4AudioLayer):
    """A conformer layer as transformers has it, which by itself cannot be checkpointed."""


def enable(net: Any, every: int = 1) -> None:
    """Recompute every `every`-th layer, from the first on, of the language model and of the audio tower, in training mode only.

    Call it once the adapters are attached: PEFT answers checkpointing by asking for gradients of the embedding, for which
    activations would be kept below the lowest layer that trains.
    """
    tower, language = net.model.audio_tower, net.model.language_model
    for layer in getattr(tower, "layers", ()):
        layer.__class__ = RecomputedAudioLayer
    for part in (tower, language):
        if isinstance(part, PreTrainedModel):  # a stand-in for a tower has nothing to recompute
            part.activation_checkpointing_enable(EXACT, every_n_layers=every)
    language.disable_input_require_grads()
