"""A table of bad command lines: each is refused before anything is loaded, naming the place, what is wrong and what to type."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from gemma_audio.cli.checks import checked
from gemma_audio.cli.collect import Collected, Job, collect
from gemma_audio.cli.explain import composed
from gemma_audio.cli.recover import REFUSALS
from gemma_audio.errors import ConfigError, Problem

ADAPTER, ENCODER = "recipe.stages.adapter", "recipe.stages.encoder"
SCOPE = f"{ADAPTER}.adapter.scope"
OPTIM, BY_SOURCE = f"{ADAPTER}.optim", f"{ADAPTER}.prompts.by_source"
MMAU = "evaluation=mmau_test_mini"
E4B = ("model=gemma4_e4b", "trainer.precision=bf16-mixed")
COMMIT = f"model.revision={'0' * 40}"
MY_PROMPTS = ("--config-dir=mine", f"prompts@{ADAPTER}.prompts=mine")
PLACEHOLDER = re.compile(r"=[A-Z]+$")
V2_V3 = ("-m", "sweep=v2_v3", "seed=0")


class Bad(NamedTuple):
    """Overrides, the place that is blamed, a piece of the message, a piece of the remedy."""

    words: tuple[str, ...]
    place: str
    said: str
    remedy: str


TABLE = [
    # parts, and what a stage trains
    Bad((f"{ADAPTER}.trains=[audio_towr]",), f"{ADAPTER}.trains", "unknown part 'audio_towr'; allowed: ", "audio_tower"),
    Bad((f"{ADAPTER}.trains=[attribute_heads]",), f"{ADAPTER}.trains", "per_layer_embedding", f"{ADAPTER}.trains"),
    Bad((f"{ADAPTER}.trains=['audio_tower.layers[2:']",), f"{ADAPTER}.trains", "is no range of layers", "layers[8:12]"),
    Bad((f"{ADAPTER}.trains=['projector.layers[0:1]']",), f"{ADAPTER}.trains", "projector cannot be taken", "trains=[projector]"),
    Bad((f"{ADAPTER}.trains=['audio_tower.layers[8:12]']",), f"{ADAPTER}.trains", "the model's audio_tower has 3", "layers[0:3]"),
    Bad((f"{ADAPTER}.trains=[projector,projector]",), f"{ADAPTER}.trains", "'projector' is listed twice", "once"),
    Bad((f"{ADAPTER}.adapter=null",), ADAPTER, "trains nothing: no parts and no adapter", f"{ADAPTER}.trains=[audio_tower]"),
    Bad(("recipe=v2", f"{ENCODER}.trains=[]"), ENCODER, "trains nothing", f"'~stage@{ENCODER}'"),
    # the probe and the controls
    Bad((f"{ADAPTER}.mix.share=0",), f"{ADAPTER}.mix.share", "0.0 is not above 0", f"{ADAPTER}.mix.share=0.25"),
    Bad((f"{ADAPTER}.mix.share=1.5",), f"{ADAPTER}.mix.share", "at most 1", f"{ADAPTER}.mix.share=0.25"),
    Bad(("probe=dev", "probe.every=0"), "probe.every", "0 is below 1", "probe.every=1"),
    Bad(("probe=dev", "probe.evaluation.split=test"), "probe.evaluation", "the reported questions", "probe.evaluation.split=dev"),
    Bad(("probe=dev", "evaluation.split=dev"), "probe.evaluation", "the reported questions", "evaluation.split=test"),
    Bad(("probe=dev", "probe.evaluation.silenced=true"), "probe.evaluation.silenced", "not probed", "Leave probe.evaluation"),
    Bad(("probe=dev", "probe.evaluation.split=train"), "probe.evaluation.split", "unknown value 'train'", "split=dev"),
    Bad(("evaluation.orders=0",), "evaluation.orders", "at least 1 and at most 26", "evaluation.orders=4"),
    Bad(("evaluation.wordings=true", "evaluation.other_prompts=null"), "evaluation.other_prompts", "", ""),
    Bad(("evaluation.other_prompts.select=x",), "evaluation.other_prompts.select", "lacks {question}", "Put {question}"),
    # steps, batches, optimiser
    Bad((f"{ADAPTER}.steps=0",), f"{ADAPTER}.steps", "0 is below 1", f"{ADAPTER}.steps=1"),
    Bad((f"{ADAPTER}.batch_size=0",), f"{ADAPTER}.batch_size", "0 is below 1", f"{ADAPTER}.batch_size=1"),
    Bad((f"{ADAPTER}.save_every=0",), f"{ADAPTER}.save_every", "0 is below 1", f"{ADAPTER}.save_every=1"),
    Bad((f"{ADAPTER}.micro_batch_size=5",), f"{ADAPTER}.micro_batch_size", "allowed: 1, 2, 4, 8, 16", "micro_batch_size=4"),
    Bad((f"{ADAPTER}.steps=3",), f"{OPTIM}.warmup_steps", "longer than the stage of 3 steps", f"{OPTIM}.warmup_steps=0"),
    Bad((f"{OPTIM}.warmup_steps=-1",), f"{OPTIM}.warmup_steps", "-1 is below 0", f"{OPTIM}.warmup_steps=0"),
    Bad((f"{OPTIM}.lr=0",), f"{OPTIM}.lr", "not above 0", f"{OPTIM}.lr=1e-3"),
    Bad((f"{OPTIM}.lr=nan",), f"{OPTIM}.lr", "not above 0", f"{OPTIM}.lr=1e-3"),
    Bad((f"{OPTIM}.lr=inf",), f"{OPTIM}.lr", "finite", f"{OPTIM}.lr=1e-3"),
    Bad((f"{OPTIM}.beta2=1.0",), f"{OPTIM}.beta2", "at least 0 and below 1", f"{OPTIM}.beta2=0.95"),
    Bad((f"{OPTIM}.min_lr_ratio=2",), f"{OPTIM}.min_lr_ratio", "at most 1", f"{OPTIM}.min_lr_ratio=0.1"),
    Bad((f"{OPTIM}.weight_decay=-0.1",), f"{OPTIM}.weight_decay", "at least 0", f"{OPTIM}.weight_decay=0.01"),
    Bad((f"{OPTIM}.grad_clip=0",), f"{OPTIM}.grad_clip", "every gradient at 0", f"{OPTIM}.grad_clip=1.0"),
    Bad((f"+{OPTIM}.lr_by_part.projector=1e-4",), f"{OPTIM}.lr_by_part", "'projector' is not trained here", "adapter"),
    Bad((f"{ADAPTER}.name=../x",), f"{ADAPTER}.name", "cannot name a folder", "letters, digits"),
    # adapters
    Bad((f"{ADAPTER}.adapter.rank=0",), f"{ADAPTER}.adapter.rank", "0 is below 1", "rank=1"),
    Bad((f"{ADAPTER}.adapter.alpha=-8",), f"{ADAPTER}.adapter.alpha", "-8 is below 1", "alpha=1"),
    Bad((f"{ADAPTER}.adapter.dropout=1.0",), f"{ADAPTER}.adapter.dropout", "below 1", "dropout=0.05"),
    Bad((f"{SCOPE}.language_model='('",), f"{SCOPE}.language_model", "not a regular expression", f"adapter@{ADAPTER}"),
    Bad((f"{SCOPE}.language_model=q_proj",), f"{SCOPE}.language_model", "none of the model's linear layers", "=dora_lm"),
    Bad((f"+{SCOPE}.audio_tower='.*audio_tower.*q_proj'",), f"{SCOPE}.audio_tower", "clips and takes no", "q_proj.linear"),
    Bad((f"{SCOPE}.language_model='.*layers.0.*'",), f"{SCOPE}.language_model", "which is no layer of language_model", "Begin"),
    Bad((f"+{SCOPE}.audio_towr='.*'",), f"{SCOPE}", "unknown part 'audio_towr'; allowed: ", "Did you mean 'audio_tower'?"),
    Bad((f"+{SCOPE}.per_layer_embedding='.*'",), f"{SCOPE}", "unknown part 'per_layer_embedding'", "=dora_lm"),
    Bad((f"~{SCOPE}.language_model",), f"{SCOPE}", "is empty", "=dora_lm"),
    Bad(
        (f"adapter@{ADAPTER}.adapter=dora_published_vision", "model=gemma4_e4b_random"),
        "trainer.savings.without_vision", "leaves the vision_tower out", "trainer.savings.without_vision=false",
    ),
    Bad(
        ("trainer.savings.host_embedding=true", f"{ADAPTER}.trains=[per_layer_embedding]"),
        "trainer.savings.host_embedding", "per_layer_embedding table frozen", "trainer.savings.host_embedding=false",
    ),
    Bad((f"+{SCOPE}.vision_tower='.*vision_tower.*'",), f"{SCOPE}.vision_tower", "it has no vision_tower", "Leave vision_tower"),
    # data that a stage cannot be filled from
    Bad((f"{ADAPTER}.mix.sources=[musik_qa]",), f"{ADAPTER}.mix.sources", "qa example of musik_qa", "Did you mean 'music_qa'?"),
    Bad((f"{ADAPTER}.mix.sources=[x,music_qa]",), f"{ADAPTER}.mix.sources", "sources: clotho_aqa", f"{ADAPTER}.mix.sources=["),
    Bad((f"{ADAPTER}.mix.sources=[music_qa,music_qa]",), f"{ADAPTER}.mix.sources", "listed twice", "sources=[music_qa]"),
    Bad(("recipe=v2", "data.clips=1"), f"{ENCODER}.mix.sources", "no caption example of", f"{ENCODER}.mix.sources=["),
    Bad(("recipe=v2", "data.clips=40", f"{ENCODER}.batch_size=64"), f"{ENCODER}.batch_size", "caption examples", "batch_size="),
    Bad(("data.clips=0",), "data.clips", "0 is below 1", "data.clips=1"),
    Bad(("data.test_questions=-2",), "data.test_questions", "-2 is below 1", "data.test_questions=1"),
    # prompts
    Bad((f"{ADAPTER}.prompts=null",), f"{ADAPTER}.prompts", "needs prompts", f"prompts@{ADAPTER}.prompts=task_specific"),
    Bad(MY_PROMPTS, BY_SOURCE, "of clotho_aqa, ", "=task_specific"),
    Bad((*MY_PROMPTS, f"{ADAPTER}.mix.sources=[music_qa]"), BY_SOURCE, "'music_qa'", "*"),
    Bad((f"prompts@{ADAPTER}.prompts=generic5",), f"{BY_SOURCE}.*", "lacks {question} (and 4 more like it)", "{question}"),
    Bad((f"{BY_SOURCE}.music_qa=['{{question}} {{answr}}']",), f"{BY_SOURCE}.music_qa", "unknown field {answr}", "{choices}"),
    Bad((f"{BY_SOURCE}.music_qa=['{{question']",), f"{BY_SOURCE}.music_qa", "not a template", "literal brace"),
    Bad((f"{BY_SOURCE}.music_qa=[]",), f"{BY_SOURCE}.music_qa", "no prompt", "List at least one"),
    # evaluation
    Bad((MMAU,), "evaluation.file", "not set", "evaluation.file=PATH"),
    Bad((MMAU,), "evaluation.audio_dir", "not set", "evaluation.audio_dir=PATH"),
    Bad((MMAU, "evaluation.file=no.json"), "evaluation.file", "'no.json' not found", "evaluation.file=PATH"),
    Bad((MMAU, "evaluation.file=empty.json"), "evaluation.file", "empty", "evaluation.file=PATH"),
    Bad(("evaluation.split=tset",), "evaluation.split", "unknown value 'tset'; allowed: ", "Did you mean 'test'?"),
    Bad(("evaluation.limit=0",), "evaluation.limit", "0 is below 1", "evaluation.limit=1"),
    Bad(("evaluation.batch_size=0",), "evaluation.batch_size", "0 is below 1", "evaluation.batch_size=1"),
    Bad(("evaluation.max_new_tokens=0",), "evaluation.max_new_tokens", "0 is below 1", "evaluation.max_new_tokens=1"),
    Bad(("evaluation.prompt=hello",), "evaluation.prompt", "lacks {question}", "{question}"),
    Bad(("evaluation.method=letter", "evaluation.choice='{text}'"), "evaluation.choice", "lacks {letter}", "{letter}"),
    Bad(("evaluation.method=letters",), "evaluation.method", "unknown value 'letters'", "Did you mean 'letter'?"),
    # model, trainer, machine
    Bad(("model=gemma4_e4b",), "model.revision", "null does not pin 'google/gemma-4-E4B-it'", "model.revision=COMMIT"),
    Bad((*E4B, "model.revision=main"), "model.revision", "'main' does not pin", "40 hexadecimal digits"),
    Bad((*E4B, COMMIT), "model.source", "no login for the Hugging Face Hub", "hf auth login"),
    Bad(("model.source=./nowhere",), "model.source", "folder './nowhere' not found", "model=tiny"),
    Bad(("model.source=architecture:gemma4",), "model.source", "unknown value 'architecture:gemma4'", "gemma4_e4b"),
    Bad(("model.source=architecture:gemma4_e4b",), "model.weights", "no pretrained weights", "model.weights=random"),
    Bad(("model.source=./half",), "model.source", "no config.json", "save_pretrained"),
    Bad(("model.dtype=float8",), "model.dtype", "unknown value 'float8'; allowed: float32, bfloat16", "float32"),
    Bad(("model.dtype=bfloat16",), "trainer.precision", "32-true cannot train", "trainer.precision=bf16-mixed"),
    Bad(("trainer.precision=bf16-mixd",), "trainer.precision", "bf16-mixd", "Did you mean 'bf16-mixed'?"),
    Bad(("trainer.threads=null",), "trainer.threads", "decides the last bits", "trainer.threads=1"),
    Bad(("trainer.max_steps=0",), "trainer.max_steps", "0 is below 1", "trainer.max_steps=1"),
    Bad(("trainer=gpu",), "trainer.accelerator", "hides every GPU", "trainer=cpu"),
    Bad(("engine.parallel=0",), "engine.parallel", "0 is below 1", "engine.parallel=1"),
    Bad(("tracker.wandb.mode=cloud",), "tracker.wandb.mode", "unknown value 'cloud'", "tracker.wandb.mode=offline"),
    Bad(("tracker.wandb.mode=online",), "tracker.wandb.mode", "no login for Weights & Biases", "tracker.wandb.mode=offline"),
    # folders
    Bad(("out=a_file",), "out", "'a_file' is a file", "out=FOLDER"),
    Bad(("out=a_file/deep/er",), "out", "cannot be a folder: 'a_file' is a file", "out=FOLDER"),
    Bad(("out=half",), "out", "'half/store' cannot be a folder", "out=FOLDER"),
    Bad(("name=a/b",), "name", "'a/b' cannot name a folder", "letters, digits"),
    # what Hydra refuses
    Bad(("sede=1",), "sede", "unknown key 'sede'; known: name", "Did you mean 'seed'?"),
    Bad(("recipe=v2", "~stage@recipe.stages.foo"), "recipe.stages.foo", "known in recipe.stages: encoder, adapter", "+stage@"),
    Bad(("recipe=v9",), "recipe", "unknown option 'v9'; allowed: base", "recipe="),
    # sweeps
    Bad(("sweep=v2_v3",), "sweep", "without -m", "gemma-audio -m sweep=v2_v3"),
    Bad((*V2_V3, "recipe=v2"), "recipe", "'v2' is the only one", "recipe=base,v2,v2_tuned,v3"),
    Bad((*V2_V3, "recipe=base,v2"), "sweep.treatment", "'v3' is not an arm of this sweep; arms: ", "sweep.treatment=base"),
    Bad((*V2_V3, "sweep.baseline=v7"), "sweep.baseline", "'v7' is not an arm", "sweep.baseline=base"),
    Bad((*V2_V3, "sweep.treatment=v2"), "sweep.treatment", "both 'v2'", "sweep.treatment="),
    Bad((*V2_V3, "sweep.alpha=5"), "sweep.alpha", "5.0 is not between 0 and 1", "sweep.alpha=0.05"),
    Bad((*V2_V3, "sweep.axis=recipes"), "sweep.axis", "'recipes' names nothing in the config", "sweep.axis=recipe"),
    Bad((*V2_V3, f"sweep.axis={ENCODER}.steps"), "sweep.axis", "in some cells (recipe base, v3)", "sweep.axis=recipe"),
    Bad((*V2_V3, "sweep.name=a/b"), "sweep.name", "cannot name a folder", "letters, digits"),
    Bad(("-m", "recipe=v3", f"{ENCODER}.steps=1,2"), f"{ENCODER}.steps", "'encoder'; known in recipe.stages: adapter", "--cfg"),
    Bad(("-m", "recipe=v3", f"{OPTIM}.lr=1e-3,3e-4"), "name", "share v3-seed0 (2 cells)", "'recipe.name=v3-lr${"),
    Bad(("-m", "recipe=v3,v3"), "command line", "a value is listed twice: 0-v3-seed0, 1-v3-seed0", "once"),
    Bad(("-m", "recipe=v3", "engine.parallel=1,2"), "engine.parallel", "1 and 2 change nothing that is", "engine.parallel=1"),
    Bad(("-m", "recipe=v3", "data.name=a,b"), "data.name", "0-v3-seed0, 1-v3-seed0", "data.name=a"),
    Bad(("-m", "recipe=base,v3", "trainer.name=a,b"), "trainer.name", "and 1 more", "trainer.name=a"),
    Bad(("-m", "recipe=v3", "model.init_seed=0,1"), "model.init_seed", "0 and 1 change nothing", "model.init_seed=0"),
    Bad(("-m", "recipe=base", "data.clips=64,128"), "data.clips", "64 and 128 change nothing", "data.clips=64"),
    Bad(("-m", "recipe=v3", "recipe.name=v3,mine"), "recipe", "arms v3 and mine are the same recipe", "Leave one of them out"),
    Bad(("-m", "recipe=v3,v3_matched", f"{ADAPTER}.steps=200"), "recipe", "arms v3 and v3_matched are the same", "Leave one"),
    Bad(
        ("-m", "recipe=v3", f"{OPTIM}.lr=1e-3,3e-4", f"name=lr${{{OPTIM}.lr}}"),
        "recipe", "arm 'v3' stands for 2 different things", "'recipe.name=v3-lr${",
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a file in the way, and a machine without logins and without a GPU."""
    monkeypatch.chdir(tmp_path)
    Path("a_file").write_text("")
    Path("empty.json").write_text("")
    Path("mine/prompts").mkdir(parents=True)
    Path("mine/prompts/mine.yaml").write_text("name: mine\nby_source: {fsd50k_qa: ['{question}']}\n")
    Path("half").mkdir()
    Path("half/store").write_text("")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE", "WANDB_API_KEY", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def problems(*words: str) -> list[Problem]:
    try:
        checked(collected(words))
    except ConfigError as error:
        return error.problems
    return []


