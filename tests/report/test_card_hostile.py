"""A card of a sweep whose every free text is hostile, read back with a Markdown parser."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from card_cases import E4B, HOSTILE, STAGE, about, configured, store, written
from huggingface_hub import ModelCard
from markdown_it import MarkdownIt


def test_hostile_text_stays_text(maker: Callable[..., Any], tmp_path: Path) -> None:
    sweep = maker(2).plan({"base": 1, "v3": 2}, baseline="base")
    for item in sweep.items:
        if item["subcategory"] == "Counting":
            item["subcategory"] = HOSTILE
    sweep.finish("base-seed0", sweep.answers(-0.3))
    for seed in range(2):
        sweep.finish(f"v3-seed{seed}", sweep.answers(0.3))
    about(sweep, name=HOSTILE, revision=HOSTILE, warnings=[HOSTILE])
    data = {"name": HOSTILE, "kind": "manifest"}
    configured(sweep, E4B | {"source": "someone/model", "revision": HOSTILE}, data, "mcq_file", command=["gemma-audio", HOSTILE])
    store(sweep, stage=STAGE | {"objective": HOSTILE, "mix": {"sources": [HOSTILE]}}, data={HOSTILE: HOSTILE})
    text = written(sweep.folder, tmp_path / "card")
    card = ModelCard.load(tmp_path / "card" / "README.md")
    assert card.data.license == "other"
    assert "\n" not in card.data.eval_results[0].dataset_name
    body = card.text
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(body)
    flat = [t for token in tokens for t in [token, *(token.children or [])]]
    assert {t.content.strip() for t in flat if t.type.startswith("html")} <= {
        "<details><summary>Accuracy of these weights by subcategory</summary>", "</details>", "<br>"
    }  # fmt: skip
    assert not [t for t in flat if t.type in ("link_open", "image")]
    assert "http://" not in re.sub(r"`[^`]*`", "", body), "bare addresses become links on the Hub"
    assert [
        t.content for t, kind in zip(tokens[1:], tokens, strict=False) if kind.type == "heading_open" and kind.tag == "h1"
    ] == [r"v2\_v3-v3-seed0"]
    widths = [len(row) for row in _tables(tokens)]
    assert set(widths) == {1}, "every row of a table has as many cells as its head"
    assert "alert(1)" in text, "the hostile text was there"


def _tables(tokens: list[Any]) -> list[set[int]]:
    """Per table the numbers of cells of its rows."""
    found: list[set[int]] = []
    for token in tokens:
        if token.type == "table_open":
            found.append(set())
        elif token.type == "tr_open":
            cells = 0
        elif token.type in ("td_open", "th_open"):
            cells += 1
        elif token.type == "tr_close":
            found[-1].add(cells)
    return found
