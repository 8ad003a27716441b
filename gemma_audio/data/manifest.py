"""A user's own training data: a file of rows that name sounds, captions, questions and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from gemma_audio.audio import decode
from gemma_audio.config.schema import Data
from gemma_audio.data.content import digest
from gemma_audio.data.example import Example
from gemma_audio.data.product import Pcm, Product, to_pcm
from gemma_audio.data.rejected import Rejected, sift
from gemma_audio.data.table import Table, read
from gemma_audio.data.text import control_faults, short
from gemma_audio.errors import AudioError, GemmaAudioError, Problem

KEYS = ("id", "audio", "source", "kind", "caption", "question", "choices", "answer")
REQUIRED = ("id", "audio", "source", "kind")
TEXTS = {"caption": ("caption",), "qa": ("question", "answer")}
REMEDY = "data.file=PATH (.jsonl, .json, .csv) with columns id, audio, source, kind and caption, or question, choices, answer"
CHUNK = 32
Rows = list[tuple[int, Example]]
Heard = tuple[str, Pcm | None, tuple[str, ...]]


def identity(data: Data) -> dict[str, Any]:
    """The content of the file and of the sounds that its rows name; no path counts, and no other field."""
    table = open_table(data)
    rows, _ = parse(table, data)
    names = dict.fromkeys(example.clip for _, example in rows)
    sounds = digest((name, place(data, name)) for name in names)
    return {"manifest": table.sha256, "audio": sounds, "columns": data.columns or None}


def build(data: Data, into: Path, workers: int = 1) -> None:
    """Write the product folder; rows that are no examples, for their text or their sound, are listed in it.

    Raises GemmaAudioError where not one row is left.
    """
    rows, bad = parse(open_table(data), data)
    product, notes = Product(into), Counter[str]()
    silent: dict[str, str] = {}
    for name, pcm, said in _heard(data, [*dict.fromkeys(example.clip for _, example in rows)], workers):
        if pcm is None:
            silent[name] = said[0]
            continue
        product.clip(name, pcm)
        notes.update(said)
    bad += [Rejected(number, example.id, silent[example.clip]) for number, example in rows if example.clip in silent]
    bad.sort(key=lambda entry: entry.row)
    examples = [example for _, example in rows if example.clip not in silent]
    product.finish(examples, bad, notes)
    if not examples:
        raise GemmaAudioError(str(nothing_left(data, bad)))


def open_table(data: Data) -> Table:
    """The manifest as it stands on disk. Raises GemmaAudioError."""
    return read(Path(data.file or "").expanduser(), REMEDY)


def parse(table: Table, data: Data) -> tuple[Rows, list[Rejected]]:
    """Every row becomes an example or is rejected with all reasons; the first of equal ids wins. No sound is opened."""
    kept, rejected = sift(table.named(data.columns, KEYS), _faults)
    return [(number, _example(row)) for number, row in kept], rejected


def place(data: Data, name: str) -> Path:
    """Where a sound lies: in data.audio_dir, or beside the manifest; an absolute path stays as it is."""
    root = Path(data.audio_dir) if data.audio_dir else Path(data.file or "").parent
    return root.expanduser() / name


def nothing_left(data: Data, bad: Sequence[Rejected]) -> Problem:
    """The problem of a manifest without a usable row."""
    shown = "; ".join(f"row {entry.row}: {entry.reason}" for entry in bad[:3])
    return Problem("data.file", f"none of the {len(bad)} rows of '{data.file}' can be used ({shown})", REMEDY)


def _example(row: dict[str, Any]) -> Example:
    asks = row["kind"] == "qa"
    choices = tuple(row["choices"]) if asks else ()
    answer = row["answer"] if asks else row["caption"]
    return Example(row["id"], row["audio"], row["source"], row["kind"], row["question"] if asks else "", choices, answer)


def _faults(row: dict[str, Any]) -> Iterator[str]:
    kind = row.get("kind")
    if kind is not None and str(kind) not in TEXTS:
        yield f"unknown kind {short(kind)}; allowed: {', '.join(TEXTS)}"
    texts = (*REQUIRED, *TEXTS.get(str(kind), ()))
    if missing := [key for key in texts if key not in row]:
        yield f"missing {'keys' if len(missing) > 1 else 'key'} {', '.join(missing)}"
    for key in texts:
        if key in row and not (isinstance(row[key], str) and row[key].strip()):
            yield f"{key} is no text: {short(row[key])}"
    if kind == "qa":
        yield from _choice_faults(row)
    choices = row.get("choices")
    yield from control_faults((row.get("question"), row.get("caption"), *(choices if isinstance(choices, list) else ())))


def _choice_faults(row: dict[str, Any]) -> Iterator[str]:
    choices, answer = row.get("choices"), row.get("answer")
    if choices is None:
        yield "missing key choices"
    elif not isinstance(choices, list):
        yield f"choices is no list (in a CSV cell: a JSON list): {short(choices)}"
    elif not 2 <= len(choices) <= 26:
        yield f"{len(choices)} choices, allowed are 2 to 26"
    elif not all(isinstance(choice, str) and choice.strip() for choice in choices):
        yield f"choices hold something that is no text: {short(choices)}"
    elif isinstance(answer, str) and answer.strip() and answer not in choices:
        yield f"the answer {short(answer)} is not among the choices {short(choices)}"


def _heard(data: Data, names: Sequence[str], workers: int) -> Iterator[Heard]:
    """Every sound in order: its name, samples (None if it cannot be used) and notes, or the reason why not."""
    placed = [(name, str(place(data, name))) for name in names]
    jobs = [placed[at : at + CHUNK] for at in range(0, len(placed), CHUNK)]
    if workers <= 1 or len(jobs) <= 1:
        for job in jobs:
            yield from _decoded(job)
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("forkserver")) as pool:
        for chunk in pool.map(_decoded, jobs):
            yield from chunk


def _decoded(job: Sequence[tuple[str, str]]) -> list[Heard]:
    heard: list[Heard] = []
    for name, path in job:
        try:
            clip = decode(path, name=name)
        except (AudioError, OSError) as error:
            heard.append((name, None, ("bad audio: " + "; ".join(map(str.strip, str(error).splitlines())),)))
            continue
        clipped = ("clipped at full scale",) if abs(clip.samples).max() > 1 else ()
        heard.append((name, to_pcm(clip.samples), (*clip.notes, *clipped)))
    return heard
