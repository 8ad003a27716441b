"""gemma-audio-eval as it is typed: what goes to stdout, what to stderr, and the exit code."""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gemma_audio.cli.evaluate.main import app
from gemma_audio.evaluation.readings import RULES

ENTRY = "import sys; sys.argv[0] = 'gemma-audio-eval'; from gemma_audio.cli.evaluate.main import app; app()"
SIZES = {("sound", "Counting"): 30, ("music", "Instrumentation"): 20, ("speech", "Phonemic Stress Pattern Analysis"): 25}
SEED = 7
README = Path(__file__).parents[2] / "README.md"


def invoke(*words: object, code: int = 0) -> Any:
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    return done


@pytest.fixture
def quiz(tmp_path: Path) -> Path:
    """75 questions in MMAU's shape."""
    groups = [group for group, count in SIZES.items() for _ in range(count)]
    rows = [
        {
            "id": f"q{n}", "audio_id": f"./test-mini-audios/q{n}.wav", "question": f"What is heard in clip {n}?",
            "choices": [f"thing {n}{k}" for k in "abcd"], "answer": f"thing {n}{'abcd'[n % 4]}", "dataset": "made", "task": task,
            "split": "test-mini", "category": ["Reasoning"] if n % 9 == 0 else "Reasoning", "sub-category": name,
            "difficulty": ("easy", "medium", "hard")[n % 3],
        }
        for n, (task, name) in enumerate(groups)
    ]  # fmt: skip
    path = tmp_path / "quiz.json"
    path.write_text(json.dumps(rows))
    return path


@pytest.fixture
def answered(quiz: Path) -> Callable[..., Path]:
    """Writes MMAU's own kind of prediction file: the rows with one more key, right in a given share."""

    def make(name: str, share: float, seed: int = SEED) -> Path:
        print(f"seed {seed}")
        rng = random.Random(f"{seed} {name}")
        rows = json.loads(quiz.read_text())
        for row in rows:
            row["model_output"] = row["answer"] if rng.random() < share else rng.choice(row["choices"])
        path = quiz.parent / f"{name}.json"
        path.write_text(json.dumps(rows))
        return path

    return make


def test_score_prints_the_documented_json(quiz: Path, answered: Callable[..., Path]) -> None:
    path = answered("some", 0.5)
    rows = json.loads(path.read_text())
    right = sum(row["model_output"] == row["answer"] for row in rows)
    path.write_text(json.dumps(rows[:-5]))
    lost = sum(row["model_output"] == row["answer"] for row in rows[-5:])
    found = json.loads(invoke("score", path, "--benchmark", quiz, "--json").stdout)
    assert (found["n"], found["missing"], found["unparsed"]) == (75, 5, 0)
    assert found["official"]["correct"] == found["strict"]["correct"] == right - lost
    assert found["official"]["accuracy"] == (right - lost) / 75
    for rule in RULES:
        assert set(found[rule]) == {"correct", "accuracy", "interval"}
        assert found[rule]["interval"][0] <= found[rule]["accuracy"] <= found[rule]["interval"][1]
    assert set(found["by"]) == {"task", "category", "sub-category", "difficulty"}
    for groups in found["by"].values():
        assert sum(group["n"] for group in groups.values()) == 75
        assert sum(group["missing"] for group in groups.values()) == 5
        assert sum(group["official"]["correct"] for group in groups.values()) == right - lost
    assert list(found["by"]["category"]) == ["Reasoning"]
    assert found["benchmark"]["revision"] == "unknown"
    assert len(found["benchmark"]["sha256"]) == 64


def test_warnings_go_to_stderr_and_change_no_exit_code(quiz: Path, answered: Callable[..., Path]) -> None:
    path = answered("some", 0.5)
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([*rows[1:], {"id": "stranger", "model_output": "x"}]))
    done = invoke("score", path, "--benchmark", quiz)
    assert "no known revision" in done.stderr
    assert "1 of 75 questions have no answer in some.json and count as wrong (q0)" in done.stderr
    assert "stranger" in done.stderr
    assert "warning" not in done.stdout
    for word in ("official", "stripped", "letter", "strict", "sub-category", "Phonemic Stress Pattern Analysis", "gold bare"):
        assert word in done.stdout


