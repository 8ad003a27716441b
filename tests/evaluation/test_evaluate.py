from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import soundfile
from fixture_rows import BAD, GOOD, row

from gemma_audio.config.kinds import BenchmarkKind, Method, Weights
from gemma_audio.config.schema import Data, Evaluation, Model, Trainer
from gemma_audio.errors import BenchmarkError
from gemma_audio.evaluation.identity import identity
from gemma_audio.evaluation.run import evaluate
from gemma_audio.evaluation.score import official
from gemma_audio.evaluation.table import COLUMNS

MODEL = Model(name="tiny_untrained", source="embedded", weights=Weights.random, init_seed=1)
SEED = 23


def run(cfg: Evaluation, into: Path, data_folder: Path | None = None, **keywords: Any) -> dict[str, Any]:
    plain = {"model": MODEL, "trainer": Trainer(name="cpu"), "chain": []}
    return evaluate(cfg, data_folder=data_folder, into=into, **{**plain, **keywords})


def rows_of(into: Path) -> list[dict[str, str]]:
    with (into / "scores.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert tuple(reader.fieldnames or ()) == COLUMNS
        return list(reader)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder with an annotation file of all oddities and faults, sounds for most, two of them unusable."""
    print("seed", SEED)
    draw = np.random.default_rng(SEED)
    text = '=HYPERLINK("x"), "quoted"\nnewline'
    hostile = [row("formula", question=text, choices=["NA", "None", "-1", "+1"], answer="NA")]
    (tmp_path / "mmau.json").write_text(json.dumps([*GOOD, *hostile, *(bad for bad, _ in BAD)]), encoding="utf-8")
    for number, entry in enumerate([*GOOD, *hostile]):
        if entry["id"] not in ("five", "cafe"):
            rate = (16_000, 44_100, 8_000)[number % 3]
            soundfile.write(tmp_path / f"{entry['id']}.wav", draw.normal(0, 0.1, (rate // 3, 1 + number % 2)), rate)
    (tmp_path / "letters.wav").write_text("no sound")
    soundfile.write(tmp_path / "twice.wav", np.zeros(8000 * 31), 8000)
    return tmp_path


@pytest.mark.parametrize("method", list(Method))
def test_every_item_has_a_row_and_every_fault_is_listed(made: Path, evaluation, method: Method) -> None:
    cfg = evaluation(file=str(made / "mmau.json"), audio_dir=str(made), method=method)
    states: list[tuple[int, int, dict[str, Any]]] = []
    summary = run(cfg, made / "out", progress=lambda *state: states.append(state))
    rows = rows_of(made / "out")
    assert [entry["id"] for entry in rows] == [entry["id"] for entry in GOOD] + ["formula"]
    part = summary["benchmark"]
    assert (part["n"], part["answered"]) == (12, 8)
    assert part["missing"] == ["five", "cafe"]
    assert [entry["id"] for entry in part["failed"]] == ["twice", "letters"]
    assert "31.00 s long" in part["failed"][0]["reason"]
    assert [entry["row"] for entry in part["rejected"]] == list(range(13, 13 + len(BAD)))
    assert part["notes"]["averaged 2 channels"] >= 3
    by_id = {entry["id"]: entry for entry in rows}
    assert by_id["five"]["failure"] == "missing audio: ./test-mini-audios/five.wav"
    assert by_id["five"]["chosen"] == by_id["five"]["logprobs"] == by_id["five"]["text"] == ""
    assert states[-1][:2] == (12, 12)
    right = {name: [int(entry[f"correct_{name}"]) for entry in rows] for name in ("official", "strict")}
    for entry in rows:
        choices = json.loads(entry["choices"])
        answered = not entry["failure"]
        chosen = choices[int(entry["chosen"])] if entry["chosen"] else None
        assert int(entry["correct_official"]) == (answered and official(entry["answer"], entry["text"], choices))
        assert int(entry["correct_strict"]) == (chosen == entry["answer"])
        assert json.loads(entry["order"]) == list(range(len(choices)))
        if answered and method != Method.generate:
            assert chosen == entry["text"]
            assert len(json.loads(entry["logprobs"])) == len(choices)
    accuracy = summary["accuracy"]
    assert accuracy["official"] == sum(right["official"]) / 12, "failures stay in the denominator"
    assert accuracy["strict"] == sum(right["strict"]) / 12
    for kind in ("domains", "subcategories"):
        assert sum(group["n"] for group in accuracy[kind].values()) == 12
    assert sum(group["strict"] * group["n"] for group in accuracy["domains"].values()) == pytest.approx(sum(right["strict"]))
    assert summary["method"] == str(method)
    assert json.loads((made / "out" / "summary.json").read_text()) == summary
    assert str(made) not in (made / "out" / "summary.json").read_text() + (made / "out" / "scores.csv").read_text()


def test_files_survive_hostile_text(made: Path, evaluation) -> None:
    run(evaluation(file=str(made / "mmau.json"), audio_dir=str(made)), made / "out")
    table = pandas.read_csv(made / "out" / "scores.csv", keep_default_na=False)
    last = table.iloc[-1]
    assert (last["question"], last["answer"]) == ('=HYPERLINK("x"), "quoted"\nnewline', "NA")
    lines = (made / "out" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["id"] for record in records] == list(table["id"])
    assert set(records[0]) == {"id", "method", "order", "text", "chosen", "logprobs", "failure"}
    assert records[3]["chosen"] is None


def test_the_same_evaluation_twice_is_bit_equal(made: Path, evaluation) -> None:
    cfg = evaluation(file=str(made / "mmau.json"), audio_dir=str(made))
    run(cfg, made / "one")
    run(cfg, made / "two")
    for name in ("scores.csv", "predictions.jsonl"):
        assert (made / "one" / name).read_bytes() == (made / "two" / name).read_bytes()


def test_a_wrong_folder_is_told_before_any_weights_are_read(made: Path, evaluation, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    cfg = evaluation(file=str(made / "mmau.json"), audio_dir=str(tmp_path / "empty"))
    with pytest.raises(BenchmarkError, match="none of the"):
        run(cfg, made / "out", model=Model(name="none", source=str(tmp_path / "no-such-model")))


def test_mmau_with_the_one_genuine_clip(mmau_folder: Path, tmp_path: Path, evaluation) -> None:
    cfg = evaluation(file=str(mmau_folder / "mmau-test-mini.json"), audio_dir=str(mmau_folder))
    summary = run(cfg, tmp_path)
    part, rows = summary["benchmark"], rows_of(tmp_path)
    assert (part["n"], part["answered"], len(part["missing"]), part["failed"], part["rejected"]) == (1000, 1, 999, [], [])
    assert part["notes"] == {"resampled from 32000 Hz": 1}
    assert len(rows) == 1000
    assert sum(entry["failure"].startswith("missing audio: ./test-mini-audios/") for entry in rows) == 999
    assert rows[0]["chosen"] in set("0123")
    assert summary["accuracy"]["official"] == int(rows[0]["correct_official"]) / 1000
    assert len(summary["accuracy"]["subcategories"]) == 27


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Data, Path]:
    from gemma_audio.world import build

    data = Data(name="small", clips=12, dev_questions=1, test_questions=2)
    folder = tmp_path_factory.mktemp("world")
    build(data, folder, 1)
    return data, folder


def test_the_embedded_benchmark(world: tuple[Data, Path], tmp_path: Path, evaluation) -> None:
    cfg = evaluation(benchmark=BenchmarkKind.embedded, name="embedded")
    summary = run(cfg, tmp_path, data_folder=world[1])
    rows, part = rows_of(tmp_path), summary["benchmark"]
    assert part["rejected"] == part["missing"] == part["failed"] == []
    assert part["revision"].startswith("world ")
    assert part["n"] == len(rows) == 2 * len(summary["accuracy"]["subcategories"])
    assert set(summary["accuracy"]["domains"]) == {"sound", "music", "speech"}
    limited = run(evaluation(benchmark=BenchmarkKind.embedded, limit=5), tmp_path / "five", data_folder=world[1])
    assert limited["benchmark"]["n"] == 5
    assert len(limited["accuracy"]["subcategories"]) == 5


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize(("dtype", "precision"), [("bfloat16", "32-true"), ("float32", "bf16-mixed"), ("bfloat16", "bf16-mixed")])
def test_half_precision(world: tuple[Data, Path], tmp_path: Path, evaluation, method: Method, dtype: str, precision: str) -> None:
    cfg = evaluation(benchmark=BenchmarkKind.embedded, method=method, limit=3)
    model = Model(name="tiny_untrained", source="embedded", weights=Weights.random, init_seed=1, dtype=dtype)
    trainer = Trainer(name="cpu", precision=precision)
    assert run(cfg, tmp_path / "half", data_folder=world[1], model=model, trainer=trainer)["benchmark"]["answered"] == 3
    run(cfg, tmp_path / "full", data_folder=world[1])
    for half, full in zip(rows_of(tmp_path / "half"), rows_of(tmp_path / "full"), strict=True):
        if method != Method.generate:
            assert json.loads(half["logprobs"]) == pytest.approx(json.loads(full["logprobs"]), abs=0.3)
            assert half["logprobs"] != full["logprobs"], "the precision asked for must be the one used"


def test_a_damaged_world_is_named(world: tuple[Data, Path], tmp_path: Path, evaluation) -> None:
    cfg = evaluation(benchmark=BenchmarkKind.embedded)
    with pytest.raises(BenchmarkError, match="data=embedded"):
        run(cfg, tmp_path)
    folder = tmp_path / "broken"
    shutil.copytree(world[1], folder)
    text = (folder / "benchmark_test.json").read_text()
    (folder / "benchmark_test.json").write_text(text[: len(text) // 2])
    with pytest.raises(BenchmarkError, match=r"benchmark_test\.json"):
        run(cfg, tmp_path, data_folder=folder)
    (folder / "benchmark_test.json").unlink()
    with pytest.raises(BenchmarkError, match=r"benchmark_test\.json"):
        run(cfg, tmp_path, data_folder=folder)


def test_identity_follows_content_not_names(made: Path, tmp_path: Path, evaluation) -> None:
    def of(**changes: Any) -> str:
        plain = {"file": str(made / "mmau.json"), "audio_dir": str(made)}
        return json.dumps(identity(evaluation(**{**plain, **changes}), None), sort_keys=True)

    first = of()
    copy = tmp_path / "copy"
    shutil.copytree(made, copy, ignore=shutil.ignore_patterns("copy"))
    assert of(file=str(copy / "mmau.json"), audio_dir=str(copy)) == first
    assert of(name="other", batch_size=9, max_new_tokens=99) == first
    changes = {"method": Method.letter, "prompt": "{question} {choices}", "choice": "{text}", "separator": " ", "limit": 2}
    for name, value in changes.items():
        assert of(**{name: value}) != first
    assert of(method=Method.generate, max_new_tokens=9) != of(method=Method.generate)
    shutil.copy(copy / "plain.wav", copy / "five.wav")
    assert of(audio_dir=str(copy)) != first, "a clip that was missing has come"
    (copy / "mmau.json").write_bytes((copy / "mmau.json").read_bytes() + b"\n")
    assert of(file=str(copy / "mmau.json")) != first


def test_identity_of_the_embedded_benchmark_needs_no_world(evaluation) -> None:
    cfg = evaluation(benchmark=BenchmarkKind.embedded, file=None)
    assert identity(cfg, {"world": 1}) != identity(cfg, {"world": 2})
    assert identity(cfg, {"world": 1}) == identity(evaluation(benchmark=BenchmarkKind.embedded, name="x"), {"world": 1})
    cfg.split = "dev"
    assert identity(cfg, {"world": 1}) != identity(evaluation(benchmark=BenchmarkKind.embedded), {"world": 1})
