"""The objective of both stages: the language-model loss on the answer and its end-of-turn token."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from gemma_audio.data.collate import Encoded, collate
from gemma_audio.training.loss import answer_loss, pruned
from gemma_audio.training.module import StageModule


class AnswerModule(StageModule):
    """Rows of prompt, answer and sound; every answer token counts the same over the whole effective batch."""

    def loss_sum(self, rows: Sequence[Encoded]) -> Tensor:
        """Return the summed cross-entropy of the answers (nats)."""
        batch = collate(rows, self.examples.encoder.pad_id, "left")
        return answer_loss(self.base, batch, self.device, self.trainables.savings)

    def weight(self, row: Encoded) -> int:
        """Return the number of answer tokens."""
        return len(row.answer)

    def savings(self) -> dict[str, bool]:
        """Return which savings are active, those of the answer's loss included."""
        wanted = self.trainables.savings
        mine = {"supervised_logits": wanted.supervised_logits, "shared_kv_pruning": pruned(self.base, wanted)}
        return super().savings() | mine
