"""Asks an exported model its fixed questions with stock transformers alone: nothing of gemma_audio is imported here.

`python stock.py FOLDER` (in an export: `python verification/ask.py .`) prints one line of JSON: what loaded, how far the logits
are from those that were stored when the model was exported, and whether the answers are the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors.torch import load_file

RATE = 16_000
BATCH = 10
PLACE = "verification"
QUESTIONS, SOUNDS, EXPECTED = "questions.json", "sounds.safetensors", "expected.safetensors"

Question = Mapping[str, Any]  # id, text, candidates: a list of token ids per choice


class Answers(NamedTuple):
    """Next-token logits after each prompt (questions, vocabulary) in float32, and each choice's mean log-probability."""

    logits: torch.Tensor
    scores: list[list[float]]

    @property
    def chosen(self) -> list[int]:
        """The likeliest choice of each question."""
        return [max(range(len(row)), key=row.__getitem__) for row in self.scores]


@torch.inference_mode()
def ask(model: Any, processor: Any, questions: Sequence[Question], waves: Sequence[torch.Tensor]) -> Answers:
    """Put each question about its int16 wave (samples,) to the model. Batched with padding on the left."""
    prompts = [_encode(processor, question["text"], wave) for question, wave in zip(questions, waves, strict=True)]
    logits = torch.cat([_last(model, processor, part, 1)[:, -1].cpu() for part in _parts(prompts)])
    scores = []
    for question, prompt, row in zip(questions, prompts, logits.log_softmax(-1), strict=True):
        candidates = question["candidates"]
        if all(len(ids) == 1 for ids in candidates):
            scores.append([float(row[ids[0]]) for ids in candidates])
        else:
            scores.append([score for part in _parts(candidates) for score in _continued(model, processor, prompt, part)])
    return Answers(logits, scores)


def _encode(processor: Any, text: str, wave: torch.Tensor) -> dict[str, torch.Tensor]:
    content = [{"type": "audio"}, {"type": "text", "text": text}]
    turns = [{"role": "user", "content": content}]
    prompt = processor.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    sound = (wave.float() / 32768).numpy()
    # The template writes <bos> itself; a bare array is read as a batch; a tokenizer's truncation would reach the sound.
    options = {"add_special_tokens": False, "truncation": False, "return_tensors": "pt"}
    batch = processor(text=[prompt], audio=[sound], sampling_rate=RATE, **options)
    return {name: value[0] for name, value in batch.items()}


def _continued(model: Any, processor: Any, prompt: dict[str, Any], candidates: Sequence[list[int]]) -> Iterator[float]:
    """Mean log-probability of each candidate's tokens after the prompt."""
    longest = max(map(len, candidates))
    rows = [_followed(prompt, ids) for ids in candidates]
    logprobs = _last(model, processor, rows, longest + 1).log_softmax(-1).cpu()
    for ids, row in zip(candidates, logprobs, strict=True):
        tokens = torch.tensor(ids)
        yield float(row[-len(ids) - 1 : -1].gather(-1, tokens[:, None]).mean())


def _followed(prompt: dict[str, Any], ids: list[int]) -> dict[str, Any]:
    longer: dict[str, Any] = {"input_ids": torch.cat([prompt["input_ids"], torch.tensor(ids)])}
    for name, fill in (("attention_mask", 1), ("mm_token_type_ids", 0)):
        if name in prompt:
            longer[name] = torch.cat([prompt[name], torch.full((len(ids),), fill, dtype=prompt[name].dtype)])
    return {**prompt, **longer}


def _last(model: Any, processor: Any, rows: Sequence[dict[str, Any]], keep: int) -> torch.Tensor:
    """Logits of the last `keep` positions (rows, keep, vocabulary) in float32."""
    batch = {name: _stacked([row[name] for row in rows], *_padding(name, processor)) for name in rows[0]}
    batch["input_features"] = batch["input_features"].to(model.dtype)
    # Counted from each prompt's first real token, so that padding changes no rotary phase.
    position_ids = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    moved = {name: tensor.to(model.device) for name, tensor in {**batch, "position_ids": position_ids}.items()}
    return model(**moved, logits_to_keep=keep, use_cache=False).logits.float()


def _padding(name: str, processor: Any) -> tuple[int, bool]:
    """What fills a shorter row, and whether it goes to the front: tokens are padded left, sounds right."""
    return (processor.tokenizer.pad_token_id if name == "input_ids" else 0), not name.startswith("input_features")


def _stacked(rows: Sequence[torch.Tensor], fill: int, front: bool) -> torch.Tensor:
    longest = max(len(row) for row in rows)
    made = rows[0].new_full((len(rows), longest, *rows[0].shape[1:]), fill)
    for target, row in zip(made, rows, strict=True):
        target[longest - len(row) :] = row if front else target[longest - len(row) :]
        if not front:
            target[: len(row)] = row
    return made


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


@torch.no_grad()
def distance(logits: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference of a question, relative to the spread of its expected logits (both in the Euclidean norm)."""
    spread = (expected - expected.mean(-1, keepdim=True)).norm(dim=-1)
    return float(((logits - expected).norm(dim=-1) / spread).max())


def main(folder: Path) -> dict[str, Any]:
    """Load the model of `folder`, ask it the stored questions and compare with the stored answers."""
    import transformers
    from transformers import AutoModelForImageTextToText, AutoProcessor

    options: dict[str, Any] = {"dtype": "auto", "use_safetensors": True, "output_loading_info": True, "local_files_only": True}
    model, loading = AutoModelForImageTextToText.from_pretrained(folder, **options)
    processor = AutoProcessor.from_pretrained(folder, local_files_only=True)
    questions = json.loads((folder / PLACE / QUESTIONS).read_text())
    sounds, expected = load_file(folder / PLACE / SOUNDS), load_file(folder / PLACE / EXPECTED)
    answers = ask(model.eval(), processor, questions, [sounds[question["id"]] for question in questions])
    return {
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
        "classes": [type(model).__name__, type(processor).__name__],
        "own_code": "gemma_audio" in sys.modules,
        **{key: sorted(map(str, loading.get(key) or [])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")},
        "distance": distance(answers.logits, expected["logits"]),
        "chosen": answers.chosen,
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]).resolve())))
