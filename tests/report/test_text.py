"""Numbers and foreign text."""

from __future__ import annotations

import pytest

from gemma_audio.report.text import csv_cell, markdown_cell, percent, plain, points, pvalue, span


def test_numbers():
    assert (percent(0.612), percent(None)) == ("61.2 %", "-")
    assert (points(0.065), points(-0.065), points(0.0), points(-0.0), points(None)) == ("+6.5", "-6.5", "+0.0", "+0.0", "-")
    assert (pvalue(0.0004), pvalue(0.0191), pvalue(1.0), pvalue(None)) == ("< .001", ".019", "1", "-")
    assert span((-0.01, 0.05)) == "-1.0 to +5.0"
    assert span(None) == "none"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_csv_cell_defuses(text):
    assert csv_cell(text) == "'" + text


def test_plain_removes_what_reorders_or_hides():
    assert plain("a\u202eb\x00c\u200bd\n e") == "abcd e"
    assert plain("x" * 50, 10) == "x" * 9 + "…"
    assert plain("\ud800ok") == "ok"


def test_markdown_cell_keeps_the_table_whole():
    assert markdown_cell("a|b\n<b>`c`") == "a\\|b &lt;b&gt;\\`c\\`"
