"""What can be said of a benchmark before any work: whether its file holds a question and its folder a sound."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gemma_audio.config.kinds import BenchmarkKind
from gemma_audio.config.schema import Evaluation
from gemma_audio.errors import BenchmarkError, Problem
from gemma_audio.evaluation.benchmarks import annotation_file, mcq_file
from gemma_audio.evaluation.benchmarks.folder import AudioFolder
from gemma_audio.evaluation.benchmarks.mmau import FILE_REMEDY, FOLDER_REMEDY
from gemma_audio.evaluation.benchmarks.rows import parse
from gemma_audio.evaluation.item import Item


def problems(cfg: Evaluation) -> list[Problem]:
    """Why the benchmark as a whole cannot be used; nothing is said of paths that do not exist (the config's checks do)."""
    if not cfg.file or not Path(cfg.file).expanduser().is_file():
        return []
    if cfg.benchmark == BenchmarkKind.mcq_file:
        return list(_mcq(cfg))
    return list(_mmau(cfg, Path(cfg.file).expanduser())) if cfg.benchmark == BenchmarkKind.mmau else []


def _mcq(cfg: Evaluation) -> Iterator[Problem]:
    try:
        table = mcq_file.read(cfg)
        items, rejected, _ = mcq_file.questions(table, cfg)
        if not items:
            why = f"row {rejected[0].row}: {rejected[0].reason}"
            message = f"'{cfg.file}' has {len(table.rows)} rows and none is a usable question ({why})"
            yield Problem("evaluation.file", message, mcq_file.FILE_REMEDY)
        elif mcq_file.folder_of(cfg).is_dir():
            mcq_file.open_folder(cfg, items)
    except BenchmarkError as error:
        message, _, remedy = str(error).partition("\n")
        yield Problem("evaluation", message, remedy.strip())


def _mmau(cfg: Evaluation, path: Path) -> Iterator[Problem]:
    try:
        if not path.read_bytes().strip():
            yield Problem("evaluation.file", f"'{path}' is empty", FILE_REMEDY)
            return
        _, rows = annotation_file.read(path, FILE_REMEDY)
    except OSError as error:
        yield Problem("evaluation.file", f"'{path}' cannot be read ({error.strerror})", FILE_REMEDY)
        return
    except BenchmarkError as error:
        yield Problem("evaluation.file", str(error).split("\n")[0], FILE_REMEDY)
        return
    items, rejected = parse(rows)
    if not items:
        why = f"row {rejected[0].row}: {rejected[0].reason}"
        yield Problem("evaluation.file", f"'{path}' has {len(rows)} rows and none is a usable question ({why})", FILE_REMEDY)
    elif cfg.audio_dir:
        yield from _sounds(items, Path(cfg.audio_dir).expanduser())


def _sounds(items: list[Item], root: Path) -> Iterator[Problem]:
    if root.is_dir() and not AudioFolder(root).holds_any(items):
        message = f"none of the {len(items)} clips is in '{root}' (the first would be {items[0].audio})"
        yield Problem("evaluation.audio_dir", message, FOLDER_REMEDY)
