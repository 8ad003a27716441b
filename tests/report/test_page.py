"""The page as a file: its policy, its data block, its size, and that it is built from anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from page_parts import HOSTILE, corpus, rewrite, with_sounds
from typer.testing import CliRunner

from gemma_audio.cli.evaluate.main import app
from gemma_audio.report.inline import asset, data_block
from gemma_audio.report.write import write_report


class Reader(HTMLParser):
    """Every element with its attributes, and the text of styles and scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self.within = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.within = tag in ("style", "script")

    def handle_endtag(self, tag):
        self.within = False

    def handle_data(self, data):
        if self.within:
            self.inside.append((*self.elements[-1], data))


def built(folder, embed=False):
    return write_report(folder, embed).read_text(encoding="utf-8")


def digest(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_policy_allows_exactly_this_style_and_this_script(full):
    page = Reader(built(full.folder))
    (policy,) = [a["content"] for tag, a in page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split("; ")}
    (style,) = [text for tag, _, text in page.inside if tag == "style"]
    (script,) = [text for tag, a, text in page.inside if tag == "script" and "type" not in a]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert rules["style-src"] == [digest(style)]
    assert rules["script-src"] == [digest(script)]
    assert rules["img-src"] == ["data:"]
    assert "unsafe" not in policy


def test_no_handlers_no_inline_styles_no_remote_parts(full):
    for tag, attributes in Reader(built(full.folder)).elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], (tag, attributes)
        for name in ("src", "href", "action"):
            assert not re.match(r"(?:[a-z]+:)?//|javascript:", attributes.get(name) or ""), (tag, attributes)


def test_the_script_sets_texts_and_never_markup():
    script = asset("flips.js")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|\.on[a-z]+ *=", script)
    assert "</script" not in script.lower()
    assert not re.search(r"fetch\(|XMLHttpRequest|https?:", script)


@pytest.mark.parametrize("text", [*HOSTILE, "\ud800 lone surrogate", "&amp;&lt;"])
def test_a_data_block_holds_any_text_and_nothing_ends_it(text):
    block = str(data_block({"x": [text]}))
    assert not re.search("[<>&\u2028\u2029]", block)
    assert json.loads(block)["x"] == [text.replace("\ud800", "?")]


def test_the_page_stays_small_for_a_whole_benchmark(maker):
    sweep = maker(11)
    longer = [
        dict(item, id=f"{item['id']}-{k}", question="What is heard in this recording of a street? " * 2)
        for k in range(5)
        for item in sweep.items
    ]
    sweep.items, sweep.difficulty = longer[:1000], np.tile(sweep.difficulty, 5)[:1000]
    sweep.plan({"base": 3, "v2": 3, "v3": 3})
    for place, cell in enumerate(sweep.spec["cells"]):
        sweep.finish(cell["name"], sweep.answers(), run=f"run{place}")
        likelihoods = [json.dumps(row.tolist()) for row in sweep.rng.normal(size=(1000, 4))]
        rewrite(sweep.cell(cell["name"]) / "scores.csv", logprobs=likelihoods)
    assert len(built(sweep.folder)) < 2_000_000


def test_many_arms_are_cut_down_and_that_is_said(maker):
    sweep = maker(12).plan({f"arm{k:03d}": 1 for k in range(30)}, baseline="arm000", treatment="arm001")
    for cell in sweep.spec["cells"]:
        sweep.finish(cell["name"], sweep.answers())
    text = built(sweep.folder)
    assert len(text) < 2_000_000
    assert "17 more are in" in text
    assert re.search(r"Not in the browser.*arm029", text)


def test_everything_missing(maker):
    sweep = maker(13).plan({"v2": 1, "v3": 1})
    text = built(sweep.folder)
    assert "No two arms have answered the same questions yet." in text
    assert "<script" not in text
    sweep = maker(13, "none").plan({"v2": 1})
    sweep.save("sweep.json", sweep.spec | {"arms": [], "cells": []})
    assert "No verdict yet" in built(sweep.folder)


def test_embedded_the_page_stands_alone(full, tmp_path):
    with_sounds(full.folder, corpus(tmp_path / "data", [item["id"] for item in full.items], 0.05))
    text = built(full.folder, embed=True)
    assert "media-src data:;" in text
    assert "data:audio/" in text
    assert not (full.folder / "report" / "audio").exists()
    assert "audio/" not in re.sub("data:audio/", "", text)


def test_the_command_embeds_too(full, tmp_path):
    with_sounds(full.folder, corpus(tmp_path / "data", [item["id"] for item in full.items], 0.05))
    result = CliRunner().invoke(app, ["report", str(full.folder), "--embed"])
    assert result.exit_code == 0, result.output
    assert "data:audio/" in (full.folder / "report" / "index.html").read_text()


def test_only_an_img_carries_a_picture(full):
    elements = Reader(built(full.folder)).elements
    assert not [tag for tag, _ in elements if tag in ("svg", "object", "iframe", "embed")]
    pictures = [a for tag, a in elements if tag == "img"]
    assert pictures
    assert all(a["src"].startswith("data:image/svg+xml;base64,") and a["alt"] for a in pictures)


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_in_both_themes():
    """WCAG 2.1, 1.4.3 (text, 4.5) and 1.4.11 (edges of controls, 3)."""
    for theme in re.findall(r":root \{([^}]*--paper: #[0-9a-f]{6};[^}]*)\}", asset("style.css")):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", theme))
        for front, back, least in [
            ("ink", "paper", 7),
            ("ink", "tint", 7),
            ("quiet", "paper", 4.5),
            ("quiet", "tint", 4.5),
            ("edge", "paper", 3),
        ]:
            light, dark = sorted((luminance(colours[front]), luminance(colours[back])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= least, (front, back, colours)