def collected(words: tuple[str, ...]) -> Collected:
    """As the command line does; a single cell that Hydra takes is composed without the rest of Hydra, which is slow."""
    if not words[0].startswith("-"):
        with suppress(*REFUSALS):
            return Collected([Job(composed(words), words)])
    return collect(["gemma-audio", *words])


@pytest.mark.parametrize("bad", TABLE, ids=[f"{n}-{bad.place}" for n, bad in enumerate(TABLE)])
def test_a_bad_config_is_refused_with_a_remedy(bad: Bad) -> None:
    found = problems(*bad.words)
    listed = "\n".join(map(str, found))
    blamed = [p for p in found if p.place == bad.place and bad.said in p.message and bad.remedy in p.remedy]
    assert blamed, listed
    assert all(problem.remedy for problem in found), listed
    for problem in found:
        for word in typed(problem.remedy):
            OverridesParser.create().parse_override(word)
    words = typed(blamed[0].remedy)
    if words == blamed[0].remedy.split() and not any(PLACEHOLDER.search(word) for word in words):
        assert bad.place not in [p.place for p in problems(*replaced(bad.words, words))]


def typed(remedy: str) -> list[str]:
    """The overrides that a remedy says to type."""
    return [
        quoted or plain.rstrip(".,;") for quoted, plain in re.findall(r"'([+~][^']+|[\w./@]+=[^']*)'|([+~]*[\w./@]+=\S+)", remedy)
    ]


