"""Model cards, read back with the Hub's own parser and a Markdown parser."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import EvalResult, ModelCard
from markdown_it import MarkdownIt
from statsmodels.stats.proportion import proportion_confint
from typer.testing import CliRunner

from gemma_audio.cli.model.main import app
from gemma_audio.errors import GemmaAudioError
from gemma_audio.evaluation.benchmarks.mmau import revisions
from gemma_audio.report.card import card_view, model_card
from gemma_audio.report.card_evidence import against, evidence
from gemma_audio.report.card_sources import licence, works
from gemma_audio.report.card_subject import subject
from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep

HOSTILE = (
    "x](http://evil.example) <script>alert(1)</script> | `a` *b* \n---\nlicense: mit\n# Owned ![i](http://evil.example/i.png)"
)
EMBEDDED = {"source": "embedded", "revision": None, "weights": "pretrained", "dtype": "float32"}
E4B = {"source": "google/gemma-4-E4B-it", "revision": "0123abc", "weights": "pretrained", "dtype": "bfloat16"}
WORLD = {"name": "embedded", "kind": "embedded", "seed": 0, "clips": 2000}
STAGE = {
    "name": "adapter_tune", "objective": "qa", "trains": [], "mix": {"sources": []}, "steps": 5, "batch_size": 16,
    "micro_batch_size": 8, "seed": 0,
    "optim": {"lr": 0.002, "lr_by_part": {"adapter": 0.001}, "warmup_steps": 15, "min_lr_ratio": 0.1},
    "adapter": {"method": "dora", "rank": 32, "alpha": 64, "dropout": 0.05, "scope": {"language_model": r".*\.(gate|up)_proj"}},
    "prompts": {"by_source": {"clotho_aqa": ["Answer.\n{question}"], "*": [HOSTILE]}},
}  # fmt: skip


def configured(maker: Any, model: dict = EMBEDDED, data: dict = WORLD, benchmark: str = "embedded", **spec: Any) -> Any:
    evaluation = {"benchmark": benchmark, "split": "test", "method": "option_text"}
    maker.spec |= {"config": {"model": model, "data": data, "evaluation": evaluation}} | spec
    maker.save("sweep.json", maker.spec)
    return maker


def store(maker: Any, cell: str = "v3-seed0", stage: dict[str, Any] = STAGE, data: dict[str, Any] | None = None) -> str:
    """Seal the cell's stage beside the sweep; returns its fingerprint."""
    recorded = json.loads((maker.cell(cell) / "result.json").read_text())["stages"][0]
    place = maker.folder.parent / "store" / f"{recorded['name']}-{recorded['fingerprint']}"
    place.mkdir(parents=True)
    body = {"stage": stage, "data": data or {"world": 2}}
    (place / "identity.json").write_text(json.dumps({"identity": {"kind": "adapter_tune", "body": body}}))
    return str(recorded["fingerprint"])


def about(maker: Any, **benchmark: Any) -> None:
    """Change what every finished cell says of its benchmark."""
    for place in maker.folder.glob("*/result.json"):
        result = json.loads(place.read_text())
        result["benchmark"] |= benchmark
        place.write_text(json.dumps(result))


