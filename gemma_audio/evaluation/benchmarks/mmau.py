"""MMAU test-mini from its authors' own annotation file (github.com/Sakshi113/MMAU) and a folder with its clips."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from gemma_audio.config.schema import Evaluation
from gemma_audio.errors import BenchmarkError, Problem
from gemma_audio.evaluation.benchmarks import annotation_file
from gemma_audio.evaluation.benchmarks.folder import AudioFolder, sounds
from gemma_audio.evaluation.benchmarks.rows import parse
from gemma_audio.evaluation.item import Benchmark, Item

FILE_REMEDY = "type evaluation.file=PATH, with mmau-test-mini.json of the MMAU repository"
FOLDER_REMEDY = "type evaluation.audio_dir=FOLDER, with the clips <id>.wav in it or in test-mini-audios/ below it"


def load(cfg: Evaluation, data_folder: Path | None) -> Benchmark:
    """Questions of `cfg.file`, sounds under `cfg.audio_dir`; rows that are no questions are listed as rejected.

    A file of unknown sha256 gives a warning (scores of different revisions cannot be compared), an unusable one BenchmarkError.
    """
    sha256, rows = annotation_file.read(_path(cfg), FILE_REMEDY)
    items, rejected = parse(rows)
    folder = _folder(cfg, items)
    revision, warnings = describe(sha256)
    notes: dict[str, tuple[str, ...]] = {}
    return Benchmark(cfg.name, sha256, revision, items, rejected, sounds(folder, notes), warnings, notes)


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """The annotation file's and the sounds' sha256: neither paths nor names."""
    sha256, rows = annotation_file.read(_path(cfg), FILE_REMEDY)
    items, _ = parse(rows)
    return {"annotations": sha256, "audio": _folder(cfg, items).digest(items)}


def describe(sha256: str) -> tuple[str, list[str]]:
    """Name of the known revision with this sha256 ("unknown" if none) and what to warn of."""
    revision = revisions().get(sha256)
    if revision is None:
        newest = next(iter(revisions().values()))["label"]
        return "unknown", [f"sha256 {sha256[:12]} is no known revision of MMAU test-mini (newest known: {newest})"]
    lost = revision["n"] - revision["gold_among_choices"]
    warnings = [f"in this revision {lost} answers are not among the choices; their authors mended that later"] if lost else []
    return str(revision["label"]), warnings


@lru_cache(maxsize=1)
def revisions() -> dict[str, dict[str, Any]]:
    """Known revisions of mmau-test-mini.json by sha256, newest first, from the history of the MMAU repository."""
    text = files("gemma_audio.evaluation.benchmarks").joinpath("mmau_revisions.json").read_text(encoding="utf-8")
    table: dict[str, dict[str, Any]] = json.loads(text)
    return table


def _path(cfg: Evaluation) -> Path:
    if not cfg.file:
        raise BenchmarkError(str(Problem("evaluation.file", "MMAU's annotation file is not given", FILE_REMEDY)))
    return Path(cfg.file).expanduser()


def _folder(cfg: Evaluation, items: list[Item]) -> AudioFolder:
    if not cfg.audio_dir:
        raise BenchmarkError(str(Problem("evaluation.audio_dir", "the folder with MMAU's clips is not given", FOLDER_REMEDY)))
    return AudioFolder.open(Path(cfg.audio_dir).expanduser(), items, FOLDER_REMEDY)
