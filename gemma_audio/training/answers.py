"""The objective of both stages: the language-model loss on the answer and its end-of-turn token."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from gemma_audio.data.collate import Encoded, collate
from gemma_audio.training.loss import answer_loss
from gemma_audio.training.module import StageModule


class AnswerModule(StageModule):
    """Rows of prompt, answer and sound; every answer token counts the same over the whole effective batch."""

    def loss_sum(self, rows: Sequence[Encoded]) -> Tensor:
        """Return the summed cross-entropy of the answers (nats)."""
        return answer_loss(self.base, collate(rows, self.examples.encoder.pad_id, "left"), self.device)

    def weight(self, row: Encoded) -> int:
        """Return the number of answer tokens."""
        return len(row.answer)
