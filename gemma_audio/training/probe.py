"""What a frozen audio tower hears: small classifiers on its projected output, and the questions they answer without words.

One attention pool and one linear layer per attribute (Heads), trained on clips with known attributes. A question is answered by
drawing attributes from the classifiers and counting which choice is right how often; no language model takes part. Where such a
probe is far above chance, the sound of the task is learnable and heard; what remains is for the language model to learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gemma_audio.data.encoder import Encoder
from gemma_audio.training.attributes import pad
from gemma_audio.training.heads import UNKNOWN, Heads, Labels
from gemma_audio.world.clip import Clip
from gemma_audio.world.tasks.task import Question, Task

STEPS, BATCH, LR = 1500, 64, 3e-3
DRAWS = 200


@dataclass(frozen=True)
class Heard:
    """Projected sound of clips, (clips, audio tokens, width), and the mask of real tokens."""

    sound: Tensor
    mask: Tensor


class Probe:
    """Classifiers for every attribute that `clips` hold; `net` stays as it is."""

    def __init__(self, net: Any, encoder: Encoder, clips: Sequence[Clip], seed: int, steps: int = STEPS) -> None:
        self._net, self._encoder = net, encoder
        self.labels = Labels(clip.attributes for clip in clips)
        heard = self.listen(clips)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            counts = [len(classes) for classes in self.labels.classes.values()]
            self.heads = Heads(counts, heard.sound.shape[-1], heard.sound.shape[1])
            self._fit(heard, torch.tensor([self.labels.of(clip.attributes) for clip in clips]), steps)

    @torch.no_grad()
    def listen(self, clips: Iterable[Clip], batch: int = 32) -> Heard:
        """What the frozen tower and projector make of `clips`."""
        frames = [self._encoder.features(clip.pcm.astype(np.float32) / np.float32(32768)) for clip in clips]
        longest = max(map(len, frames))
        sounds, masks = [], []
        for start in range(0, len(frames), batch):
            features, mask = pad(frames[start : start + batch], longest)
            heard = self._net.eval().model.get_audio_features(features, mask, return_dict=True)
            sounds.append(heard.pooler_output)
            masks.append(heard.attention_mask)
        return Heard(torch.cat(sounds), torch.cat(masks))

    @torch.no_grad()
    def draws(self, clip: Clip, heard: Heard, rng: np.random.Generator) -> list[dict[str, str]]:
        """Attributes of `clip` as the classifiers believe them, drawn independently; how many words each has is given."""
        logits = self.heads.eval()(heard.sound, heard.mask)
        words: dict[str, list[Any]] = {name: [] for name in clip.attributes}
        for ((name, number), classes), scores in zip(self.labels.classes.items(), logits, strict=True):
            if number < len(clip.attributes.get(name, "").split()):
                chances = scores[0].double().softmax(-1).numpy()
                words[name].append(rng.choice(classes, DRAWS, p=chances / chances.sum()))
        return [{name: " ".join(column[draw] for column in columns) for name, columns in words.items()} for draw in range(DRAWS)]

    def answer(self, task: Task, clip: Clip, question: Question, rng: np.random.Generator) -> int:
        """The choice that is right in most draws."""
        votes = np.zeros(len(question.choices))
        for attributes in self.draws(clip, self.listen([clip]), rng):
            right = _answers(task, attributes, question.detail)
            votes += [choice in right for choice in question.choices]
        return int(np.argmax(votes))

    def _fit(self, heard: Heard, labels: Tensor, steps: int) -> None:
        optimizer = torch.optim.Adam(self.heads.parameters(), LR)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        for _ in range(steps):
            rows = torch.randint(len(labels), (BATCH,))
            logits = self.heads(heard.sound[rows], heard.mask[rows])
            losses = [
                F.cross_entropy(scores, labels[rows, head], ignore_index=UNKNOWN, reduction="sum")
                for head, scores in enumerate(logits)
            ]
            optimizer.zero_grad()
            loss = torch.stack(losses).sum() / BATCH
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()


def _answers(task: Task, attributes: Mapping[str, str], detail: str) -> Sequence[str]:
    try:
        return task.asking.answers(dict(attributes), detail)
    except KeyError:  # a draw may hold a combination that the world does not
        return ()
