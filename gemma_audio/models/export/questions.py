"""The fixed questions that an export is asked: synthetic clips of the embedded world, which anyone may pass on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

from gemma_audio.config.kinds import Method
from gemma_audio.config.schema import Evaluation
from gemma_audio.data.encoder import Encoder
from gemma_audio.data.layout import lay_out, letter
from gemma_audio.models.export import stock
from gemma_audio.world.benchmark import question_clip
from gemma_audio.world.tasks import TESTED

COUNT = 50
"""Enough that one changed answer stays within the limit on agreement, and two do not."""
STORED = 8
"""How many of them an export carries with its logits."""


def questions(processor: Any, evaluation: Evaluation) -> tuple[list[dict[str, Any]], list[torch.Tensor]]:
    """COUNT questions laid out as `evaluation` does, with each choice's token ids, and their sounds as int16 at 16 kHz.

    A choice is its letter where the letters are single tokens and the evaluation reads letters, else its text.
    """
    encoder = Encoder(processor)
    asked, waves = [], []
    for number in range(COUNT):
        clip, question = question_clip(0, TESTED[number % len(TESTED)], "export", number)
        text = lay_out(question.text, question.choices, evaluation.prompt, evaluation.choice, evaluation.separator)
        asked.append({"id": clip.id, "text": text, "candidates": _candidates(encoder, question.choices, evaluation.method)})
        waves.append(torch.from_numpy(clip.pcm.astype(np.int16)))
    return asked, waves


def store(asked: Sequence[dict[str, Any]], waves: Sequence[torch.Tensor], answers: stock.Answers, folder: Path) -> None:
    """Write the first STORED questions, their sounds and the expected answers, and the script that asks them, into `folder`."""
    folder.mkdir(parents=True)
    kept = [{**q, "scores": scores} for q, scores in zip(asked[:STORED], answers.scores, strict=False)]
    (folder / stock.QUESTIONS).write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    sounds = {str(q["id"]): wave.contiguous() for q, wave in zip(kept, waves, strict=False)}
    save_file(sounds, folder / stock.SOUNDS)
    save_file({"logits": answers.logits[:STORED].contiguous()}, folder / stock.EXPECTED)
    (folder / "ask.py").write_bytes(Path(stock.__file__).read_bytes())


def _candidates(encoder: Encoder, choices: Sequence[str], method: Method) -> list[list[int]]:
    letters = [encoder.tokenizer(letter(i), add_special_tokens=False)["input_ids"] for i in range(len(choices))]
    if method != Method.option_text and all(len(ids) == 1 for ids in letters):
        return letters
    return [encoder.answer(text) for text in choices]
