"""Text and sound to model inputs, through the model's own processor but each distinct text and clip only once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gemma_audio.errors import AudioError, Problem

if TYPE_CHECKING:
    from transformers import Gemma4Processor

RATE = 16_000
LONGEST = 480_000
"""Samples (30 s) at which the feature extractor cuts without a word."""


class Encoder:
    """Encodes prompts, answers and clips for `processor`; texts are cached because training repeats them."""

    def __init__(self, processor: Gemma4Processor) -> None:
        self.processor = processor
        self.tokenizer: Any = processor.tokenizer
        self.end_of_turn = int(self.tokenizer.convert_tokens_to_ids("<turn|>"))
        self.pad_id = int(self.tokenizer.pad_token_id)
        self._audio = int(processor.audio_token_id)
        self._open, self._close = (
            int(self.tokenizer.convert_tokens_to_ids(t)) for t in (processor.boa_token, processor.eoa_token)
        )
        self._prompts: dict[str, list[int]] = {}
        self._answers: dict[str, list[int]] = {}

    def prompt(self, text: str, audio_tokens: int) -> list[int]:
        """Ids of one user turn (the sound, then `text`) up to and including the model's turn marker."""
        if text not in self._prompts:
            self._prompts[text] = self._ids(self._user(text, audio=True), add_generation_prompt=True)
        ids = self._prompts[text]
        at = ids.index(self._audio)
        return [*ids[:at], self._open, *[self._audio] * audio_tokens, self._close, *ids[at + 1 :]]

    def answer(self, text: str) -> list[int]:
        """Ids of the model's `text` with its end-of-turn token, as the chat template would continue a prompt."""
        if text not in self._answers:
            user = self._user("?", audio=False)
            start = len(self._ids(user, add_generation_prompt=True))
            whole = self._ids([*user, {"role": "assistant", "content": [{"type": "text", "text": text}]}])
            self._answers[text] = whole[start : whole.index(self.end_of_turn, start) + 1]
        return self._answers[text]

    def features(self, wave: NDArray[np.float32]) -> NDArray[np.float32]:
        """Log-mel frames of a mono 16 kHz wave in [-1, 1]: float32, (frames, mels), without padding frames.

        Raises AudioError for a wave that would be cut, or is too short for a single frame.
        """
        if reason := self.unfit(len(wave)):
            raise AudioError(str(Problem("sound", reason, "nothing is cut silently; choose the part that matters")))
        batch = self.processor.feature_extractor([wave], sampling_rate=RATE)
        frames: NDArray[np.float32] = batch["input_features"][0][np.asarray(batch["input_features_mask"][0])]
        return frames

    def frames(self, samples: int) -> int:
        """How many frames `features` gives for a wave of `samples`; told without them."""
        extractor: Any = self.processor.feature_extractor
        behind = extractor.frame_length - extractor.frame_length // 2  # of a frame's samples, those after its place
        return max(0, -(-(samples - behind) // extractor.hop_length))

    def unfit(self, samples: int) -> str:
        """Why a wave of `samples` cannot be heard whole; empty where it can."""
        if samples > LONGEST:
            return f"{samples / RATE:.2f} s long, the limit is {LONGEST / RATE:g} s"
        return "" if self.frames(samples) else f"{samples / RATE:.4f} s long, too short for one audio token"

    @staticmethod
    def audio_tokens(frames: int) -> int:
        """Placeholders for `frames` mel frames: two convolutions of stride two."""
        return -(-frames // 4)

    def _user(self, text: str, *, audio: bool) -> list[dict[str, Any]]:
        sound = [{"type": "audio"}] if audio else []
        return [{"role": "user", "content": [*sound, {"type": "text", "text": text}]}]

    def _ids(self, messages: list[dict[str, Any]], *, add_generation_prompt: bool = False) -> list[int]:
        text = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=add_generation_prompt)
        ids: list[int] = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        return ids