def written(folder: Path, out: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["card", str(folder), "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    return (out / "README.md").read_text()


def test_metadata_survives_the_hubs_own_parser(full, tmp_path: Path) -> None:
    written(configured(full).folder, tmp_path / "card")
    card = ModelCard.load(tmp_path / "card" / "README.md")
    assert (card.data.license, card.data.base_model, card.data.pipeline_tag) == ("apache-2.0", None, "audio-text-to-text")
    assert card.data.model_name == "v2_v3-v3-seed0"
    results = card.data.eval_results
    assert [r.metric_name for r in results] == [
        "Accuracy (MMAU's official rule)", *(f"Accuracy (MMAU's official rule), {d}" for d in ("sound", "music", "speech"))
    ]  # fmt: skip
    assert all(isinstance(r, EvalResult) and r.dataset_args["sha256"] == "a" * 64 for r in results)
    again = ModelCard(f"---\n{card.data.to_yaml()}\n---\n\nbody")
    assert again.data.eval_results == results
    assert again.data.to_dict() == card.data.to_dict()


def test_figures_are_those_of_the_rows(full, tmp_path: Path) -> None:
    written(configured(full).folder, tmp_path / "card")
    overall = ModelCard.load(tmp_path / "card" / "README.md").data.eval_results[0]
    rows = read_sweep(full.folder).rows
    correct = int(rows[(rows["run"] == "v30000000000")]["correct_official"].sum())
    n = len(full.items)
    low, high = proportion_confint(correct, n, method="wilson")
    assert overall.metric_value == pytest.approx(correct / n, abs=5e-5)
    assert overall.metric_args["interval"] == pytest.approx([low, high], abs=5e-5)
    assert (overall.metric_args["correct"], overall.metric_args["n"]) == (correct, n)


def test_first_planned_seed_is_reported_not_the_best(full, tmp_path: Path) -> None:
    sweep = configured(full).folder
    runs = compare_sweep(read_sweep(sweep))["arms"]["v3"]["per_run"]
    best = max(range(3), key=lambda seed: runs[seed]["accuracy"])
    assert best != 0, "the fixture's first seed must not be its best, or this test shows nothing"
    text = written(sweep, tmp_path / "card")
    assert "Seed 0 is reported: the first that the sweep planned" in text
    assert "`v30000000000`" in text
    named = written(sweep, tmp_path / "card", "--seed", str(best))
    assert f"Seed {best} is reported: named with `--seed` by whoever made this card" in named
    cell = written(full.cell("v3-seed0"), tmp_path / "card")
    assert "Seed 0 is reported: the first that the sweep planned" in cell
    assert "nothing here shows" in written(full.cell("v3-seed1"), tmp_path / "card")


def test_gains_are_what_the_tests_flag_whatever_the_raw_difference(full) -> None:
    comparison = compare_sweep(read_sweep(configured(full).folder))
    entry = against(comparison, "v3", "v2")
    flagged = {row["name"] for row in comparison["subcategories"] for p in row["pairs"][:1] if p["holm"] or (p["q"] or 1) <= 0.05}
    assert {row["name"] for row in entry["gains"] + entry["losses"]} == flagged != set()
    assert "Phonemic Stress Pattern Analysis" in flagged
    assert sum(len(entry[key]) for key in ("gains", "losses", "undecided", "blind")) == len(entry["rows"]) == 7
    large = [row for row in comparison["subcategories"] if row["name"] not in flagged and abs(row["pairs"][0]["delta"]) > 0.1]
    assert large, "a large raw difference that no test flags must be among the undecided"
    assert not {row["name"] for row in large} & {row["name"] for row in entry["gains"]}


def test_the_other_side_sees_the_same_comparison_turned(full) -> None:
    comparison = compare_sweep(read_sweep(configured(full).folder))
    one, two = against(comparison, "v3", "v2"), against(comparison, "v2", "v3")
    assert two["delta"] == -one["delta"]
    assert two["interval"] == [-one["interval"][1], -one["interval"][0]]
    assert [row["name"] for row in two["losses"]] == [row["name"] for row in one["gains"]]
    assert [entry["other"] for entry in evidence(comparison, "v2")] == ["v3", "base"]


def test_card_says_what_it_is_not_and_which_weights_it_means(full, tmp_path: Path) -> None:
    text = written(configured(full).folder, tmp_path / "card")
    assert "**This is not MMAU.**" in text
    assert "Published and reproduced" not in text
    assert "No exported file was evaluated for this card" in text
    stage = json.loads((full.cell("v3-seed0") / "result.json").read_text())["stages"][0]
    assert f"stage 1 `{stage['name']}`, fingerprint `{stage['fingerprint']}`" in text
    assert "is not in the store any more" in text
    assert "could not be put to a model and count as wrong" in text
    assert "could not have been flagged at all" in text


def test_training_comes_from_the_sealed_stage(full, tmp_path: Path) -> None:
    store(configured(full))
    text = written(full.folder, tmp_path / "card")
    cells = dict(re.findall(r"^\| ([^|]+) \| (.*) \|$", text, re.MULTILINE))
    assert cells["learning rate"] == "0.002; adapter 0.001"
    assert cells["schedule"] == "linear over 15 steps, then cosine to 0.0002"
    assert cells["adapter"].startswith("DoRA, rank 32, alpha 64, dropout 0.05, on")
    assert cells[r"prompt, clotho\_aqa"] == "Answer. ↵ {question}"
    assert "not in the store" not in text
    assert "Clotho-AQA" not in text, "the embedded world holds nothing of the corpora that its sources are named after"


def test_mmau_is_set_beside_the_published_table(full, tmp_path: Path) -> None:
    newest, *_, oldest = revisions()
    store(full, data={"manifest": "c" * 64})
    manifest = {"name": "manifest", "kind": "manifest"}
    for sha, sentence in ((newest, "cannot have been scored on this file"), (oldest, "can have been scored on.")):
        about(full, name="mmau_test_mini", sha256=sha, revision=revisions()[sha]["label"])
        sweep = configured(full, E4B, manifest, "mmau").folder
        text = written(sweep, tmp_path / "card")
        assert sentence in text
        assert "This is not MMAU" not in text
        assert re.search(r"\| base \| 55\.0 % \| \d\d\.\d % \|", text)
        assert re.search(r"\| Phonemic Stress Pattern Analysis \| \+9\.8 \| \+\d", text)
        assert "| Emotion Flip Detection | -15.0 | not asked |" in text
    card = ModelCard.load(tmp_path / "card" / "README.md")
    assert (card.data.license, card.data.base_model) == ("gemma", "google/gemma-4-E4B-it")
    assert card.data.eval_results[0].dataset_type == "gamma-lab-umd/MMAU-test-mini"
    assert "https://ai.google.dev/gemma/terms" in text
    assert all(name in text for name in ("**MMAU**", "**DoRA**", "**Clotho-AQA**"))


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


def test_run_of_its_own_is_compared_with_nothing(full, tmp_path: Path) -> None:
    configured(full)
    place = tmp_path / "runs" / "alone"
    place.parent.mkdir()
    full.cell("v3-seed1").rename(place)
    with pytest.raises(GemmaAudioError, match=r"run\.json cannot be read"):
        subject(place)
    (place / "run.json").write_text(json.dumps({"schema": 1, "command": ["gemma-audio"], "config": full.spec["config"]}))
    text = written(place, tmp_path / "card")
    assert "Compared with nothing" in text
    assert "by evidence" not in text
    assert "One training run" in text
    assert ModelCard.load(tmp_path / "card" / "README.md").data.model_name == "v3-seed1"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--arm", "v9"], "'v9' is no arm of this sweep"),
        (["--seed", "7"], "7 is no seed of v3 in this sweep"),
        (["--arm", "base"], "nothing was trained for base"),
    ],
)
def test_what_cannot_be_reported_is_refused(full, tmp_path: Path, options: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["card", str(configured(full).folder), "--out", str(tmp_path / "card"), *options])
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "card").exists()


