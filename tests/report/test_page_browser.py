"""The page in a real browser: it renders, filters, is worked by keyboard, plays clips, asks nobody, runs nothing foreign."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from chromium import Chromium, executable
from page_parts import HOSTILE, RAN, corpus, rewrite, with_sounds

from gemma_audio.report.write import write_report


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """One browser for this file. Without one the tests are skipped, or fail where GEMMA_AUDIO_BROWSER=required."""
    path = executable()
    if path is None:
        message = "no Chromium: the report page was NOT tested in a browser (Debian: apt-get install chromium)"
        pytest.fail(message) if os.environ.get("GEMMA_AUDIO_BROWSER") == "required" else pytest.skip(message)
    chromium = Chromium(path)
    yield chromium
    chromium.close()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Pages that are built once for this file, by name."""
    return tmp_path_factory.mktemp("pages"), {}


@pytest.fixture
def page(request, kept):
    """The page of a full sweep with clips and likelihoods."""
    return _once(kept, "page", lambda: _page(request.getfixturevalue("full"), request.getfixturevalue("tmp_path")))


@pytest.fixture
def hostile(request, kept):
    """A page where every text that a dataset, a sweep file or a log can give tries to run."""
    return _once(kept, "hostile", lambda: _hostile(request.getfixturevalue("maker")(21)))


def _once(kept, name, build):
    root, built = kept
    if name not in built:
        shutil.copytree(build().parents[1], root / name)
        built[name] = root / name / "report" / "index.html"
    return built[name]


def _page(full, tmp_path):
    for cell in full.spec["cells"]:
        draws = [json.dumps(row.tolist()) for row in full.rng.normal(size=(len(full.items), 4))]
        questions = [f"Question number {place}?" for place in range(len(full.items))]
        rewrite(full.cell(cell["name"]) / "scores.csv", question=questions, logprobs=draws)
    with_sounds(full.folder, corpus(tmp_path / "data", [item["id"] for item in full.items], 1.5))
    return write_report(full.folder)


def _hostile(sweep):
    for place, item in enumerate(sweep.items):
        choices = [f"{HOSTILE[(place + k) % len(HOSTILE)]} {k}" for k in range(4)]
        item |= {"id": f"{place} {HOSTILE[place % len(HOSTILE)]}", "question": HOSTILE[(place + 1) % len(HOSTILE)]}
        item |= {"choices": json.dumps(choices), "answer": choices[place % 4], "difficulty": HOSTILE[place % 3]}
        item |= {"subcategory": HOSTILE[place % len(HOSTILE)], "category": HOSTILE[place % 2], "task": HOSTILE[place % 4]}
    arms = [f"{text} arm" for text in HOSTILE[:4]]
    sweep.plan(dict.fromkeys(arms, 1), baseline=arms[0], treatment=arms[1], name=HOSTILE[0], decision=HOSTILE[1])
    sweep.save("sweep.json", sweep.spec | {"versions": {HOSTILE[2]: HOSTILE[3]}, "config": {HOSTILE[0]: HOSTILE[1]}})
    for place, cell in enumerate(sweep.spec["cells"]):
        cell["folder"] = f"{place}-" + cell["name"].replace("/", "∕")[:40]
        sweep.save("sweep.json", sweep.spec)
        sweep.finish(cell["name"], sweep.answers(), rejected=[{"row": 1, "id": HOSTILE[2], "reason": HOSTILE[7]}])
        silent = {"chosen": [""] * len(sweep.items), "text": [HOSTILE[k % len(HOSTILE)] for k in range(len(sweep.items))]}
        rewrite(sweep.cell(cell["name"]) / "scores.csv", **silent)
    last = sweep.spec["cells"][-1]["name"]
    sweep.status(last, "failed", {"type": HOSTILE[0], "message": HOSTILE[1], "log_tail": HOSTILE}, work=HOSTILE[2])
    (sweep.cell(last) / "run.log").write_text("any")
    with_sounds(sweep.folder, {"kind": "folder", "folder": str(sweep.folder)}, HOSTILE[2])
    return write_report(sweep.folder)


def data(page):
    return json.loads(re.search(r'id="flips-data">(.*?)</script>', page.read_text(), re.DOTALL)[1])


def shares(found, arm):
    return np.array([entry[6][arm][0] / found["arms"][arm][1] for entry in found["items"]])


def moved(found, treatment, baseline):
    return np.sign(shares(found, treatment) - shares(found, baseline))


def counted(browser):
    return [int(number) for number in re.findall(r"\d+", browser.eval("document.getElementById('count').textContent"))]