def test_the_form_and_the_columns_can_be_told(quiz: Path, tmp_path: Path) -> None:
    rows = [{"key": r["id"], "said": "ABCD"[r["choices"].index(r["answer"])]} for r in json.loads(quiz.read_text())]
    path = tmp_path / "letters.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("score", path, "-b", quiz, "--id", "key", "--answers", "said", "--json")
    assert json.loads(invoke(*words).stdout)["official"]["correct"] == 0
    assert json.loads(invoke(*words).stdout)["letter"]["correct"] == 75
    assert json.loads(invoke(*words, "--form", "letter").stdout)["official"]["correct"] == 75
    assert "--id COLUMN" in invoke("score", path, "-b", quiz, code=2).stderr
    assert "--form" in invoke("score", path, "-b", quiz, "--form", "word", code=2).stderr


def test_what_cannot_be_used_is_refused_with_2(quiz: Path, answered: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("")
    good = answered("good", 0.9)
    for words in (
        ("score", tmp_path / "none.json", "-b", quiz), ("score", tmp_path / "empty.json", "-b", quiz),
        ("score", good, "-b", tmp_path / "none.json"), ("score", good, "-b", tmp_path / "empty.json"),
        ("score", tmp_path, "-b", quiz), ("score", good, "-b", tmp_path),
        ("compare", good, "-b", quiz, "--out", tmp_path / "o"), ("compare", good, good, "-b", quiz, "--out", quiz),
        ("compare", good, good, "-b", quiz, "--out", tmp_path / "o", "--baseline", "bad"),
        ("compare", "--arm", "a=", "-b", quiz, "--out", tmp_path / "o"),
        ("report", tmp_path), ("report", tmp_path / "none"), ("report", good), ("score",), ("unknown",),
    ):  # fmt: skip
        done = invoke(*words, code=2)
        assert done.stdout == "", words
        assert done.stderr.strip(), words
        assert "Traceback" not in done.stderr, words
    assert not (tmp_path / "o").exists()


def test_compare_writes_the_report_and_prints_the_same_json(quiz: Path, answered: Callable[..., Path], tmp_path: Path) -> None:
    files = [answered("weak", 0.3), answered("strong", 0.9), answered("third", 0.5)]
    done = invoke("compare", *files, "--benchmark", quiz, "--out", tmp_path / "out", "--json")
    found = json.loads(done.stdout)
    assert found == json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert {"index.html", "comparison.md", "deltas.csv", "deltas.svg"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert list(found["arms"]) == ["weak", "strong", "third"]
    accuracy = {
        path.stem: json.loads(invoke("score", path, "-b", quiz, "--json").stdout)["official"]["accuracy"] for path in files
    }
    assert {name: arm["accuracy"] for name, arm in found["arms"].items()} == pytest.approx(accuracy)
    entry = found["pairs"][0]
    assert (entry["treatment"], entry["baseline"], entry["primary"], entry["scope"]) == ("strong", "weak", True, "these runs")
    assert entry["delta"] == pytest.approx(accuracy["strong"] - accuracy["weak"])
    assert not [e for e in found["pairs"] if e["scope"] == "recipe" and e["interval"]], "one file a side says nothing of recipes"


def test_the_pair_can_be_declared_and_names_are_made_unique(quiz: Path, answered: Callable[..., Path], tmp_path: Path) -> None:
    first, second = answered("a", 0.3), answered("b", 0.9)
    for name, path in (("one", first), ("two", second)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pred.json").write_bytes(path.read_bytes())
    files = [tmp_path / name / "pred.json" for name in ("one", "two")]
    words = ("compare", *files, "-b", quiz, "--out", tmp_path / "out", "--json", "--baseline", "two/pred")
    found = json.loads(invoke(*words).stdout)
    assert list(found["arms"]) == ["one/pred", "two/pred"]
    assert (found["sweep"]["treatment"], found["sweep"]["baseline"]) == ("one/pred", "two/pred")
    assert found["pairs"][0]["delta"] < 0


def test_several_files_of_an_arm_are_runs_of_a_recipe(quiz: Path, answered: Callable[..., Path], tmp_path: Path) -> None:
    arms = {name: [answered(f"{name}{run}", share, SEED + run) for run in range(3)] for name, share in (("v2", 0.4), ("v3", 0.8))}
    given = [word for name, paths in arms.items() for word in ("--arm", f"{name}={','.join(map(str, paths))}")]
    found = json.loads(invoke("compare", *given, "-b", quiz, "--out", tmp_path / "out", "--json").stdout)
    assert found["arms"]["v3"]["runs"] == 3
    entry = found["pairs"][0]
    assert (entry["scope"], entry["decides"], entry["treatment"]) == ("recipe", True, "v3")
    assert entry["interval"] is not None
    copies = f"v3={arms['v3'][0]},{arms['v3'][0]}"
    done = invoke("compare", arms["v2"][0], "--arm", copies, "-b", quiz, "--out", tmp_path / "out", "--json")
    assert json.loads(done.stdout)["arms"]["v3"]["runs"] == 1
    assert "byte by byte the same file" in done.stderr


def test_files_that_answer_different_questions_keep_every_question(
    quiz: Path, answered: Callable[..., Path], tmp_path: Path
) -> None:
    first, second = answered("first", 1.0), answered("second", 1.0)
    first.write_text(json.dumps(json.loads(first.read_text())[:40]))
    second.write_text(json.dumps(json.loads(second.read_text())[30:]))
    done = invoke("compare", first, second, "-b", quiz, "--out", tmp_path / "out", "--json")
    found = json.loads(done.stdout)
    assert {name: arm["n"] for name, arm in found["arms"].items()} == {"first": 75, "second": 75}
    assert found["arms"]["first"]["accuracy"] == pytest.approx(40 / 75)
    assert "first: 35 of 75" in done.stderr
    assert any("second: 30 of 75" in note for note in found["notes"])
    assert len(found["failures"]["items"]) == 65


def test_the_readmes_commands(quiz: Path, answered: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands = [line for line in README.read_text().splitlines() if line.startswith("gemma-audio-eval ")]
    assert len(commands) >= 4
    monkeypatch.chdir(tmp_path)
    Path("mmau-test-mini.json").write_bytes(quiz.read_bytes())
    for name in ("predictions", "baseline", "treatment", "v2-0", "v2-1", "v3-0", "v3-1"):
        answered(name, 0.5)
    for command in commands:
        words = shlex.split(command, comments=True)[1:]
        if words[0] == "report":
            invoke("report", "--help")
            assert words[1:] == ["outputs/sweeps/v2_v3/TIME"]
        else:
            invoke(*words)
            assert "--out" not in words or (tmp_path / words[words.index("--out") + 1] / "index.html").is_file()


def run(*words: object, code: str = ENTRY, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", **more}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, env=environment, check=False
    )


def test_nothing_but_json_goes_to_stdout_and_torch_stays_out(quiz: Path, answered: Callable[..., Path], tmp_path: Path) -> None:
    code = "import atexit, sys\natexit.register(lambda: print('TORCH', 'torch' in sys.modules, file=sys.stderr))\n" + ENTRY
    one, two = answered("a", 0.5), answered("b", 0.5)
    done = run("score", one, "--benchmark", quiz, "--json", code=code)
    assert done.returncode == 0
    assert json.loads(done.stdout)["n"] == 75
    assert done.stderr.startswith("warning: ")
    compared = run("compare", one, two, "--benchmark", quiz, "--out", tmp_path / "out", "--json", code=code)
    assert json.loads(compared.stdout)["schema"]
    assert all("TORCH False" in ended.stderr for ended in (done, compared))


def test_help_and_completion_import_nothing_heavy() -> None:
    code = "import atexit, sys\nheavy = {'torch', 'pandas', 'transformers', 'scipy', 'matplotlib', 'numpy', 'statsmodels'}\n"
    code += "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n" + ENTRY
    done = run("--help", code=code)
    assert "HEAVY []" in done.stdout
    assert "Exit codes: 0 done" in done.stdout
    assert "HEAVY []" in run("compare", "--help", code=code).stdout
    completing = {"_GEMMA_AUDIO_EVAL_COMPLETE": "complete_bash", "COMP_WORDS": "gemma-audio-eval sc", "COMP_CWORD": "1"}
    done = run(code=code, **completing)
    assert "score" in done.stdout
    assert "HEAVY []" in done.stdout
