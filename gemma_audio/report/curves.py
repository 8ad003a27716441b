"""Training curves and dev probes: two charts, and a strip per arm of when each subcategory moved."""

from __future__ import annotations

from typing import Any

import numpy as np

from gemma_audio.report.chart import Line, Panel, chart
from gemma_audio.report.text import plain

ARMS = 12
OVERALL = ""
SMOOTH = 15  # a point of the loss curve stands for the mean of a fifteenth of the stage


def loss_svg(comparison: dict[str, Any]) -> str:
    """Loss by optimizer step, one panel per stage, smoothed; empty where no curve was kept."""
    curves = _shown(comparison["curves"])
    stages = list(dict.fromkeys(str(run["stage"]) for runs in curves.values() for run in runs if run["step"]))
    panels = [Panel(f"loss, {plain(stage, 40)}", "optimizer step", _losses(curves, stage), every=0.12) for stage in stages]
    return chart(panels, list(curves)) if panels else ""


def probe_svg(comparison: dict[str, Any]) -> str:
    """Accuracy on the dev split over all stages' steps, in percent, one line per arm; empty where nothing was probed."""
    probes = _shown(comparison["probes"])
    walks = {arm: _walks(runs) for arm, runs in probes.items()}
    means = [_mean(arm, [(x, 100 * y[OVERALL]) for x, y, _ in found]) for arm, found in walks.items()]
    lines = [line for line in means if line is not None]
    edges = sorted({edge for found in walks.values() for _, _, ends in found for edge in ends})
    panel = Panel("accuracy on the dev split (%)", "optimizer step, over all stages", lines, edges)
    return chart([panel], list(probes)) if lines else ""


def strips(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """Per arm `steps` and, overall and per subcategory, `start` (the first probe's accuracy) and `moved` (the change since then).

    Means over the runs that were probed at the same steps; the subcategories that gained most come first.
    """
    found = []
    for arm, runs in _shown(comparison["probes"]).items():
        walks = _walks(runs)
        walks = [walk for walk in walks if len(walk[0]) == len(walks[0][0]) and (walk[0] == walks[0][0]).all()]
        if not walks or len(walks[0][0]) < 2:
            continue
        names = list(walks[0][1])
        mean = {name: np.mean([y[name] for _, y, _ in walks if name in y], axis=0) for name in names}
        rows = [_row(name, y) for name, y in mean.items() if np.isfinite(y).all()]
        rows = sorted(rows, key=lambda row: (row["name"] != OVERALL, -row["moved"][-1]))
        found.append({"arm": arm, "runs": len(walks), "steps": [int(step) for step in walks[0][0][1:]], "rows": rows})
    return found


def _row(name: str, accuracy: np.ndarray) -> dict[str, Any]:
    moved = [float(value - accuracy[0]) for value in accuracy[1:]]
    return {"name": name, "start": float(accuracy[0]), "moved": moved}


def _shown(curves: dict[str, Any]) -> dict[str, Any]:
    return {arm: runs for arm, runs in list(curves.items())[:ARMS] if runs}


def _losses(curves: dict[str, Any], stage: str) -> list[Line]:
    """A line per arm that went through the stage."""
    lines = []
    for arm, runs in curves.items():
        kept = [run for run in runs if run["stage"] == stage and len(run["step"])]
        smoothed = [(np.asarray(run["step"], dtype=float), _smooth(np.asarray(run["loss"], dtype=float))) for run in kept]
        lines += [line] if (line := _mean(arm, smoothed)) else []
    return lines


def _smooth(values: np.ndarray) -> np.ndarray:
    """Running mean over a centred window, cut off at the ends."""
    half = max(1, len(values) // (2 * SMOOTH))
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low, high = np.maximum(index - half, 0), np.minimum(index + half + 1, len(values))
    return np.asarray((total[high] - total[low]) / (high - low))


def _walks(runs: list[dict[str, Any]]) -> list[tuple[np.ndarray, dict[str, np.ndarray], list[int]]]:
    """Each of an arm's runs from its first probe to its last."""
    return [_walk(runs, run) for run in dict.fromkeys(str(entry["run"]) for entry in runs)]


def _walk(runs: list[dict[str, Any]], run: str) -> tuple[np.ndarray, dict[str, np.ndarray], list[int]]:
    """One run's probes through all its stages: total steps, accuracy by name (OVERALL first), and where later stages begin.

    The probe before a later stage repeats the one after the stage before it and is left out.
    """
    steps: list[int] = []
    values: dict[str, list[float]] = {}
    edges: list[int] = []
    for entry in (entry for entry in runs if str(entry["run"]) == run and len(entry["step"])):
        offset = steps[-1] if steps else 0
        edges += [offset] if steps else []
        keep = [k for k, step in enumerate(entry["step"]) if not steps or step > 0]
        for name, series in {OVERALL: entry["accuracy"], **entry["subcategories"]}.items():
            values.setdefault(name, []).extend(series[k] for k in keep)
        steps += [offset + entry["step"][k] for k in keep]
    whole = {name: np.asarray(series, dtype=float) for name, series in values.items() if len(series) == len(steps)}
    return np.asarray(steps, dtype=float), whole, edges


def _mean(arm: str, series: list[tuple[np.ndarray, np.ndarray]]) -> Line | None:
    """The mean of several runs on the steps that all of them have."""
    if not series:
        return None
    shared = set(series[0][0].tolist()).intersection(*(set(x.tolist()) for x, _ in series[1:]))
    if not shared:
        return None
    stacked = np.array([[value for step, value in zip(x, y, strict=True) if step in shared] for x, y in series])
    return Line(arm, np.array(sorted(shared)), stacked.mean(0), stacked.min(0), stacked.max(0))
