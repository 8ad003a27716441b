from __future__ import annotations

import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from gemma_audio.config import check_config, load_config
from gemma_audio.config.plugins import load
from gemma_audio.config.sources import sources
from gemma_audio.sweep.code import plugin_code

Write = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a module of a fresh name into the current folder; a module is imported once per process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def write(text: str, name: str = "") -> str:
        name = name or f"plugin_{uuid.uuid4().hex[:12]}"
        path = tmp_path / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return name

    return write


def test_a_module_of_the_current_folder_adds_to_what_is_allowed(write: Write) -> None:
    name = write("CORPORA = {'bells': lambda data: []}\nBENCHMARKS = {'quiz': lambda evaluation: None}\n")
    plugins = load([name])
    assert plugins.problems == ()
    assert plugins.names("corpus") == ("embedded", "manifest", "bells")
    assert plugins.find("benchmark", "quiz").plugin == name
    assert check_config(load_config(f"plugins=[{name}]", "data.kind=bells", "evaluation.benchmark=quiz")) == []


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("x = 1", "plugins", "defines none of OBJECTIVES, CORPORA, BENCHMARKS"),
        ("CORPORAS = {}", "plugins", "Is 'CORPORAS' meant?"),
        ("CORPORA = ['bells']", "CORPORA", "is list, not a dict"),
        ("CORPORA = {3: print}", "CORPORA[3]", "no usable name"),
        ("CORPORA = {'a/b': print}", "CORPORA['a/b']", "no usable name"),
        ("CORPORA = {'embedded': lambda data: []}", "CORPORA['embedded']", "exists already; built in are embedded, manifest"),
        ("CORPORA = {'bells': 3}", "CORPORA['bells']", "is int, not a function"),
        ("CORPORA = {'bells': lambda: []}", "CORPORA['bells']", "cannot be called with (data)"),
        ("BENCHMARKS = {'quiz': lambda a, b: []}", "BENCHMARKS['quiz']", "cannot be called with (evaluation)"),
        ("OBJECTIVES = {'pitch': print}", "OBJECTIVES['pitch']", "not a class"),
        ("class A:\n    pass\nOBJECTIVES = {'pitch': A}", "OBJECTIVES['pitch']", "(net, stage, corpus, encoder, steps)"),
        ("import nowhere_at_all", "plugins", "cannot be imported: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def f(:\n", "plugins", "cannot be imported: SyntaxError"),
        ("x = 1\n1 / 0", "plugins", "ZeroDivisionError: division by zero (plugin_"),
        ("import sys; sys.exit(3)", "plugins", "cannot be imported: SystemExit"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_a_problem(text: str, place: str, said: str, write: Write) -> None:
    problems = load([write(text)]).problems
    assert [p for p in problems if p.place.endswith(place) and said in str(p)], [str(p) for p in problems]
    assert all(problem.remedy for problem in problems)


def test_every_problem_is_found_with_the_others(write: Write) -> None:
    bad = write("CORPORA = {'embedded': lambda data: [], 'x': 3}\nBENCHMARKS = 4\n")
    found = check_config(load_config(f"plugins=[{bad},no_such_module,my/file.py]", "engine.parallel=0"))
    places = [problem.place for problem in found]
    assert len(places) == 6
    assert {"engine.parallel", "plugins", f"plugins.{bad}.BENCHMARKS"} <= set(places)
    assert "plugins=[my.file]" in "".join(problem.remedy for problem in found)


def test_two_plugins_may_not_bring_one_name(write: Write) -> None:
    one, two = (write("CORPORA = {'bells': lambda data: []}") for _ in range(2))
    (problem,) = load([one, two]).problems
    assert f"exists already, in plugin '{one}'" in problem.message
    assert load([one, one]).problems == ()


def test_an_unknown_name_is_guessed_among_the_plugins_own(write: Write) -> None:
    name = write("CORPORA = {'bells': lambda data: []}")
    (problem,) = check_config(load_config(f"plugins=[{name}]", "data.kind=bels"))
    assert (problem.place, problem.remedy) == ("data.kind", "Did you mean 'bells'?")
    assert "embedded, manifest, bells" in problem.message
    (problem,) = check_config(load_config("recipe.stages.adapter.objective=qaa"))
    assert "caption, qa, attributes, alignment" in problem.message


def test_the_sources_of_a_plugin_are_its_package_and_what_it_imports_from_beside_it(write: Write) -> None:
    shared, package = write("RATE = 3\n"), f"package_{uuid.uuid4().hex[:12]}"
    write(f"from {shared} import RATE\nimport json\nCORPORA = {{}}\n", f"{package}.__init__")
    write("x = 1\n", f"{package}.part")
    write("unrelated = 1\n")
    assert load([package]).problems == ()
    assert list(sources(package)) == sorted([f"{package}/__init__.py", f"{package}/part.py", f"{shared}.py"])
    before = plugin_code(package)
    write("# why\nRATE = 3\n", shared)
    assert plugin_code(package) == before
    write("RATE = 4\n", shared)
    assert [place for place in before if plugin_code(package)[place] != before[place]] == [f"{shared}.py"]
