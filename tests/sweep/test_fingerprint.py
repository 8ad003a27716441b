from __future__ import annotations

import json
import random
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from fake_rooms import CODE, ROOMS
from hypothesis import given
from hypothesis import strategies as st

from gemma_audio.config import load_config
from gemma_audio.config.role import IDENTITY, ROLE
from gemma_audio.sweep.code import Code, digest
from gemma_audio.sweep.fingerprint import Identity, Ref, fingerprint, plain
from gemma_audio.sweep.stages import Links

LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
TREE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4))


def shuffled(value: Any, rng: random.Random) -> Any:
    if isinstance(value, dict):
        items = list(value.items())
        rng.shuffle(items)
        return {key: shuffled(item, rng) for key, item in items}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


@given(TREE, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_count(value: Any, rng: random.Random) -> None:
    assert fingerprint(shuffled(value, rng)) == fingerprint(value)


@given(st.dictionaries(st.text(max_size=5), TREE, max_size=4), st.text(min_size=6, max_size=9))
def test_a_null_key_does_not_count(value: dict[str, Any], key: str) -> None:
    assert fingerprint({**value, key: None}) == fingerprint(value)


@given(TREE, TREE)
def test_values_that_differ_have_other_fingerprints(a: Any, b: Any) -> None:
    def text(value: Any) -> str:
        return json.dumps(plain(value), sort_keys=True)

    assert (fingerprint(a) == fingerprint(b)) == (text(a) == text(b))


def test_a_list_keeps_its_order() -> None:
    assert fingerprint(["audio_tower", "projector"]) != fingerprint(["projector", "audio_tower"])


def test_numbers_that_json_cannot_hold_are_errors() -> None:
    with pytest.raises(ValueError):
        fingerprint({"lr": float("nan")})


def test_pinned_values() -> None:
    """These must never change: every folder of every store is named by them. They are what sha256sum says of the JSON below."""
    assert fingerprint({"b": [1, 2.5, "ä", True, None], "a": None}) == "61d6a5426b56"  # {"b":[1,2.5,"ä",true,null]}
    identity = Identity("encoder_retrain", {"stage": {"steps": 100}}, Ref("0" * 12, "1" * 12), {"training/loss.py": "abc"})
    # {"body":{"stage":{"steps":100}},"code":{"training/loss.py":"abc"},"kind":"encoder_retrain","parent":"000000000000"}
    assert identity.name == "encoder_retrain-294b6507c832"


def links(*overrides: str, code: Code = CODE) -> Links:
    return Links(load_config(*overrides), ROOMS, code)


def chain(*overrides: str, code: Code = CODE) -> list[str]:
    """The fingerprints of a config's stages and evaluation."""
    made, found = links(*overrides, code=code), []
    parent = made.base()
    for stage in made.config.recipe.stages.values():
        parent = made.stage(stage, parent).ref
        found.append(parent.fingerprint)
    return [*found, made.evaluation(parent).ref.fingerprint]


def leaves(node: Any, place: str) -> list[tuple[str, str, Any]]:
    """(place, role, value) of every field of a config node that holds a plain value."""
    found: list[tuple[str, str, Any]] = []
    for f in fields(node):
        value, role = getattr(node, f.name), f.metadata[ROLE]
        if is_dataclass(value):
            found += leaves(value, f"{place}.{f.name}")
        elif isinstance(value, (bool, int, float, str)):
            found.append((f"{place}.{f.name}", role, value))
    return found


STAGE = "recipe.stages.encoder"
ENCODER = leaves(load_config("recipe=v2").recipe.stages["encoder"], STAGE)


@pytest.mark.parametrize(("place", "role", "value"), [leaf for leaf in ENCODER if not leaf[0].endswith("objective")])
def test_every_field_of_a_stage_counts_exactly_if_it_is_identity(place: str, role: str, value: Any) -> None:
    other = f"{value}x" if isinstance(value, str) else (not value if isinstance(value, bool) else value + 1)
    before, after = chain("recipe=v2"), chain("recipe=v2", f"{place}={other}")
    changed = [a != b for a, b in zip(before, after, strict=True)]
    assert changed == [role == IDENTITY] * 3, (
        f"{place} is {role}: it must change the stage, what follows and the evaluation, or none"
    )


def test_lists_and_adapters_count() -> None:
    assert chain("recipe=v2", f"{STAGE}.trains=[audio_tower]")[0] != chain("recipe=v2")[0]
    assert chain("recipe.stages.adapter.adapter.rank=8") != chain()
    assert chain("prompts@recipe.stages.adapter.prompts=generic5", "recipe.stages.adapter.objective=caption") != chain()


def test_names_and_places_do_not_count() -> None:
    assert chain("recipe=v2", "name=other", "out=elsewhere", "recipe.name=v2b", "model.name=m", "engine.parallel=3") == chain(
        "recipe=v2"
    )


def test_the_base_is_one_run_whatever_the_seed() -> None:
    assert chain("recipe=base", "seed=0") == chain("recipe=base", "seed=5")
    assert chain("seed=0") != chain("seed=5")


def test_equal_weights_are_evaluated_once_whatever_the_recipe_is_called() -> None:
    assert chain("recipe=v2", "~stage@recipe.stages.encoder") == chain("recipe=v3")


def test_the_first_stage_is_shared_where_only_the_second_differs() -> None:
    one, two = chain("recipe=v2"), chain("recipe=v2", "recipe.stages.adapter.optim.lr=0.5")
    assert one[0] == two[0]
    assert one[1:] != two[1:]


def test_data_model_and_code_count() -> None:
    assert chain("data.seed=1") != chain()
    assert chain("model=tiny_untrained", "model.source=elsewhere") != chain()
    assert chain(code=Code({"training/loss.py": "edited"}, CODE.evaluation, CODE.data)) != chain()
    scored_anew = chain(code=Code(CODE.training, {"evaluation/score.py": "edited"}, CODE.data))
    assert scored_anew[0] == chain()[0]
    assert scored_anew[1] != chain()[1]


def test_a_plugin_counts_where_it_is_used_and_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "counted_plugin.py").write_text(
        "class Loss:\n    def __init__(self, net, stage, corpus, encoder, steps): pass\n"
        "OBJECTIVES = {'mine': Loss}\nCORPORA = {'bells': lambda data: []}\nBENCHMARKS = {'quiz': lambda evaluation: None}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    use, edited = "plugins=[counted_plugin]", replace(CODE, plugins={"counted_plugin": {"counted_plugin.py": "edited"}})
    assert chain("recipe=v2", use, code=edited) == chain("recipe=v2")

    def changed(*words: str) -> list[bool]:
        one, other = chain("recipe=v2", use, *words), chain("recipe=v2", use, *words, code=edited)
        return [a != b for a, b in zip(one, other, strict=True)]

    assert changed("recipe.stages.adapter.objective=mine") == [False, True, True]
    assert changed("data.kind=bells") == [True, True, True]
    assert changed("evaluation.benchmark=quiz") == [False, False, True]


def test_more_questions_train_nothing_anew() -> None:
    before, after, dev = (
        chain("recipe=v2"),
        chain("recipe=v2", "data.test_questions=50"),
        chain("recipe=v2", "data.dev_questions=21"),
    )
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    assert dev == before


def test_more_clips_answer_nothing_anew() -> None:
    assert chain("recipe=base", "data.clips=1000") == chain("recipe=base")
    assert chain("recipe=v3", "data.clips=1000") != chain("recipe=v3")


def test_the_order_of_parts_and_sources_does_not_count() -> None:
    assert chain("recipe=v2", f"{STAGE}.trains=[projector,audio_tower]") == chain("recipe=v2")
    one, other = (f"{STAGE}.mix.sources=[{names}]" for names in ("clotho,fsd50k", "fsd50k,clotho"))
    assert chain("recipe=v2", one) == chain("recipe=v2", other)


@pytest.mark.parametrize("file", ["world/captions/styles.py", "world/tokenizer.py", "data/layout.py", "models/adapters.py"])
def test_code_that_shapes_what_is_learnt_is_in_the_digest(file: str) -> None:
    read = Code.read()
    assert file in read.training
    assert file in read.evaluation
    assert (file in read.data) == file.startswith("world/")


def test_without_code_a_chain_has_one_name() -> None:
    edited = Code({"training/loss.py": "edited"}, {"evaluation/score.py": "edited"}, CODE.data)
    stage = load_config().recipe.stages["adapter"]
    a, b = (links(code=code).stage(stage, links(code=code).base()).ref for code in (CODE, edited))
    assert a.fingerprint != b.fingerprint
    assert a.without_code == b.without_code


@pytest.mark.parametrize(
    "source",
    [
        "# a comment\ndef f(x):\n    return x + 1\n",
        '"""A module."""\n\ndef f(x):\n    """What f does."""\n    return x + 1\n',
        "def f(\n    x,\n):\n\n    return (x + 1)  # why\n",
    ],
)
def test_comments_docstrings_and_layout_are_no_code(source: str) -> None:
    assert digest(source) == digest("def f(x): return x + 1")


@pytest.mark.parametrize(
    "source", ["def f(x): return x + 2", "def f(x): return x - 1", "def g(x): return x + 1", "def f(x): return x + 1.0"]
)
def test_what_is_computed_is_code(source: str) -> None:
    assert digest(source) != digest("def f(x): return x + 1")


def test_the_digests_cover_the_rooms_that_compute_a_stage(tmp_path: Path) -> None:
    files = set(Code.read().training)
    assert {"torch", "transformers", "peft"} <= files
    assert {name.split("/")[0] for name in files if "/" in name} >= {"training", "models", "data", "audio"}
    assert not any(name.startswith(("report", "cli", "sweep")) for name in files)
