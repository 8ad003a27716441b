"""index.html: the report as one page that loads nothing but the clips beside it."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from gemma_audio.report.collect import Sweep
from gemma_audio.report.curves import loss_svg, probe_svg, strips
from gemma_audio.report.failures import missing_table, next_step
from gemma_audio.report.flips import Flips
from gemma_audio.report.inline import asset, data_block, data_url, policy
from gemma_audio.report.markdown import LISTED, arm_table, baseline_rows, factor_table, pair_table, subcategory_table
from gemma_audio.report.origin import fingerprint_table, provenance_table
from gemma_audio.report.pairs import SHOWN
from gemma_audio.report.plots import deltas_svg, look
from gemma_audio.report.sections import control_table, cut_tables, rate_table, rule_table, sensitivity_table
from gemma_audio.report.sounds import Sounds
from gemma_audio.report.text import logged, plain
from gemma_audio.report.verdict import primary_lines, verdict

PLOTS = 3  # drawn one by one; deltas.svg holds every pair's
NUMBER = re.compile(r"^(?:[<+\-]? ?[\d.]+(?: %| points)?(?:(?: to | vs |, )[+\-]?[\d.]+(?: %)?)*|-|none|no change)$")


def page(sweep: Sweep, comparison: dict[str, Any], flips: Flips, sounds: Sounds | None = None, embed: bool = False) -> str:
    """The page. `flips` are browsed; `sounds` are their clips, as URLs beside the page or, with `embed`, within it.

    Everything from datasets and logs goes through autoescape or, for the browser, through escaped JSON that its script only ever
    sets as text; the pictures are images, where no script can run; the Content-Security-Policy names the one style and script.
    """
    loader = PackageLoader("gemma_audio.report")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"plain": plain, "logged": logged, "shapes": _shapes, "shade": _shade, "moved": _moved}
    style, script = asset("style.css"), asset("flips.js")
    return environment.get_template("index.html.j2").render(
        style=style,
        script=script,
        policy=policy(style, script, embed),
        comparison=comparison,
        **_verdict(comparison),
        **_tables(comparison),
        curves=[(title, data_url(drawn)) for title, drawn in _charts(comparison) if drawn],
        strips=strips(comparison),
        flips=flips,
        browsed=data_block(_browsed(flips, sounds or Sounds())),
        listed=LISTED,
        **_provenance(sweep, comparison),
    )


def _verdict(comparison: dict[str, Any]) -> dict[str, Any]:
    headline = primary_lines(comparison)
    return {"headline": headline, "remarks": verdict(comparison)[len(headline) :]}


def _tables(comparison: dict[str, Any]) -> dict[str, Any]:
    deciding = [entry for entry in comparison["pairs"] if entry["decides"]]
    shown = [(entry["treatment"], entry["baseline"]) for entry in deciding[:SHOWN]]
    header, rows = pair_table(comparison)
    return {
        "arms": arm_table(comparison),
        "picture": _picture(comparison, deciding[:1]),
        "pairs": (header, rows[: 2 * SHOWN]),
        "pairs_left": max(0, len(deciding) - SHOWN),
        "panels": _panels(comparison, deciding[:SHOWN]),
        "factors": factor_table(comparison),
        "baselines": baseline_rows(comparison),
        "cuts": cut_tables(comparison, shown[:1]),
        "other_cuts": cut_tables(comparison, shown[1:]),
        "sensitivity": sensitivity_table(comparison, shown[:1]),
        "other_sensitivity": sensitivity_table(comparison, shown[1:]),
        "rules": rule_table(comparison),
        "controls": control_table(comparison),
        "rates": rate_table(comparison),
    }


def _panels(comparison: dict[str, Any], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One subcategory table per pair, each row with the class that it is shown in; the first pair's plot stands on top."""
    panels = []
    for index, entry in enumerate(shown):
        header, rows = subcategory_table(comparison, index)
        kinds = [look(row["pairs"][index]) for row in comparison["subcategories"]]
        picture = _picture(comparison, [entry]) if 0 < index < PLOTS else ""
        panels.append({"pair": entry, "header": header, "rows": rows, "kinds": kinds, "picture": picture})
    return panels


def _picture(comparison: dict[str, Any], pairs: list[dict[str, Any]]) -> str:
    """The plot of some pairs alone: deltas.svg holds all of them below one another."""
    return data_url(deltas_svg({**comparison, "pairs": pairs}))


def _charts(comparison: dict[str, Any]) -> list[tuple[str, str]]:
    return [("Accuracy on the dev split while training", probe_svg(comparison)), ("Training loss", loss_svg(comparison))]


def _browsed(flips: Flips, sounds: Sounds) -> dict[str, Any]:
    """The flips' data and, per item, its clip's URL or the index of the reason why there is none."""
    reasons = list(dict.fromkeys(plain(reason, 200) for reason in sounds.absent.values()))
    index = {reason: code for code, reason in enumerate(reasons)}
    names = [str(name) for name in flips.items.index]
    clips = [sounds.urls.get(name) or index.get(plain(sounds.absent.get(name, ""), 200), -1) for name in names]
    return flips.data | {"clips": clips, "reasons": reasons}


def _provenance(sweep: Sweep, comparison: dict[str, Any]) -> dict[str, Any]:
    return {
        "missing": missing_table(comparison),
        "next_step": next_step(comparison),
        "command": shlex.join(map(str, sweep.spec.get("command") or [])),
        "config": json.dumps(sweep.spec.get("config") or {}, indent=2, ensure_ascii=False),
        "versions": sweep.spec.get("versions") or {},
        "provenance": provenance_table(comparison),
        "fingerprints": fingerprint_table(comparison),
    }


def _shapes(header: list[str], rows: list[list[str]]) -> list[str]:
    """The class of each column of a table: name, num where all values are numbers, long or word."""
    columns = [[str(row[place]) for row in rows] for place in range(len(header))]
    return ["name", *(_shape(column) for column in columns[1:])]


def _shape(column: list[str]) -> str:
    numbers = all(NUMBER.match(value) for value in column if value)
    return "num" if numbers and any(column) else "long" if max(map(len, column), default=0) > 28 else "word"


def _shade(moved: float) -> str:
    """The class of a strip's cell: the deeper, the larger the change; its number tells the direction."""
    return f"s{min(4, round(abs(moved) * 100) // 5)}"


def _moved(moved: float) -> str:
    """A change in whole points: the dev split carries no decimals."""
    return f"{round(100 * moved):+d}" if round(100 * moved) else "0"
