"""table.tex, deltas.pdf and methods.md: escaped, complete, reproducible, honest."""

from __future__ import annotations

import re

import pytest

from gemma_audio.report.collect import read_sweep
from gemma_audio.report.comparison import compare_sweep
from gemma_audio.report.latex import escape, table_tex
from gemma_audio.report.methods import methods
from gemma_audio.report.plots import deltas_pdf

COMMAND = re.compile(r"\\(?:textbackslash|textasciitilde|textasciicircum|textless|textgreater|textbar|textasciigrave)\{\}")
ALLOWED = re.compile(r"\\(?:textquotesingle|dots)\{\}|\\[{}$&#_%]|\{[-*\[\]]\}")
HOSTILE = [
    r"\input{/etc/passwd}",
    r"\write18{rm -rf} ^^5cinput",
    "100 % & more # of _these_ ~ {braces} $math$",
    "% a comment would eat the row",
    "\"quotes\" `back` 'single' <tag> a|b -- --- [opt] *star*",
    "two\nlines\r\nand\ttabs \x07 \u202e",
    "[starts like an option of \\\\]",
    "*",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_a_command(text):
    left = ALLOWED.sub("", COMMAND.sub("", escape(text)))
    assert not set(left) & set('\\{}$&#_%~^<>|"`\n\r[]*'), left


def test_escaped_text_says_the_same():
    assert escape("R&D_50 %") == r"R\&D\_50 \%"
    assert escape("Sound-Based — naïve…") == r"Sound{-}Based --- naïve\dots{}"
    assert escape("plain words, (A) 1.5; why?") == "plain words, (A) 1.5; why?"


def rows(tex):
    body = tex.split(r"\toprule")[1].split(r"\bottomrule")[0]
    return [line for line in body.splitlines() if line.endswith(r"\\")]


def cells(line):
    return re.split(r"(?<!\\)&", line.removesuffix(r" \\"))


def test_every_row_has_every_column_whatever_the_names(full):
    for item in full.items:
        item["subcategory"] = item["subcategory"].replace("Counting", HOSTILE[2]).replace("Instrumentation", HOSTILE[6])
    for cell in full.spec["cells"]:
        full.finish(cell["name"], full.answers())
    tex = table_tex(compare_sweep(read_sweep(full.folder)))
    columns = re.search(r"\\begin\{tabular\}\{([lrc]+)\}", tex)[1]
    assert len(rows(tex)) == 1 + 1 + 7
    assert {len(cells(line)) for line in rows(tex)} == {len(columns)} == {8}
    assert tex.count("{") == tex.count("}")
    assert not any(line.lstrip().startswith(("[", "*")) for line in rows(tex)), "would be an argument of the row before"
    assert [tex.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]


def test_numbers_are_those_of_the_comparison(full):
    comparison = compare_sweep(read_sweep(full.folder))
    overall = cells(rows(table_tex(comparison))[1])
    pair = comparison["pairs"][0]
    assert [cell.strip() for cell in overall[:2]] == ["all questions", "246"]
    assert overall[4].strip() == f"{100 * comparison['arms']['v3']['accuracy']:.1f}"
    assert overall[5].strip() == f"${100 * pair['delta']:+.1f}$"
    assert overall[6].strip() == f"[${100 * pair['interval'][0]:+.1f}$, ${100 * pair['interval'][1]:+.1f}$]"
    assert sum(r"$^{*}$" in line for line in rows(table_tex(comparison))) == sum(
        row["pairs"][0]["holm"] for row in comparison["subcategories"]
    )


def test_table_without_a_pair_and_without_anything(maker):
    sweep = maker(51).plan({"v2": 1, "v3": 1})
    assert len(cells(rows(table_tex(compare_sweep(read_sweep(sweep.folder))))[0])) == 2
    sweep.finish("v3-seed0", sweep.answers())
    tex = table_tex(compare_sweep(read_sweep(sweep.folder)))
    assert {len(cells(line)) for line in rows(tex)} == {3}


def test_pdf_has_the_same_bytes_again_and_no_dates_or_paths(full):
    comparison = compare_sweep(read_sweep(full.folder))
    first = deltas_pdf(comparison)
    assert first == deltas_pdf(compare_sweep(read_sweep(full.folder)))
    assert first.startswith(b"%PDF")
    assert not re.search(rb"CreationDate|ModDate|/home|/tmp|/work", first)


def test_pdf_without_a_pair(maker):
    sweep = maker(52).plan({"v2": 1})
    assert deltas_pdf(compare_sweep(read_sweep(sweep.folder))).startswith(b"%PDF")


def told(maker_or_full):
    sweep = read_sweep(maker_or_full.folder)
    return methods(sweep, compare_sweep(sweep))


def test_methods_cite_what_was_used_and_nothing_else(full, maker):
    text = told(full)
    assert "Welch-Satterthwaite" in text
    assert "McNemar" not in text
    assert "blocks" not in text
    single = maker(53, "single").plan({"v2": 1, "v3": 1})
    for arm in ("v2", "v3"):
        single.finish(f"{arm}-seed0", single.answers())
    text = told(single)
    assert "McNemar Q (1947)" in text
    assert "Welch BL" not in text
    assert "One run of v2, v3: nothing is known of how another training run would score." in text


def test_methods_name_every_reference_by_author_and_year(full):
    body, references = told(full).split("## References")
    for line in references.strip().splitlines():
        author, year = re.match(r"- (\w+) .*?\((\d{4})\)", line).groups()
        assert re.search(rf"{author}.{{0,40}}{year}", body), line


def test_methods_state_data_arms_and_what_was_not_asked(full):
    text = told(full)
    assert f"246 questions of mmau (revision r1; sha256 `{'a' * 64}`)" in text
    assert "v3: stage0 (5 steps at 1e-3), 3 runs (seeds 0, 1, 2)." in text
    assert "base: not trained, 1 run (seeds 0, 1, 2)." in text
    assert "Not asked: other orders of the options, other prompts, silenced audio" in text
    assert "`gemma-audio -m sweep=v2_v3 'name=two words'`" in text


def test_methods_carry_no_markup_from_data(maker):
    sweep = maker(54).plan({"v2": 1, "v3": 1}, name="<script>x</script>", decision="`<b>` **bold** | $x$")
    text = told(sweep)
    assert "<script>" not in text
    assert "<b>" not in text
    assert "No run has finished yet." in text
