"""A file of predictions scored against a benchmark: every question counts, whatever the file lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.evaluation.answer_form import NO_ANSWER, Answer, Form
from gemma_audio.evaluation.answer_key import AnswerKey, listed
from gemma_audio.evaluation.item import Item
from gemma_audio.evaluation.made_on import fitting, named
from gemma_audio.evaluation.prediction_file import PredictionFile
from gemma_audio.evaluation.readings import NOTHING, Readings, question


@dataclass(frozen=True)
class Entry:
    """One question and what became of it; `failure` says why there is no answer, "" if there is one.

    `picked` where the system gave an option, not a text.
    """

    item: Item
    text: str
    readings: Readings
    failure: str = ""
    picked: bool = False

    @property
    def unparsed(self) -> bool:
        """Whether there is an answer and it names no option, or two."""
        return not self.failure and self.readings.chosen is None


@dataclass(frozen=True)
class Scorecard:
    """One entry per question of the key, in its order.

    `missing` ids have no answer in the file; `extra` ids are no question; `repeated` ids have the same answer several times,
    which counts once; `contradicting` ids have different ones, which count as wrong.
    """

    key: AnswerKey
    file: PredictionFile
    form: Form
    entries: list[Entry]
    missing: list[str]
    extra: list[str]
    repeated: list[str]
    contradicting: list[str]


def score_file(key: AnswerKey, file: PredictionFile) -> Scorecard:
    """Score every question of the key.

    Raises GemmaAudioError where not one id of the file is in the key, or where it cannot be told from what number options count.
    """
    known = {item.id: item for item in key.items}
    if known.keys().isdisjoint(file.answers):
        raise GemmaAudioError(str(_strangers(key, file)))
    form = _base(file, known) if file.form == Form.zero_based and not file.told else file.form
    distinct = {name: _distinct(answers) for name, answers in file.answers.items() if name in known}
    entries = [_entry(item, distinct.get(item.id, []), form) for item in key.items]
    return Scorecard(
        key=key,
        file=file,
        form=form,
        entries=entries,
        missing=[entry.item.id for entry in entries if entry.failure.startswith(NO_ANSWER)],
        extra=[name for name in file.answers if name not in known],
        repeated=[name for name, answers in distinct.items() if len(answers) == 1 < _count(file.answers[name])],
        contradicting=[name for name, answers in distinct.items() if len(answers) > 1],
    )


def _entry(item: Item, answers: list[Answer], form: Form) -> Entry:
    if len(answers) > 1:
        rows = ", ".join(str(answer.row) for answer in answers[:5])
        return Entry(item, "", NOTHING, f"{len(answers)} contradicting answers (rows {rows})")
    if not answers or answers[0].fault:
        return Entry(item, "", NOTHING, answers[0].fault if answers else f"{NO_ANSWER} in the file")
    answer, asked = answers[0], question(item.choices, item.answer)
    chosen = answer.index(form, len(item.choices))
    if chosen is not None:
        text = item.choices[chosen] if answer.text is None else answer.text
        return Entry(item, text, asked.pick(chosen, text), picked=True)
    if answer.text is None:
        return Entry(item, str(answer.option), NOTHING)
    return Entry(item, answer.text, asked.read(answer.text))


def _distinct(answers: list[Answer]) -> list[Answer]:
    """An id's different answers; rows without one count only where there is no other."""
    given = {((answer.text or "").strip(), answer.option): answer for answer in reversed(answers) if not answer.fault}
    return list(reversed(given.values())) or answers[:1]


def _count(answers: list[Answer]) -> int:
    return sum(not answer.fault for answer in answers)


def _base(file: PredictionFile, known: Mapping[str, Item]) -> Form:
    """Whether options count from 0 or from 1: 0, and the number of choices, are each possible in one way only."""
    pairs = [(answer.option, known[name].choices) for name in file.answers if name in known for answer in file.answers[name]]
    given = [(option, len(choices)) for option, choices in pairs if isinstance(option, int)]
    zero, last = any(option == 0 for option, _ in given), any(option == count for option, count in given)
    if zero != last or not given:
        return Form.one_based if last else Form.zero_based
    why = "both 0 and the number of choices occur" if zero else "neither 0 nor the number of choices occurs"
    message = f"options in the column '{file.column}' may count from 0 or from 1: {why}"
    raise GemmaAudioError(str(Problem(str(file.path), message, "--form index (from 0) or --form index1 (from 1) decides.")))


def _strangers(key: AnswerKey, file: PredictionFile) -> Problem:
    ids = listed(list(file.answers), 2)
    message = f"not one of its {len(file.answers)} ids ({ids}) is in {key.name} (which has {key.items[0].id}, ...)"
    fits = fitting(file)
    remedy = f"Its sub-categories are those of MMAU in {named(fits)}." if fits else "--id COLUMN, if the ids stand elsewhere."
    return Problem(str(file.path), message, remedy)
