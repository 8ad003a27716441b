"""index.html: the report as one page without scripts or remote parts."""

from __future__ import annotations

import base64
import json
import shlex
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gemma_audio.report.collect import Sweep
from gemma_audio.report.failures import missing_table, next_step
from gemma_audio.report.markdown import LISTED, arm_table, baseline_rows, pair_table, subcategory_table
from gemma_audio.report.plots import look
from gemma_audio.report.text import logged, plain
from gemma_audio.report.verdict import primary_lines, verdict


def page(sweep: Sweep, comparison: dict[str, Any], svg: str) -> str:
    """The page. Everything from datasets and logs goes through autoescape; the picture is an image, where no script can run."""
    loader = PackageLoader("gemma_audio.report")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"plain": plain, "logged": logged}
    headline = primary_lines(comparison)
    return environment.get_template("index.html.j2").render(
        comparison=comparison,
        headline=headline,
        remarks=verdict(comparison)[len(headline) :],
        arms=arm_table(comparison),
        pairs=pair_table(comparison),
        panels=_panels(comparison),
        baselines=baseline_rows(comparison),
        picture=base64.b64encode(svg.encode()).decode(),
        listed=LISTED,
        missing=missing_table(comparison),
        next_step=next_step(comparison),
        command=shlex.join(map(str, sweep.spec.get("command") or [])),
        config=json.dumps(sweep.spec.get("config") or {}, indent=2, ensure_ascii=False),
        versions=sweep.spec.get("versions") or {},
    )


def _panels(comparison: dict[str, Any]) -> list[dict[str, Any]]:
    """One subcategory table per pair, each row with the class that it is shown in."""
    panels = []
    for index, entry in enumerate([entry for entry in comparison["pairs"] if entry["decides"]]):
        header, rows = subcategory_table(comparison, index)
        kinds = [look(row["pairs"][index]) for row in comparison["subcategories"]]
        panels.append({"pair": entry, "header": header, "rows": list(zip(kinds, rows, strict=True))})
    return panels
