"""Licences and citations that belong on a model card."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

GEMMA = "google/gemma-4"
GEMMA_TERMS = "https://ai.google.dev/gemma/terms"


class Licence(NamedTuple):
    """The card's licence identifier, and what it means in a sentence."""

    identifier: str
    sentence: str


class Work(NamedTuple):
    """Something to cite: a short name, and authors, title, place and year."""

    name: str
    citation: str


MMAU = Work(
    "MMAU",
    "S. Sakshi et al., MMAU: A Massive Multi-Task Audio Understanding and Reasoning Benchmark, arXiv:2410.19168 (2024); "
    "annotations: github.com/Sakshi113/MMAU, Apache-2.0",
)
DORA = Work("DoRA", "S.-Y. Liu et al., DoRA: Weight-Decomposed Low-Rank Adaptation, arXiv:2402.09353 (2024)")
LORA = Work("LoRA", "E. J. Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, arXiv:2106.09685 (2021)")
CORPORA: dict[tuple[str, ...], Work] = {
    ("clotho_aqa", "clothoaqa"): Work(
        "Clotho-AQA",
        "S. Lipping et al., Clotho-AQA: A Crowdsourced Dataset for Audio Question Answering, arXiv:2204.09634 (2022)",
    ),
    ("clotho",): Work(
        "Clotho",
        "K. Drossos, S. Lipping and T. Virtanen, Clotho: An Audio Captioning Dataset, arXiv:1910.09387 (2020); "
        "clips under their own Creative Commons licences",
    ),
    ("fsd50k",): Work(
        "FSD50K",
        "E. Fonseca et al., FSD50K: An Open Dataset of Human-Labeled Sound Events, arXiv:2010.00475 (2020); "
        "CC-BY-4.0, clips under their own Creative Commons licences",
    ),
    ("musicbench",): Work(
        "MusicBench",
        "J. Melechovsky et al., Mustango: Toward Controllable Text-to-Music Generation, arXiv:2311.08355 (2023); CC-BY-SA-3.0",
    ),
    ("musicqa", "music_qa"): Work(
        "MusicQA",
        "S. Liu et al., Music Understanding LLaMA: Advancing Text-to-Music Generation with Question Answering and Captioning, "
        "arXiv:2308.11276 (2023)",
    ),
    ("librispeech",): Work(
        "LibriSpeech",
        "V. Panayotov et al., LibriSpeech: An ASR Corpus Based on Public Domain Audio Books, ICASSP 2015; CC-BY-4.0",
    ),
}


def is_gemma(source: str) -> bool:
    """Whether a base is one of Google's Gemma 4 models."""
    return source.lower().startswith(GEMMA)


def licence(source: str, *, synthetic: bool) -> Licence:
    """The licence of what was trained from the base `source` ("embedded", a Hub id, a folder), on the embedded world or not."""
    if is_gemma(source):
        terms = f"[Gemma Terms of Use]({GEMMA_TERMS})"
        return Licence("gemma", f"A derivative of Gemma 4: use, copies and further derivatives are subject to the {terms}.")
    if source == "embedded" and synthetic:
        return Licence("apache-2.0", "The small model and all that it was trained on are gemma_audio's own, under Apache-2.0.")
    own = (
        "The small base model is gemma_audio's own, under Apache-2.0"
        if source == "embedded"
        else "The base model's licence holds"
    )
    return Licence("other", f"{own}, and so do the terms of the training data; they were not looked up for this card.")


def works(sources: Iterable[str], methods: Iterable[str], *, mmau: bool, synthetic: bool) -> list[Work]:
    """What to cite: MMAU where its questions or its schema were used, the adapter's method, and the corpora behind `sources`.

    The embedded world's sources are only named after corpora, which is no reason to cite these.
    """
    used = [{"dora": DORA, "lora": LORA}.get(method) for method in dict.fromkeys(methods)]
    benchmarks = [MMAU] if mmau else []
    corpora = [] if synthetic else [_corpus(source) for source in sources]
    found: list[Any] = [*benchmarks, *used, *corpora]
    return list(dict.fromkeys(work for work in found if work))


def _corpus(source: str) -> Work | None:
    name = source.lower().replace("-", "_")
    return next((work for keys, work in CORPORA.items() if any(key in name for key in keys)), None)
