"""The command line end to end, with stand-ins for training and evaluation and the true report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOMS = Path(__file__).parent.parent / "sweep"
ABLATION = ["-m", "sweep=v2_v3", "recipe=base,v2,v3", "seed=0,1,2"]
ENTRY = """import fake_rooms
from gemma_audio.cli.main import main
sys.exit(main(["gemma-audio", *sys.argv[1:]], fake_rooms.ROOMS))"""


def run(out: Path, *words: str, cwd: Path = ROOMS) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOMS)!r})\n{ENTRY}"
    command = [sys.executable, "-c", code, *words, f"out={out}", "tracker=[csv]"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def sweeps(out: Path, name: str = "v2_v3") -> list[Path]:
    return sorted((out / "sweeps" / name).iterdir())


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text()))


def calls(out: Path) -> list[str]:
    return (out / "store" / "calls.log").read_text().splitlines()


def test_a_sweep_from_config_to_report_and_again(tmp_path: Path) -> None:
    done = run(tmp_path, *ABLATION)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = sweeps(tmp_path)
    plan = load(folder / "sweep.json")
    names = [f"{arm}-seed{seed}" for seed in range(3) for arm in ("base", "v2", "v3")]
    assert [cell["name"] for cell in plan["cells"]] == names, "the seed varies slowest"
    assert [cell["folder"] for cell in plan["cells"]] == [f"{index}-{name}" for index, name in enumerate(names)]
    assert (plan["schema"], plan["arms"], plan["baseline"], plan["treatment"]) == (1, ["base", "v2", "v3"], "v2", "v3")
    assert plan["command"][:3] == ["gemma-audio", "-m", "sweep=v2_v3"]
    comparison = load(folder / "report" / "comparison.json")
    assert comparison["cells"]["finished"] == names
    assert comparison["arms"]["base"]["runs"] == 1
    assert (comparison["arms"]["v2"]["runs"], comparison["arms"]["v3"]["runs"]) == (3, 3)
    assert f"{folder.name}/report/index.html" in done.stdout
    trained = calls(tmp_path)
    assert sum(line.startswith("train") for line in trained) == 9
    assert trained.count("evaluate []") == 1, "the base is evaluated once"

    again = run(tmp_path, *ABLATION)
    assert again.returncode == 0
    assert "everything is in the store" in again.stdout
    assert calls(tmp_path) == trained
    second = load(sweeps(tmp_path)[-1] / "report" / "comparison.json")
    assert second["arms"] == comparison["arms"]
    assert second["pairs"] == comparison["pairs"]


def test_a_failed_cell_is_reported_and_the_same_command_finishes_the_sweep(tmp_path: Path) -> None:
    words = ["-m", "sweep=v2_v3", "seed=0", "recipe=v2,v3", "recipe.stages.adapter.mix.sources=[once]"]
    done = run(tmp_path, *words)
    assert done.returncode == 1
    assert "FAILED (RuntimeError: the loss is not finite)" in done.stdout
    cells = load(sweeps(tmp_path)[0] / "report" / "comparison.json")["cells"]
    assert [entry["name"] for entry in cells["failed"]] == ["v2-seed0", "v3-seed0"]
    before = calls(tmp_path)
    again = run(tmp_path, *words)
    assert again.returncode == 0, again.stdout
    added = calls(tmp_path)[len(before) :]
    assert not any("encoder_retrain seed" in line for line in added), "what was finished is not trained again"


def test_one_run_prints_its_accuracies(tmp_path: Path) -> None:
    done = run(tmp_path, "recipe=v3", "seed=2")
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("runs/*/*-v3-seed2")
    result = load(folder / "result.json")
    share = f"{100 * result['accuracy']['official']:.1f} %"
    assert [line for line in done.stdout.splitlines() if line.startswith("all") and "60" in line and share in line]
    assert {line.split()[0] for line in done.stdout.splitlines() if line} >= {"sound", "music", "speech"}
    assert not (tmp_path / "sweeps").exists()


def test_one_run_that_fails_has_a_bad_exit_code(tmp_path: Path) -> None:
    done = run(tmp_path, "recipe.stages.adapter.mix.sources=[raise]")
    assert done.returncode == 1
    assert "run.log" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_cells_that_were_not_declared_as_a_sweep(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "recipe=base,v3")
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = sweeps(tmp_path, "adhoc")
    plan = load(folder / "sweep.json")
    assert (plan["baseline"], plan["treatment"]) == ("base", "v3")
    assert "exploratory" in plan["decision"]


def test_a_plan_prints_every_cell_and_makes_nothing(tmp_path: Path) -> None:
    done = run(tmp_path / "out", *ABLATION, "plan=true")
    assert done.returncode == 0, done.stderr
    assert "9 stages to train" in done.stdout
    assert "7 evaluations" in done.stdout
    assert not (tmp_path / "out").exists()


def test_secrets_on_the_command_line_reach_no_file(tmp_path: Path) -> None:
    done = run(tmp_path, "-m", "sweep=v2_v3", "seed=0", "recipe=v2,v3", "sweep.decision=hf_" + "Ab1" * 10)
    assert done.returncode == 0, done.stderr
    leaks = [path for path in tmp_path.rglob("*") if path.is_file() and b"hf_Ab1" in path.read_bytes()]
    assert leaks == []


def test_it_works_from_any_folder(tmp_path: Path) -> None:
    here = tmp_path / "elsewhere"
    here.mkdir()
    done = run(Path("outputs"), "recipe=base", cwd=here)
    assert done.returncode == 0, done.stderr
    assert list(here.glob("outputs/runs/*/*-base-seed0/result.json"))
