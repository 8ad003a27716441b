"""The tiny model's tokenizer: byte-fallback BPE over the world's own sentences, in transformers' GemmaTokenizer class."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from gemma_audio.world.captions import CAPTION_SOURCES, caption, full_caption
from gemma_audio.world.families import FAMILIES, draw
from gemma_audio.world.signal import generator
from gemma_audio.world.tasks import TASKS, ask

if TYPE_CHECKING:
    from transformers import GemmaTokenizer

CONTROL = (
    "<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<|turn>", "<turn|>",
    "<|image>", "<image|>", "<|image|>", "<|audio>", "<audio|>", "<|audio|>", "<|video|>",
)  # fmt: skip
TEMPLATE = (
    "{{ bos_token }}{%- for m in messages -%}"
    "{{ '<|turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\\n' }}"
    "{%- if m['content'] is string -%}{{ m['content'] }}{%- else -%}{%- for p in m['content'] -%}"
    "{%- if p['type'] == 'audio' -%}{{ '<|audio|>' }}{%- elif p['type'] == 'text' -%}{{ p['text'] }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{{ '<turn|>\\n' }}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|turn>model\\n' }}{%- endif -%}"
)
"""The turn layout of Gemma 4's small models, without tools and thinking."""

PHRASES = (
    "Describe the audio. Describe what you hear. What do you hear? What can be heard in the audio?",
    "Write a caption for the recording. Give a description of the sound. Write a caption for this clip.",
    "Answer the question about the sound. Name the sound. "
    "Answer the question about the music. Answer the question about the speech.",
    "Tell me about this recording. What is happening? Select one option from the provided choices.",
    "Listen to the sounds. Listen to the background. Listen to the voice. Listen to the syllables. Listen to the music.",
    "Choose the correct option from the following options. Answer with the letter of the correct option.",
)


def sentences(count: int = 6000) -> Iterator[str]:
    """Every kind of sentence the world can say, drawn without sound."""
    rng = generator(0, "tokenizer")
    yield from PHRASES
    for i in range(count):
        family = tuple(FAMILIES)[i % len(FAMILIES)]
        attributes = draw(rng, family)
        for source in CAPTION_SOURCES[family]:
            yield caption(rng, source, family, attributes)
        yield full_caption(family, attributes, ())
        for task in (t for t in TASKS if t.family == family):
            question = ask(rng, task, attributes, unseen_wording=bool(i % 2))
            letters = "\n".join(f"({chr(65 + k)}) {choice}" for k, choice in enumerate(question.choices))
            yield f"user\n{question.text}\n{letters}\nmodel\n{question.choices[question.gold]}"


def build_tokenizer(size: int = 1024, ids: Mapping[str, int] | None = None) -> GemmaTokenizer:
    """Train the BPE (deterministic, about a second) and wrap it; at most `size` entries, those in `ids` at these places."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import GemmaTokenizer

    bpe = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    bpe.normalizer = normalizers.Replace(" ", "▁")
    words = [pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split("▁", "merged_with_next")]
    bpe.pre_tokenizer = pre_tokenizers.Sequence(words)
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[*CONTROL, *(f"<0x{byte:02X}>" for byte in range(256))],
        initial_alphabet=[*map(chr, range(32, 127)), "▁", "\n"],
        show_progress=False,
    )
    bpe.train_from_iterator(sentences(), trainer)
    trained: dict[str, Any] = json.loads(bpe.to_str())["model"]
    return GemmaTokenizer(
        vocab=_placed(trained["vocab"], ids or {}),
        merges=[tuple(pair) for pair in trained["merges"]],
        extra_special_tokens=["<|turn>", "<turn|>", "<|video|>"],
        model_specific_special_tokens={
            "image_token": "<|image|>", "boi_token": "<|image>", "eoi_token": "<image|>",
            "audio_token": "<|audio|>", "boa_token": "<|audio>", "eoa_token": "<audio|>",
        },
        model_max_length=2048,
    )  # fmt: skip


def _placed(vocab: Mapping[str, int], ids: Mapping[str, int]) -> dict[str, int]:
    """The vocabulary with the entries of `ids` there, and the others, in order, in the first places that are left."""
    taken = set(ids.values())
    free = (place for place in range(len(vocab) + len(ids)) if place not in taken)
    return {entry: ids[entry] if entry in ids else next(free) for entry in sorted(vocab, key=vocab.__getitem__)}
