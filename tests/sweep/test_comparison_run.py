"""What of the comparison's run needs no W&B: its id, whether it is known already, its summary, and the line to type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gemma_audio.config.schema import Tracker, TrackerKind
from gemma_audio.sweep.mirror import Mirror
from gemma_audio.sweep.wandb_child import sync_line
from gemma_audio.sweep.wandb_comparison import Comparison, comparison_id, summary

ENTRY = {"primary": True, "decides": True, "treatment": "v3", "baseline": "v2", "scope": "recipe", "n": 9}
ENTRY |= {"delta": 0.1, "p": 0.02, "runs": {"treatment": 3, "baseline": 3}}


def report(folder: Path, command: str, n: int, run: str = "") -> Comparison:
    (folder / "report").mkdir(parents=True)
    found = {"sweep": {"command": command}, "provenance": {"when": command}, "arms": {"v2": {"n": n}}}
    (folder / "report" / "comparison.json").write_text(json.dumps(found))
    if run:
        (folder / "wandb" / f"offline-run-20260101_000000-{run}").mkdir(parents=True)
    return Comparison(Tracker(TrackerKind.wandb), Mirror("g", "someid", folder), folder.parent)


@pytest.mark.parametrize(
    ("n", "run", "known"), [(3, "someid", True), (2, "someid", False), (3, "otherid", False), (3, "", False)]
)
def test_the_same_findings_of_the_same_sweep_are_not_written_again(n: int, run: str, known: bool, tmp_path: Path) -> None:
    report(tmp_path / "monday", "first", n, run)
    assert report(tmp_path / "friday", "second", 3).known() is known


def test_the_id_is_that_of_the_declared_pair_and_the_cells() -> None:
    same = {comparison_id("s", ["v2", "v3"], work) for work in (["eval-1", "eval-2"], ["eval-2", "eval-1"])}
    assert len(same) == 1
    others = [
        ("t", ["v2", "v3"], ["eval-1", "eval-2"]),
        ("s", ["v3", "v2"], ["eval-1", "eval-2"]),
        ("s", ["v2", "v3"], ["eval-1"]),
    ]
    assert len({comparison_id(*other) for other in others} - same) == 3


@pytest.mark.parametrize(("interval", "bounds"), [([0.05, 0.15], (0.05, 0.15)), (None, (None, None))])
def test_the_summary_has_the_declared_pair(
    interval: list[float] | None, bounds: tuple[object, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gemma_audio.sweep.wandb_comparison.verdict", lambda comparison: ["first line", "second"])
    arms = {"v2": {"accuracy": 0.5}, "v3": {"accuracy": 0.6}, "v4": {"accuracy": None}}
    items = {"primary": True, "decides": False, "delta": 0.3}
    found = summary({"arms": arms, "pairs": [items, {**ENTRY, "interval": interval}]})
    assert (found["delta"], found["interval/low"], found["interval/high"]) == (0.1, *bounds)
    assert found["verdict"] == "first line"
    assert {key: value for key, value in found.items() if key.startswith("accuracy/")} == {"accuracy/v2": 0.5, "accuracy/v3": 0.6}


def test_the_line_to_type_survives_a_blank_in_a_path_and_is_only_there_for_offline_runs(tmp_path: Path) -> None:
    folder = tmp_path / "my sweeps"
    (folder / "wandb" / "run-20260101_000000-a").mkdir(parents=True)
    assert sync_line(str(folder)) == ""
    (folder / "wandb" / "offline-run-20260101_000000-b").mkdir()
    assert sync_line(str(folder)) == f"wandb sync '{folder}/wandb'"