def replaced(words: tuple[str, ...], new: list[str]) -> list[str]:
    """`words` with those of a remedy; a group's choice replaces what was set in that group."""
    keys = [word.partition("=")[0].rpartition("@")[2] for word in new]
    return [*(word for word in words if not word.startswith(tuple(keys))), *new]


def test_six_mistakes_are_listed_at_once() -> None:
    wrong = {
        f"{ADAPTER}.trains": "[audio_towr]", f"{ADAPTER}.micro_batch_size": "3", f"{ADAPTER}.mix.sources": "[nowhere]",
        "evaluation.split": "tset", "tracker.wandb.mode": "online", "out": "a_file/x",
    }  # fmt: skip
    assert sorted({p.place for p in problems(*(f"{key}={value}" for key, value in wrong.items()))}) == sorted(wrong)


def test_hydras_refusals_and_ours_are_listed_at_once() -> None:
    words = ["sede=1", "trainer.accelerator=tpu", "data.clips=-1", f"{OPTIM}.lr=0"]
    assert sorted(p.place for p in problems(*words)) == ["data.clips", f"{OPTIM}.lr", "sede", "trainer.accelerator"]


def test_mistakes_of_cells_and_of_the_sweep_are_listed_at_once() -> None:
    words = [*V2_V3, "recipe=v2,v3", f"{ENCODER}.steps=0", f"{ADAPTER}.steps=0", "engine.parallel=1,2", "sweep.alpha=2"]
    assert {p.place for p in problems(*words[:4], *words[5:])} == {f"{ADAPTER}.steps", "engine.parallel", "sweep.alpha"}
    assert {p.place for p in problems(*words)} >= {f"{ADAPTER}.steps", f"{ENCODER}.steps"}  # v3 has no encoder: Hydra refuses


