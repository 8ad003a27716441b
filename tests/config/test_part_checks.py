"""What is wrong with layer ranges and rates by part is found before anything is loaded."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from gemma_audio.cli.main import main
from gemma_audio.config import check_config, load_config
from gemma_audio.config.checks.parts import check_layers, check_parts
from gemma_audio.config.part import LAYERED, parse
from gemma_audio.errors import Problem

STAGE = "recipe.stages.encoder"
TOWER = "audio_tower.layers"


def of_parts(*entries: str) -> list[str]:
    return [problem.message for problem in check_parts("trains", entries)]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("ears", "unknown part 'ears'; allowed: audio_tower, projector"),
        (f"{TOWER}", "is no range of layers"),
        (f"{TOWER}[]", "is no range of layers"),
        (f"{TOWER}[a:b]", "is no range of layers"),
        (f"{TOWER}[1:3:2]", "is no range of layers"),
        (f"{TOWER}[1", "is no range of layers"),
        (f"{TOWER}[1-3]", "is no range of layers"),
        (f"{TOWER}[1.5]", "is no range of layers"),
        (f"{TOWER}[1, 2]", "is no range of layers"),
        ("audio_tower.layer[1]", "is no range of layers"),
        ("audio_tower.", "is no range of layers"),
        ("language_model.norm", "is no range of layers"),
        ("projector.layers[0]", "projector cannot be taken apart by layers"),
        ("per_layer_embedding.rest", "per_layer_embedding cannot be taken apart by layers"),
        ("ears.layers[0:2]", "unknown part 'ears.layers[0:2]'"),
        (f"{TOWER}[3:1]", "selects no layer of any model"),
        (f"{TOWER}[2:2]", "selects no layer of any model"),
        (f"{TOWER}[:0]", "selects no layer of any model"),
        (f"{TOWER}[-1:-2]", "selects no layer of any model"),
    ],
)
def test_a_bad_entry_is_named_with_a_remedy(entry: str, said: str) -> None:
    (problem,) = check_parts("trains", [entry])
    assert said in problem.message
    assert entry in problem.message
    assert problem.remedy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("audio_tower", f"{TOWER}[1:3]"),
        ("audio_tower", "audio_tower.rest"),
        (f"{TOWER}[:]", f"{TOWER}[-1]"),
        (f"{TOWER}[0:2]", f"{TOWER}[1:3]"),
        (f"{TOWER}[8:]", f"{TOWER}[10]"),
        (f"{TOWER}[-3:]", f"{TOWER}[-1]"),
        (f"{TOWER}[:-1]", f"{TOWER}[:-4]"),
    ],
)
def test_entries_that_overlap_in_every_model_are_refused(one: str, other: str) -> None:
    assert of_parts(one, other) == [f"'{one}' and '{other}' overlap"]
    assert of_parts(other, one) == [f"'{other}' and '{one}' overlap"]


def test_an_entry_twice_is_refused() -> None:
    assert of_parts("projector", "projector") == ["'projector' is listed twice"]


@pytest.mark.parametrize(
    "entries",
    [
        ["audio_tower.rest", f"{TOWER}[:]", "projector", "language_model"],
        [f"{TOWER}[0:2]", f"{TOWER}[2:]"],
        [f"{TOWER}[:-2]", f"{TOWER}[-2:]"],
        [f"{TOWER}[:2]", f"{TOWER}[-2:]"],  # whether these meet depends on the model
        [f"{TOWER}[0]", "language_model.layers[0]", "per_layer_embedding"],
    ],
)
def test_what_may_be_right_passes(entries: list[str]) -> None:
    assert of_parts(*entries) == []


def test_no_pair_that_fits_some_model_is_refused_and_none_that_overlaps_is_missed_with_the_count() -> None:
    seed = random.randrange(10**6)
    rng = random.Random(seed)
    bounds = ["", *map(str, range(-6, 7))]
    for _ in range(2000):
        pair = [f"{TOWER}[{rng.choice(bounds)}:{rng.choice(bounds)}]" for _ in range(2)]
        chosen = {
            n: [set(range(n)[slice(*(int(b) if b else None for b in e[19:-1].split(":")))]) for e in pair] for n in range(1, 25)
        }
        fits = any(a and b and not a & b for a, b in chosen.values())
        refused = bool(of_parts(*pair))
        assert not (fits and refused), (seed, pair)
        for count, (a, b) in chosen.items():
            bad = not a or not b or (bool(a & b) and pair[0] != pair[1])
            assert bool(list(check_layers("trains", pair, {"audio_tower": count}))) == bad, (seed, pair, count)


def problems(*overrides: str) -> list[Problem]:
    return [p for p in check_config(load_config("recipe=v2", *overrides)) if p.place.startswith(STAGE)]


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ("{projector:1e-4}", None),
        ("{adapter:1e-4}", "'adapter' is not trained here; trained: audio_tower, projector"),
        (r"{audio_tower.layers\[0\:1\]:1e-4}", "'audio_tower.layers[0:1]' is not trained here"),
        ("{projector:0}", "0.0 for 'projector' is not above 0"),
        ("{projector:-1}", "-1.0 for 'projector' is not above 0"),
        ("{projector:nan}", "nan for 'projector' is not above 0"),
        ("{projector:inf}", "inf for 'projector' is not above 0"),
    ],
)
def test_rates_by_part(rates: str, said: str | None) -> None:
    found = problems(f"+{STAGE}.optim.lr_by_part={rates}")
    assert [p.place for p in found] == ([f"{STAGE}.optim.lr_by_part"] if said else [])
    assert all(said in p.message and p.remedy for p in found if said)


def test_a_rate_without_the_plus_is_told_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = "recipe.stages.adapter.optim.lr_by_part"
    assert main(["gemma-audio", f"{place}={{adapter: 1e-4}}", f"out={tmp_path}", "plan=true"]) == 2
    assert f"+{place}=" in capsys.readouterr().err


def test_a_range_that_this_model_does_not_have_is_refused_before_loading(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["recipe=v2", f'{STAGE}.trains=["{TOWER}[8:12]"]', f"out={tmp_path}", "plan=true"]
    assert main(["gemma-audio", *words]) == 2
    assert "selects no layer: the model's audio_tower has 3" in capsys.readouterr().err


def test_the_adapter_has_a_rate_where_there_is_one() -> None:
    place = "recipe.stages.adapter.optim.lr_by_part"
    assert check_config(load_config("recipe=v3", f"+{place}={{adapter:1e-4}}")) == []


def test_all_problems_of_parts_and_rates_are_found_together() -> None:
    trains = f'{STAGE}.trains=["{TOWER}[1:3]","{TOWER}[2]",ears,"projector.layers[1]"]'
    assert len(problems(trains, f"+{STAGE}.optim.lr_by_part={{projector:0}}")) == 5


def test_only_parts_with_layers_are_read_as_such() -> None:
    assert all(parse(f"{part}.layers[0]") and parse(f"{part}.rest") for part in LAYERED)
    assert parse("projector.rest") is None