def test_it_renders_quietly_and_asks_for_nothing_but_itself(browser, page):
    browser.open(page)
    assert browser.trouble == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [page.as_uri()]
    assert browser.eval("document.querySelector('main').innerText.indexOf('Verdict') < 300")
    assert browser.eval("[...document.images].filter(i => i.loading !== 'lazy').every(i => i.complete && i.naturalWidth > 200)")
    assert browser.eval("document.querySelectorAll('.flip').length") == 20
    assert browser.eval("getComputedStyle(document.querySelector('.verdict')).borderLeftStyle") == "solid", "the style applies"


def test_counts_and_filters_agree_with_the_data(browser, page):
    browser.open(page)
    found = data(page)
    ways = moved(found, 2, 1)
    mixed = (ways == 0) & (shares(found, 1) % 1 > 0)
    gained, lost = int((ways > 0).sum()), int((ways < 0).sum())
    assert counted(browser)[:5] == [gained + lost + int(mixed.sum()), found["of"], gained, lost, int(mixed.sum())]
    browser.choose("direction", "gained")
    assert counted(browser)[:5] == [gained, found["of"], gained, 0, 0]
    assert browser.eval("[...document.querySelectorAll('.flip strong')].every(e => e.textContent === '▲ gained')")
    browser.choose("domain", "speech")
    speech = np.array([found["subcategories"][entry[1]][0] == "speech" for entry in found["items"]])
    assert counted(browser)[0] == int(((ways > 0) & speech).sum())
    code = next(k for k, (_, name) in enumerate(found["subcategories"]) if name == "Counting")
    browser.choose("subcategory", str(code))
    inside = np.array([entry[1] == code for entry in found["items"]])
    assert counted(browser)[0] == int(((ways > 0) & inside).sum())
    browser.choose("domain", "music")
    assert browser.eval("document.getElementById('subcategory').value") == "", "a subcategory of another domain is let go"


def test_another_pair_of_arms(browser, page):
    browser.open(page)
    found = data(page)
    browser.choose("baseline", "0")
    ways = moved(found, 2, 0)
    assert counted(browser)[2:4] == [int((ways > 0).sum()), int((ways < 0).sum())]
    browser.choose("size", "1")
    assert counted(browser)[0] == int((np.abs(shares(found, 2) - shares(found, 0)) == 1).sum())
    browser.choose("baseline", "2")
    assert browser.eval("document.getElementById('count').textContent") == "Choose two different arms."
    assert browser.eval("document.querySelectorAll('.flip').length") == 0


def test_an_item_shows_options_gold_runs_and_probabilities(browser, page):
    browser.open(page)
    found = data(page)
    name = browser.eval("document.querySelector('.flip code').textContent")
    entry = next(entry for entry in found["items"] if entry[0] == name)
    rows = browser.eval("[...document.querySelectorAll('.flip')[0].querySelectorAll('tbody tr')].map(r => r.innerText)")
    assert len(rows) == 4
    for index, row in enumerate(rows):
        assert entry[4][index] in row
        assert ("✓ correct" in row) == (index in entry[5])
        for arm in (1, 2):
            assert f"{entry[6][arm][1][index]} of 3" in row
            assert f"{entry[6][arm][2][index]} %" in row


def test_search_by_keyboard(browser, page):
    browser.open(page)
    found = data(page)
    name = next(entry[0] for entry, way in zip(found["items"], moved(found, 2, 1), strict=True) if way)
    browser.press("/")
    assert browser.eval("document.activeElement.id") == "search"
    typed(browser, "jk/")
    assert browser.eval("document.getElementById('search').value") == "jk/", "while one types, keys are letters"
    assert counted(browser)[0] == 0
    browser.eval("document.getElementById('search').value = ''")
    typed(browser, f"QUESTION {name}")
    assert counted(browser)[0] == 1
    assert browser.eval("document.querySelector('.flip code').textContent") == name


def typed(browser, text):
    for letter in text:
        browser.press(letter)


def test_moving_among_items_and_pages_by_keyboard(browser, page):
    browser.open(page)
    at = "[...document.querySelectorAll('.flip')].indexOf(document.activeElement)"
    for key, place in [("j", 0), ("j", 1), ("ArrowDown", 2), ("k", 1), ("ArrowUp", 0), ("k", 0)]:
        browser.press(key)
        assert browser.eval(at) == place
    first = browser.eval("document.activeElement.getAttribute('aria-posinset')")
    for _ in range(20):
        browser.press("j")
    assert browser.eval("document.getElementById('place').textContent").startswith("page 2")
    assert int(browser.eval("document.activeElement.getAttribute('aria-posinset')")) == int(first) + 20
    browser.press("k")
    assert browser.eval("document.activeElement.getAttribute('aria-posinset')") == "20"
    outline = "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).outlineWidth"
    assert browser.eval(outline) == "solid3px", "the focus is seen"


