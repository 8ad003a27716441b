"""Any multiple-choice benchmark: a JSON list, JSON lines or CSV with columns of any name, and a folder of sounds."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gemma_audio.config.kinds import AnswerForm
from gemma_audio.config.schema import Evaluation
from gemma_audio.data.layout import letter
from gemma_audio.data.rejected import Rejected
from gemma_audio.data.table import Table, Unreadable
from gemma_audio.data.table import read as read_table
from gemma_audio.errors import BenchmarkError, GemmaAudioError, Problem
from gemma_audio.evaluation.benchmarks.folder import AudioFolder, sounds
from gemma_audio.evaluation.benchmarks.rows import parse
from gemma_audio.evaluation.item import Benchmark, Item

REQUIRED = ("id", "audio", "question", "choices", "answer")
OPTIONAL = ("domain", "subcategory", "category", "difficulty", "dataset")
KEYS = (*REQUIRED, *OPTIONAL)
ROW = {"audio": "audio_id", "domain": "task", "subcategory": "sub-category"}
"""What MMAU's schema calls the keys that have another name there."""

UNKNOWN = "all"
"""Domain, subcategory and category of a row that names none."""

FILE_REMEDY = "evaluation.file=PATH of a .json, .jsonl or .csv file with the columns id, audio, question, choices and answer"
FOLDER_REMEDY = "evaluation.audio_dir=FOLDER that the names in the column audio start from"


def load(cfg: Evaluation, data_folder: Path | None) -> Benchmark:
    """Questions of `cfg.file`, sounds under `cfg.audio_dir` (or beside the file); rows that are no questions are listed.

    Columns that are read by nothing are warned of. Raises BenchmarkError for a file or folder that cannot be used as a whole.
    """
    table = read(cfg)
    items, rejected, form = questions(table, cfg)
    folder = open_folder(cfg, items)
    notes: dict[str, tuple[str, ...]] = {}
    revision = f"{Path(cfg.file or '').name}, answers by {form}"
    return Benchmark(cfg.name, table.sha256, revision, items, rejected, sounds(folder, notes), _unused(table, cfg), notes)


def identity(cfg: Evaluation, data_identity: dict[str, Any] | None) -> dict[str, Any]:
    """The file's and the sounds' sha256, and how the file is read: neither paths nor names."""
    table = read(cfg)
    items, _, form = questions(table, cfg)
    read_as = {"columns": cfg.columns or None, "answer": str(form)}
    return {"questions": table.sha256, "audio": open_folder(cfg, items).digest(items), **read_as}


def read(cfg: Evaluation) -> Table:
    """The file with all columns there that must be. Raises BenchmarkError."""
    try:
        table = read_table(Path(cfg.file or "").expanduser(), FILE_REMEDY)
    except GemmaAudioError as error:
        raise BenchmarkError(str(error)) from None
    if wrong := list(table.problems("evaluation", cfg.columns, REQUIRED)):
        raise BenchmarkError("\n".join(map(str, wrong)))
    return table


def questions(table: Table, cfg: Evaluation) -> tuple[list[Item], list[Rejected], AnswerForm]:
    """Items, rejected rows, and the form that the answers were read in.

    Raises BenchmarkError where `cfg.answer` is auto and some rows give a choice's text, others only a letter.
    """
    rows = table.named(cfg.columns, KEYS)
    form = answer_form(rows) if cfg.answer == AnswerForm.auto else cfg.answer
    dataset = Path(cfg.file or "").stem
    items, rejected = parse([_row(row, form, cfg.split, dataset) for row in rows], domains=None)
    return items, rejected, form


def open_folder(cfg: Evaluation, items: Sequence[Item]) -> AudioFolder:
    """The folder of the sounds. Raises BenchmarkError where it is not there, or holds none of them."""
    return AudioFolder.open(folder_of(cfg), items, FOLDER_REMEDY)


def folder_of(cfg: Evaluation) -> Path:
    """`cfg.audio_dir`, or the folder that holds `cfg.file`."""
    return Path(cfg.audio_dir).expanduser() if cfg.audio_dir else Path(cfg.file or "").expanduser().parent


def answer_form(rows: Sequence[Any]) -> AnswerForm:
    """Whether the rows' answers are texts of a choice or letters. Raises BenchmarkError where some are this and others that."""
    usable = [row for row in rows if isinstance(row, dict) and isinstance(row.get("choices"), list)]
    texts = sum(row.get("answer") in row["choices"] for row in usable)
    letters = sum(row.get("answer") not in row["choices"] and lettered(row) is not None for row in usable)
    if texts and letters:
        message = f"{texts} answers are texts of a choice and {letters} are letters: they must all be of one form"
        remedy = "evaluation.answer=text or evaluation.answer=letter; rows that do not fit are then rejected and listed."
        raise BenchmarkError(str(Problem("evaluation.answer", message, remedy)))
    return AnswerForm.letter if letters else AnswerForm.text


def lettered(row: dict[str, Any]) -> str | None:
    """The choice that a letter such as "B", "b", "(B)" or "B." names."""
    bare = row["answer"].strip().strip("().:").upper() if isinstance(row.get("answer"), str) else ""
    named = {letter(index): choice for index, choice in enumerate(row["choices"][:26])}
    return named.get(bare)


def _row(row: Any, form: AnswerForm, split: str, dataset: str) -> Any:
    """A row in MMAU's schema; what is wrong with it is left for the row's check to say."""
    if isinstance(row, Unreadable) or not isinstance(row, dict):
        return row
    plain = {"split": split, "domain": UNKNOWN, "subcategory": row.get("domain", UNKNOWN), "category": UNKNOWN}
    plain |= {"difficulty": "unknown", "dataset": dataset} | row
    if form == AnswerForm.letter and isinstance(plain.get("choices"), list) and "answer" in plain:
        named = lettered(plain)
        plain["answer"] = named if named is not None else f"no letter of a choice: {plain['answer']}"
    return {ROW.get(key, key): value for key, value in plain.items()}


def _unused(table: Table, cfg: Evaluation) -> list[str]:
    unused = table.unused(cfg.columns, KEYS)
    if not unused:
        return []
    free = [key for key in OPTIONAL if cfg.columns.get(key, key) not in table.columns]
    near = [(hit[0], column) for column in unused if (hit := get_close_matches(column, free, n=1))]
    hint = "; read one with " + " ".join(f"+evaluation.columns.{key}={column}" for key, column in near) if near else ""
    return [f"columns that nothing reads: {', '.join(unused)}{hint}"]