def test_unfinished_first_seed_is_not_replaced_by_another(full) -> None:
    configured(full).status("v3-seed0", "failed", {"type": "MemoryError", "message": "no room"})
    with pytest.raises(GemmaAudioError, match=r"v3-seed0: is failed \(MemoryError: no room\)\n.*does not take another seed"):
        subject(full.folder)
    assert subject(full.folder, seed=1).cell.name == "v3-seed1"


def test_sweep_over_models_is_refused_since_its_config_is_the_first_cells(full) -> None:
    full.spec["cells"][0]["overrides"] = ["model=tiny"]
    full.spec["cells"][2]["overrides"] = ["model=gemma4_e4b"]
    with pytest.raises(GemmaAudioError, match="differs between v3-seed0 and the sweep's first cell"):
        subject(configured(full).folder)


def test_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GemmaAudioError, match=r"holds neither sweep\.json nor result\.json"):
        subject(tmp_path)


def test_base_from_a_folder_is_not_named_by_its_path(full) -> None:
    view = card_view(subject(configured(full, EMBEDDED | {"source": "/home/someone/model"}).folder))
    assert view["base"]["source"] == "a local folder"
    assert "/home/someone" not in model_card(subject(full.folder))


def test_licences_and_works() -> None:
    assert licence("google/gemma-4-E2B", synthetic=True).identifier == "gemma"
    assert licence("embedded", synthetic=True).identifier == "apache-2.0"
    assert licence("embedded", synthetic=False).identifier == licence("some/model", synthetic=True).identifier == "other"
    names = [work.name for work in works(["my_clotho_aqa", "clotho-v2", "mine"], ["lora"], mmau=False, synthetic=False)]
    assert names == ["LoRA", "Clotho-AQA", "Clotho"]
    assert works(["clotho"], [""], mmau=False, synthetic=True) == []


def test_readme_command_makes_a_card(full, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    commands = re.findall(r"^gemma-audio-model (card .*?)(?: *#.*)?$", readme, re.MULTILINE)
    assert commands
    for command in commands:
        words = [str(configured(full).folder) if word.startswith("outputs/sweeps/") else word for word in shlex.split(command)]
        assert CliRunner().invoke(app, words).exit_code == 0, command


def test_help_is_light_and_a_card_needs_no_torch(full, tmp_path: Path) -> None:
    code = (
        "import sys; from gemma_audio.cli.model.main import app\n"
        "try: app()\nexcept SystemExit as done: assert not done.code\n"
        "assert 'torch' not in sys.modules"
    )
    for words in (["--help"], ["card", str(configured(full).folder), "--out", str(tmp_path / "card")]):
        done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
