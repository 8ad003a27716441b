"""What a config is told of its data before they are made is what is then made."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from gemma_audio.config import load_config
from gemma_audio.data.checks import KINDS, problems
from gemma_audio.data.corpus import Corpus
from gemma_audio.data.supply import data_bytes, supply
from gemma_audio.training.examples import select
from gemma_audio.world import build


@pytest.mark.parametrize("clips", [1, 7, 45])
def test_the_supply_counts_what_is_built(clips: int, tmp_path: Path) -> None:
    data = replace(load_config().data, clips=clips, dev_questions=1, test_questions=1)
    build(data, tmp_path)
    corpus = Corpus.open(tmp_path)
    made = Counter((example.kind, example.source) for example in corpus.examples)
    told = supply(data)
    assert told is not None
    assert {(kind, source): n for kind, held in told.items() for source, n in held.items() if n} == made
    assert sum(path.stat().st_size for path in tmp_path.glob("*.npy")) <= data_bytes(data)


def test_a_stage_that_is_let_through_finds_its_examples(tmp_path: Path) -> None:
    config = load_config("recipe=v2", "data.clips=9", "data.dev_questions=1", "data.test_questions=1")
    build(config.data, tmp_path)
    examples = Corpus.open(tmp_path).examples
    told = supply(config.data)
    held = {kind: [source for source, n in sources.items() if n] for kind, sources in (told or {}).items()}
    for stage in config.recipe.stages.values():
        kind = KINDS[stage.objective]
        alone = replace(stage, mix=replace(stage.mix, sources=held[kind]), batch_size=1, micro_batch_size=1)
        one = replace(config, recipe=replace(config.recipe, stages={"it": alone}))
        assert problems(one, told) == []
        assert select(examples, [kind], alone.mix.sources)


def test_a_manifest_counts_its_usable_rows(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "audio": "a.wav", "source": "mine", "kind": "caption", "caption": "A bell."},
        {"id": "b", "audio": "a.wav", "source": "mine", "kind": "qa", "question": "What?", "choices": ["x", "y"], "answer": "x"},
        {"id": "c", "audio": "a.wav", "source": "yours", "kind": "caption", "caption": " "},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    data = load_config("data=manifest", f"data.file={tmp_path / 'rows.jsonl'}").data
    assert supply(data) == {"caption": {"mine": 1}, "qa": {"mine": 1}}
    assert supply(replace(data, file=str(tmp_path / "nowhere.jsonl"))) is None
