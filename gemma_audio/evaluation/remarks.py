"""What must be said of a scorecard: whatever its file lacks, repeats, contradicts or may have meant otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from gemma_audio.evaluation.answer_form import UNUSABLE, Form
from gemma_audio.evaluation.answer_key import listed
from gemma_audio.evaluation.made_on import edited, fitting, named
from gemma_audio.evaluation.readings import letter_in
from gemma_audio.evaluation.scorecard import Scorecard

MOSTLY = 0.9  # share of answers from which a file is said to be of a form
APART = 0.05  # difference of accuracies by two readings from which it is said
BRIEF = 8  # characters of what may be a letter or a number


def remarks(card: Scorecard) -> list[str]:
    """One line each; empty where there is nothing to say. Of the benchmark its own `warnings` tell."""
    return [*_ids(card), *_rows(card), *_revision(card), *_form(card), *_prefixes(card)]


def _ids(card: Scorecard) -> Iterator[str]:
    name, n = card.file.path.name, len(card.entries)
    unusable = [entry.item.id for entry in card.entries if entry.failure.startswith(UNUSABLE)]
    for ids, what in (
        (card.missing, f"of {n} questions have no answer in {name} and count as wrong"),
        (unusable, f"answers in {name} are neither text nor number and count as wrong"),
        (card.contradicting, f"ids have contradicting answers in {name} and count as wrong"),
        (card.repeated, f"ids occur more than once in {name} with the same answer, which counts once"),
        (card.extra, f"ids of {name} are no question of {card.key.name} and are left out"),
    ):
        if ids:
            yield f"{len(ids)} {what} ({listed(ids)})"


def _rows(card: Scorecard) -> Iterator[str]:
    if card.file.bad:
        reasons = "; ".join(f"row {number}: {reason}" for number, reason in card.file.bad[:3])
        yield f"{len(card.file.bad)} rows of {card.file.path.name} have no usable id and are left out ({reasons})"


def _revision(card: Scorecard) -> Iterator[str]:
    changed = [entry.item.id for entry in card.entries if edited(card.file, entry.item)]
    fits = fitting(card.file)
    foreign = named(fits) if fits and card.key.revision not in fits else ""
    if changed or (foreign and card.extra):
        what = f"{len(changed)} of its questions have other choices or another gold ({listed(changed)})" if changed else ""
        where = f"its sub-categories are those of MMAU in {foreign}" if foreign else ""
        yield f"{card.file.path.name} was made on another revision: {'; '.join(filter(None, (what, where)))}"


def _form(card: Scorecard) -> Iterator[str]:
    """Texts that are really letters or numbers, which the official rule does not understand."""
    answered = [entry for entry in card.entries if not entry.failure] if card.form == Form.text else []
    brief = [entry.text for entry in answered if len(entry.text) < BRIEF and entry.text not in entry.item.choices]
    letters = sum(letter_in(text, 26) is not None for text in brief)
    numbers = sum(text.strip().isdecimal() for text in brief)
    if answered and letters >= MOSTLY * len(answered):
        yield f"{letters} answers are only a letter, a word to the official rule; --form letter scores the choice that it names"
    if answered and numbers >= MOSTLY * len(answered):
        yield f"{numbers} answers are only a number, read as text; --form index (or index1) scores the choice that it counts to"


def _prefixes(card: Scorecard) -> Iterator[str]:
    official, stripped = (sum(getattr(entry.readings, rule) for entry in card.entries) for rule in ("official", "stripped"))
    if abs(stripped - official) >= APART * len(card.entries):
        how = f'the gold is {card.key.gold}, and "(A) " before answers or choices counts as a word in the official rule'
        yield f"{official} of {len(card.entries)} are right by the official rule and {stripped} without prefixes: {how}"
