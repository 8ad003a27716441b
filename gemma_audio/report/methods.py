"""methods.md: what was done, for a paper's methods section, and what was not."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any

from gemma_audio.report.collect import Sweep
from gemma_audio.report.headline import counted
from gemma_audio.report.references import cited, statistics
from gemma_audio.report.remarks import rate
from gemma_audio.report.text import markdown_cell, plain

ASKED = {
    "option_text": "the length-normalised likelihood of each option's text",
    "letter": "the likelihood of each option's letter",
}
ASKED |= {"generate": "greedy decoding"}
DIFFERENT = "the answers come from files; how they were made is not known here"


def methods(sweep: Sweep, comparison: dict[str, Any]) -> str:
    """Paragraphs on data, arms, training, scoring, statistics and software, what was not tested, and the references cited."""
    stated = list(statistics(comparison))
    parts = {
        "Data": _data(comparison),
        "Arms": _arms(sweep, comparison),
        "Scoring": _scoring(sweep, comparison),
        "Statistics": [text for text, _ in stated],
        "Not tested": _untested(comparison),
        "Software": _software(sweep, comparison),
    }
    sections = [f"## {title}\n\n{_paragraph(lines)}" for title, lines in parts.items()]
    named = "\n".join(f"- {reference}" for reference in cited(key for _, keys in stated for key in keys))
    title = f"# Methods: {markdown_cell(str(comparison['sweep']['name']))}"
    return "\n\n".join([title, *sections, f"## References\n\n{named}"]) + "\n"


def _paragraph(lines: Iterable[str]) -> str:
    return " ".join(lines) or "None."


def _data(comparison: dict[str, Any]) -> Iterator[str]:
    about, failures = comparison["benchmark"], comparison["failures"]
    if not about["n"]:
        yield "No run has finished yet."
        return
    yield f"All arms answered {counted(about['n'], 'question')} of {_text(about['name'])} (revision {_text(about['revision'])};"
    yield f"sha256 `{_code(str(about['sha256']))}`). Every question stays in the denominator."
    if missing := len({entry["id"] for entry in failures["items"]}):
        yield f"{counted(missing, 'question')} could not be put to a model in at least one run and count as wrong there."
    if failures["rejected"]:
        yield f"{counted(len(failures['rejected']), 'annotation row')} were rejected and are no questions of any arm."


def _arms(sweep: Sweep, comparison: dict[str, Any]) -> Iterator[str]:
    model = (sweep.spec.get("config") or {}).get("model") or {}
    if model.get("name"):
        source, revision = _text(model.get("source")), _text(model.get("revision"))
        yield f"The model is {_text(model['name'])} (source {source}, revision {revision})."
    seeds = comparison["provenance"]["seeds"]
    for name, arm in comparison["arms"].items():
        how = f"{_training(arm)}, " if sweep.spec.get("config") else ""
        yield f"{_text(name)}: {how}{counted(arm['runs'], 'run')}{_seeds(seeds.get(name))}."
    if not any(arm["rates"] for arm in comparison["arms"].values()):
        yield f"No learning rates are known: {DIFFERENT if not sweep.spec.get('config') else 'no trained run states them'}."
    if sweep.spec.get("config"):
        chosen = comparison["sweep"].get("select") == "best"
        yield f"Arms are compared at {'their best step on the dev split' if chosen else 'the last step of each stage'}."
    treatment, baseline = (_text(comparison["sweep"][side]) for side in ("treatment", "baseline"))
    yield f"The declared comparison is {treatment} against {baseline}."
    if comparison["sweep"]["decision"]:
        yield f"Decision rule: {_text(comparison['sweep']['decision'])}"


def _training(arm: dict[str, Any]) -> str:
    if arm["trained"] is None:
        return "no comparable run"
    stages = [
        f"{_text(name)} ({told['steps']} steps at {rate(told['lr'])}{_parts(told['lr_by_part'])})"
        for name, told in arm["rates"].items()
    ]
    return ", then ".join(stages) or ("trained" if arm["trained"] else "not trained")


def _parts(rates: dict[str, float]) -> str:
    return "".join(f", {_text(part)} at {rate(value)}" for part, value in rates.items())


def _seeds(seeds: list[int] | None) -> str:
    return f" (seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))})" if seeds else ""


def _scoring(sweep: Sweep, comparison: dict[str, Any]) -> Iterator[str]:
    found = sorted(set(sweep.rows["method"])) if sweep.spec.get("config") else []
    if found:
        yield f"Answers were had by {' and by '.join(ASKED.get(method, _text(method)) for method in found)}."
    yield "An answer is right by MMAU's published rule on word sets (Sakshi et al. 2024); readings by strict index, without"
    yield "prefixes and by letter stand beside."
    shares = [arm["unparsed"] for arm in comparison["arms"].values() if arm["unparsed"] is not None]
    if shares:
        yield f"Answers that name no option count as wrong; they are at most {100 * max(shares):.1f} % of an arm's."
    varied = sorted({condition for arm in comparison["arms"].values() for condition in arm["controls"]})
    if varied:
        yield f"The questions were also asked under the conditions {', '.join(map(_text, varied))}."


def _untested(comparison: dict[str, Any]) -> Iterator[str]:
    varied = {condition.split("-")[0] for arm in comparison["arms"].values() for condition in arm["controls"]}
    missing = {"order": "other orders of the options", "wording": "other prompts", "silenced": "silenced audio"}
    missing |= {"swapped": "swapped audio", "no_question": "options without the question"}
    absent = [what for key, what in missing.items() if key not in varied]
    if absent:
        yield f"Not asked: {', '.join(absent)}."
    single = [name for name, arm in comparison["arms"].items() if arm["trained"] and arm["runs"] == 1]
    if single:
        yield f"One run of {', '.join(map(_text, single))}: nothing is known of how another training run would score."
    rows = [row["pairs"][0] for row in comparison["subcategories"] if row["pairs"]]
    if blind := sum(not row["testable"] for row in rows):
        yield f"{blind} of {len(rows)} subcategories could not have been flagged in the first pair, so their rows decide nothing."
    yield "One benchmark was used; how its questions were drawn is not modelled beyond independence of items."
    yield "The choice of learning rates and of other settings is not part of any interval."
    if comparison["cells"]["failed"] or comparison["cells"]["missing"]:
        failed, left = len(comparison["cells"]["failed"]), len(comparison["cells"]["missing"])
        yield f"{counted(failed, 'planned cell')} failed and {left} never finished; they are missing here."


def _software(sweep: Sweep, comparison: dict[str, Any]) -> Iterator[str]:
    about = comparison["provenance"]
    versions = [f"{_text(name)} {_text(version)}" for name, version in about["versions"].items()]
    yield f"{', '.join(versions)}." if versions else "No versions were recorded."
    if about["code"]:
        yield f"Code: {', '.join(f'{_text(key)} {_text(value)}' for key, value in about['code'].items())}."
    if about["command"]:
        yield f"Command: `{_code(shlex.join(map(str, about['command'])))}`."


def _text(value: Any) -> str:
    return "not stated" if value in (None, "") else markdown_cell(str(value), 300)


def _code(text: str) -> str:
    return plain(text, 1000).replace("`", "'")
