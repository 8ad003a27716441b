"""A model card: README.md of a trained run, ready for the Hub."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from gemma_audio.analysis.intervals import wilson
from gemma_audio.config.kinds import Architecture
from gemma_audio.models.identity import local_folder
from gemma_audio.report.arms import ordered
from gemma_audio.report.card_evidence import evidence
from gemma_audio.report.card_exported import Exported
from gemma_audio.report.card_exported import view as exported_view
from gemma_audio.report.card_metadata import metadata, slug
from gemma_audio.report.card_published import beside, is_mmau
from gemma_audio.report.card_recipe import sources, stages
from gemma_audio.report.card_sources import is_gemma, licence, works
from gemma_audio.report.card_subject import Subject
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.scored import RULE
from gemma_audio.report.text import markdown_cell, percent, plain, points, pvalue, span

LONG = 2000
BLANK = re.compile(r"\n{3,}")


def model_card(subject: Subject, exported: Exported | None = None) -> str:
    """The card's text: YAML metadata, then Markdown. Foreign text is escaped for both.

    Of an exported model it reports the exported weights' own scores, where there are any.
    """
    view = card_view(subject, exported)
    environment = Environment(
        loader=PackageLoader("gemma_audio.report"),
        autoescape=False,  # Markdown: everything foreign goes through `md`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "md": _md,
        "code": _code,
        "prompt": _prompt,
        "percent": percent,
        "points": points,
        "span": span,
        "p": pvalue,
        "rates": _rates,
        "whole": _whole,
    }
    body = BLANK.sub("\n\n", environment.get_template("model_card.md.j2").render(view)).strip()
    return f"---\n{metadata(view).to_yaml()}\n---\n\n{body}\n"


def card_view(subject: Subject, exported: Exported | None = None) -> dict[str, Any]:
    """Everything that the card says, under the names of its template."""
    comparison = compare_sweep(subject.sweep)
    trained, config, benchmark = stages(subject), subject.config, subject.run.benchmark
    synthetic, kind = (config.get("data") or {}).get("kind") == "embedded", _kind(benchmark, config)
    against = evidence(comparison, subject.arm)
    base = _base(config["model"])
    reported = _reported(subject) if exported is None or exported.rows is None else exported.rows
    untrained = next((entry for entry in against if comparison["arms"][entry["other"]]["trained"] is False), None)
    return {
        "name": slug(f"{'' if subject.alone else subject.sweep.spec['name']}-{subject.arm}-seed{subject.cell.seed}"),
        "subject": subject,
        "comparison": comparison,
        "arm": comparison["arms"][subject.arm],
        "alpha": comparison["settings"]["alpha"],
        "confidence": comparison["settings"]["confidence"],
        "benchmark": {**benchmark, "method": (config.get("evaluation") or {}).get("method")},
        "kind": kind,
        "split": str((config.get("evaluation") or {}).get("split") or ""),
        "exported": exported_view(exported, _reported(subject)),
        "levels": _levels(reported, "task", comparison["settings"]["alpha"]),
        "rows": _levels(reported, "subcategory", comparison["settings"]["alpha"])[1:],
        "against": against,
        "untrained": untrained,
        "published": beside(comparison, subject.arm, untrained) if kind == "mmau" else None,
        "base": base,
        "stages": trained,
        "data": config.get("data") or {},
        "synthetic": synthetic,
        "licence": licence(base["source"], synthetic=synthetic),
        "gemma": is_gemma(base["source"]),
        "works": works(
            sources(trained), [stage["method"] for stage in trained], mmau=kind in ("mmau", "embedded"), synthetic=synthetic
        ),
        "versions": subject.record.get("versions") or {},
        "command": " ".join(map(str, subject.record.get("command") or [])),
    }


def _rates(runs: list[dict[str, Any]]) -> str:
    """The accuracies of an arm's runs in percent."""
    return ", ".join(f"{100 * run['accuracy']:.1f}" for run in runs)


def _whole(ends: list[float]) -> str:
    """A range of differences in whole points, or one number where both ends print alike."""
    return " to ".join(dict.fromkeys(f"{100 * end:.0f}" for end in ends))


def _md(value: object) -> str:
    """Text for Markdown, with nothing in it that the Hub would make a link of."""
    return markdown_cell(str(value), LONG).replace("://", "&#58;//").replace("www.", "www&#46;")


def _prompt(value: object) -> str:
    return _md(str(value).replace("\n", " ↵ "))


def _code(value: object) -> str:
    """Text as a code span, for use outside of tables: nothing in it can end it or is read as markup."""
    text = plain(str(value), LONG).replace("`", "'")
    return f"`{text or '-'}`"


def _kind(benchmark: dict[str, Any], config: dict[str, Any]) -> str:
    if is_mmau(benchmark, config):
        return "mmau"
    return "embedded" if (config.get("evaluation") or {}).get("benchmark") == "embedded" else "other"


def _base(model: dict[str, Any]) -> dict[str, Any]:
    """The base model as the card names it; a folder is not named by its path."""
    source = str(model.get("source"))
    local = source != "embedded" and local_folder(source) is not None
    return {
        "source": "a local folder" if local else source,
        "on_hub": not local and source not in ("embedded", *Architecture),
        "revision": model.get("revision"),
        "dtype": model.get("dtype"),
        "random": str(model.get("weights")) == "random",
    }


def _reported(subject: Subject) -> pd.DataFrame:
    """The scores of the reported run."""
    rows = subject.sweep.rows
    return rows[(rows["arm"] == subject.arm) & (rows["run"] == subject.run.run)]


def _levels(mine: pd.DataFrame, column: str, alpha: float) -> list[dict[str, Any]]:
    """The accuracy of these scores with Wilson's interval: overall (without a name), then by `column`."""
    groups = [("", mine), *((name, mine[mine[column] == name]) for name in ordered(column, mine[column].tolist()))]
    levels = []
    for name, group in groups:
        correct, n = int(group[RULE].sum()), len(group)
        interval = wilson(correct, n, alpha)
        levels.append({"name": name, "n": n, "correct": correct, "accuracy": correct / n, "interval": list(interval)})
    return levels