def test_tab_reaches_every_control(browser, page):
    browser.open(page)
    wanted = {"treatment", "baseline", "direction", "size", "domain", "sort", "subcategory", "search", "flip", "listen", "next"}
    seen: set[str] = set()
    for _ in range(200):
        browser.press("Tab")
        seen.add(browser.eval("document.activeElement.id || document.activeElement.className.split(' ')[0]"))
    assert wanted <= seen


@pytest.mark.parametrize("key", ["Enter", " "])
def test_a_clip_plays_from_the_disk(browser, page, key):
    browser.open(page)
    browser.press("j")
    browser.press(key)
    browser.until("document.querySelector('audio')?.currentTime > 0.2")
    assert browser.eval("document.querySelector('.listen').textContent") == "❚❚ Pause"
    browser.press(key)
    assert browser.eval("document.querySelector('audio').paused")
    heard = [url for url in browser.requests if not url.startswith("data:") and url != page.as_uri()]
    assert heard
    assert all(url.startswith(page.parent.as_uri() + "/audio/") for url in heard)
    browser.press("j")
    browser.press(key)
    browser.until("document.querySelectorAll('audio').length === 2 && !document.querySelectorAll('audio')[1].paused")
    assert browser.trouble == []


def test_a_clip_plays_from_within_the_page(browser, page, tmp_path):
    alone = shutil.copytree(page.parents[1], tmp_path / "alone")
    embedded = write_report(alone, embed=True)
    shutil.rmtree(alone / "report" / "audio")
    browser.open(embedded)
    browser.press("j")
    browser.press("Enter")
    browser.until("document.querySelector('audio')?.currentTime > 0.2")
    assert [url for url in browser.requests if not url.startswith("data:")] == [embedded.as_uri()]


def test_a_clip_that_is_gone_is_said(browser, page, tmp_path):
    browser.open(shutil.copy(page, tmp_path / "index.html"))
    browser.press("j")
    browser.press("Enter")
    browser.until("document.querySelector('.flip .sound').textContent.includes('cannot be played')")


def test_no_foreign_text_runs_or_becomes_markup(browser, hostile):
    browser.open(hostile)
    pages = int(browser.eval("document.getElementById('place').textContent").split()[-1])
    for _ in range(pages):
        assert (
            browser.eval(
                "document.querySelectorAll('main script, main img[src=\"x\"], main svg, [onload], [onerror], [onfocus]').length"
            )
            == 0
        )
        assert browser.eval("[...document.links].every(a => !a.protocol.startsWith('javascript'))")
        browser.eval("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        browser.eval("document.getElementById('next').click()")
    assert browser.eval("window.ran") is None
    assert browser.trouble == []
    assert [url for url in browser.requests if not url.startswith("data:")] == [hostile.as_uri()]
    text = browser.eval("document.querySelector('main').textContent")
    assert f"<script>{RAN}</script>" in text, "it is shown as what it is"
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u2028\u2029\x07]", text)


def test_the_harness_would_notice(browser, tmp_path):
    trap = tmp_path / "trap.html"
    trap.write_text(f"<meta charset=utf-8><script>{RAN}; console.error('seen')</script><img src=http://127.0.0.1:9/x>")
    browser.open(trap)
    assert browser.eval("window.ran") == 1
    assert browser.trouble
    assert "http://127.0.0.1:9/x" in browser.requests


@pytest.mark.parametrize("width", [1280, 800, 360])
def test_nothing_is_wider_than_the_window(browser, hostile, width):
    browser.open(hostile, width)
    browser.eval("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    assert browser.eval("document.documentElement.scrollWidth") <= width


def test_without_scripts_all_but_the_browser_of_questions_is_there(browser, page):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        text = browser.eval("document.querySelector('main').innerText")
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert "Scripts are off" in text
    assert "recipe:" in text
    assert browser.eval("document.querySelectorAll('.flip').length") == 0


def test_where_no_sound_is_at_hand_each_item_says_so(browser, full):
    browser.open(write_report(full.folder))
    said = browser.eval("[...document.querySelectorAll('.flip .sound')].map(e => e.textContent)")
    assert len(said) == 20
    assert all(line.startswith("No sound at hand") for line in said)