def test_no_check_imports_a_heavy_library() -> None:
    code = """if True:
        import json, sys
        from gemma_audio.cli import checks, collect
        checks.checked(collect.collect(["gemma-audio", "-m", "sweep=v2_v3", "seed=0"]))
        print(json.dumps([name for name in ("torch", "transformers", "peft", "lightning", "wandb") if name in sys.modules]))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    "words",
    [
        ["recipe=v2"],
        ["recipe=v3", f"{ADAPTER}.steps=100000"],
        ["-m", "recipe=base", "seed=0,1"],
        ["-m", "recipe=base,v3", "seed=0,1"],
        [*V2_V3],
        ["-m", "recipe=v3", f"{OPTIM}.lr=1e-3,3e-4", f"recipe.name=v3-lr${{{OPTIM}.lr}}"],
        [*V2_V3, "recipe=v2,v3", f"{ADAPTER}.steps=50"],
        ["recipe=base", "trainer=gpu", "plan=true", *E4B, COMMIT],
        ["recipe=v3", "trainer=gpu", "plan=true", "model=gemma4_e4b_random"],
        ["recipe=v2", "trainer=gpu_24gb", "plan=true", "model=gemma4_e4b_random", f"adapter@{ADAPTER}.adapter=dora_published"],
    ],
)
def test_what_is_meant_is_not_refused(words: list[str]) -> None:
    assert problems(*words) == []
