"""Rules that types cannot state; every problem of a config is found before anything is loaded, and all are shown at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from gemma_audio.config.rules import at_least, choice, given, not_writable, template
from gemma_audio.config.schema import PARTS, Accelerator, BenchmarkKind, Config, Evaluation, Method, Objective, Prompts, Stage
from gemma_audio.errors import Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DTYPES = ("float32", "bfloat16")
COMMIT = re.compile(r"[0-9a-f]{40}")
PRECISIONS = ("32-true", "bf16-mixed")
WANDB_MODES = ("offline", "online")


def check_config(config: Config) -> list[Problem]:
    """All problems of one config."""
    problems = [*_general(config), *_model(config), *_data(config), *_evaluation(config.evaluation)]
    for key, stage in config.recipe.stages.items():
        problems += _stage(f"recipe.stages.{key}", stage)
    return problems


def check_sweep(configs: Sequence[Config], *, multirun: bool) -> list[Problem]:
    """Problems of the cells as a whole: `sweep=` without -m, names that collide, arms that are missing."""
    sweep = configs[0].sweep if configs else None
    if sweep is not None and not multirun:
        remedy = f"Add -m: gemma-audio -m sweep={sweep.name} (without it one cell of the default recipe would run)."
        return [Problem("sweep", f"'{sweep.name}' was given without -m (--multirun)", remedy)]
    problems = list(_collisions(configs))
    if sweep is not None:
        problems += _arms(configs)
        if not 0 < sweep.alpha < 1:
            problems.append(Problem("sweep.alpha", f"{sweep.alpha} is not between 0 and 1", "sweep.alpha=0.05"))
    return problems


def arm_of(config: Config) -> str:
    """The arm of a cell: the name of what `sweep.axis` chose, or the value there."""
    axis = config.sweep.axis if config.sweep is not None else "recipe"
    node: object = config
    for key in axis.split("."):
        node = node.get(key) if isinstance(node, dict) else getattr(node, key, None)
    return str(getattr(node, "name", node))


def _collisions(configs: Sequence[Config]) -> Iterator[Problem]:
    names = [config.name for config in configs]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        remedy = "Let what you vary show in the recipe's name: 'recipe.name=v3-lr${recipe.stages.adapter.optim.lr}'"
        yield Problem("name", f"{names.count(name)} cells of this sweep are called '{name}'", remedy)


def _arms(configs: Sequence[Config]) -> Iterator[Problem]:
    sweep, arms = configs[0].sweep, list(dict.fromkeys(arm_of(config) for config in configs))
    assert sweep is not None
    if len(arms) < 2:
        remedy = f"Name at least two arms, separated by commas: {sweep.axis}={','.join(sweep.arms)}"
        yield Problem(sweep.axis, f"a sweep compares arms, but '{arms[0]}' is the only one", remedy)
        return
    for role, other in (("baseline", sweep.treatment), ("treatment", sweep.baseline)):
        if (value := getattr(sweep, role)) not in arms:
            free = next(arm for arm in arms if arm != other)
            message = f"'{value}' is not an arm of this sweep; arms: {', '.join(arms)}"
            yield Problem(f"sweep.{role}", message, f"sweep.{role}={free}")
    if sweep.baseline == sweep.treatment:
        yield Problem("sweep.treatment", f"baseline and treatment are both '{sweep.baseline}'", "Name two different arms.")


def _general(config: Config) -> Iterator[Problem]:
    for place, name in (("name", config.name), ("recipe.name", config.recipe.name)):
        if not NAME.fullmatch(name):
            yield Problem(place, f"'{name}' cannot name a folder", "Use letters, digits, '.', '_' and '-'.")
    if problem := not_writable(Path(config.out)):
        yield Problem("out", problem, "out=FOLDER that you may write to")
    yield from choice("trainer.precision", config.trainer.precision, PRECISIONS)
    yield from at_least("trainer.threads", config.trainer.threads, 1)
    if config.trainer.accelerator is Accelerator.cpu and config.trainer.threads is None:
        message = "null, but on a CPU the number of threads decides the last bits of every sum"
        yield Problem("trainer.threads", message, "trainer.threads=1")
    yield from at_least("trainer.max_steps", config.trainer.max_steps, 1)
    yield from at_least("engine.parallel", config.engine.parallel, 1)
    for key, tracker in config.tracker.items():
        yield from choice(f"tracker.{key}.mode", tracker.mode, (*WANDB_MODES, None))


def _model(config: Config) -> Iterator[Problem]:
    model = config.model
    yield from choice("model.dtype", model.dtype, DTYPES)
    is_folder = model.source.startswith((".", "/", "~")) or Path(model.source).is_dir()
    if is_folder and not Path(model.source).expanduser().is_dir():
        yield Problem("model.source", f"folder '{model.source}' not found", "Give an existing folder, a Hub id, or model=tiny.")
    if model.source != "embedded" and not is_folder and not COMMIT.fullmatch(model.revision or ""):
        message = (
            f"'{model.revision}' does not pin '{model.source}': a revision that moves would let old results pass for new ones"
        )
        yield Problem("model.revision", message, "model.revision=COMMIT (40 hexadecimal digits)")
    if model.dtype == "bfloat16" and config.trainer.precision == "32-true" and config.recipe.stages:
        message = "32-true cannot train parts or adapters in float32 on a model in bfloat16"
        yield Problem("trainer.precision", message, "trainer=gpu, or trainer.precision=bf16-mixed, or model.dtype=float32")


def _data(config: Config) -> Iterator[Problem]:
    for key in ("clips", "dev_questions", "test_questions"):
        yield from at_least(f"data.{key}", getattr(config.data, key), 1)


def _stage(place: str, stage: Stage) -> Iterator[Problem]:
    if not NAME.fullmatch(stage.name):
        yield Problem(f"{place}.name", f"'{stage.name}' cannot name a folder", "Use letters, digits, '.', '_' and '-'.")
    if not stage.trains and stage.adapter is None:
        remedy = f"{place}.trains=[audio_tower] or adapter@{place}.adapter=dora_lm, or leave the stage out: '~stage@{place}'"
        yield Problem(place, "the stage trains nothing: no parts and no adapter", remedy)
    for part in stage.trains:
        yield from choice(f"{place}.trains", part, PARTS, "part")
    for key in ("steps", "batch_size", "micro_batch_size", "save_every"):
        yield from at_least(f"{place}.{key}", getattr(stage, key), 1)
    yield from _micro_batch(place, stage)
    yield from _optim(place, stage)
    yield from _adapter(place, stage)
    yield from _prompts(place, stage)


def _micro_batch(place: str, stage: Stage) -> Iterator[Problem]:
    if stage.micro_batch_size >= 1 and stage.batch_size % stage.micro_batch_size:
        allowed = ", ".join(str(n) for n in range(1, stage.batch_size + 1) if stage.batch_size % n == 0)
        message = f"{stage.micro_batch_size} does not divide the batch of {stage.batch_size}; allowed: {allowed}"
        yield Problem(f"{place}.micro_batch_size", message, f"{place}.micro_batch_size={stage.batch_size}")


def _optim(place: str, stage: Stage) -> Iterator[Problem]:
    if not stage.optim.lr > 0:
        yield Problem(f"{place}.optim.lr", f"{stage.optim.lr} is not above 0", f"{place}.optim.lr=1e-3")
    if not 0 <= stage.optim.warmup_steps <= stage.steps:
        message = f"{stage.optim.warmup_steps} is not between 0 and the stage's {stage.steps} steps"
        yield Problem(f"{place}.optim.warmup_steps", message, f"{place}.optim.warmup_steps={max(stage.steps, 0) // 10}")


def _adapter(place: str, stage: Stage) -> Iterator[Problem]:
    if (adapter := stage.adapter) is None:
        return
    yield from at_least(f"{place}.adapter.rank", adapter.rank, 1)
    if not 0 <= adapter.dropout < 1:
        yield Problem(f"{place}.adapter.dropout", f"{adapter.dropout} is not in [0, 1)", f"{place}.adapter.dropout=0.05")
    try:
        re.compile(adapter.target)
    except re.error as error:
        message = f"'{adapter.target}' is not a regular expression: {error}"
        yield Problem(f"{place}.adapter.target", message, "It must match whole module names; see conf/adapter/dora_lm.yaml.")


def _prompts(place: str, stage: Stage) -> Iterator[Problem]:
    if stage.prompts is None or not stage.prompts.by_source:
        if stage.objective in (Objective.caption, Objective.qa):
            message = f"objective {stage.objective} needs prompts"
            yield Problem(f"{place}.prompts", message, f"prompts@{place}.prompts=task_specific")
        return
    yield from _uncovered(f"{place}.prompts.by_source", stage.prompts, stage.sources)
    asks = stage.objective is Objective.qa
    for source, templates in stage.prompts.by_source.items():
        where = f"{place}.prompts.by_source.{source}"
        if not templates or any(not text.strip() for text in templates):
            yield Problem(where, "no prompt, or an empty one", "List at least one prompt, or remove the source.")
        for text in templates:
            yield from template(where, text, ("question", "choices"), required=("question",) if asks else ())


def _uncovered(place: str, prompts: Prompts, sources: Sequence[str]) -> Iterator[Problem]:
    if "*" in prompts.by_source:
        return
    remedy = 'Add its prompts, or an entry "*" that serves every source that is not listed.'
    for source in sources or ("*",):
        if source not in prompts.by_source:
            what = f"no prompts for source '{source}'" if source != "*" else "sources is [] (all), but only some have prompts"
            yield Problem(place, f"{what}; listed: {', '.join(prompts.by_source)}", remedy)


def _evaluation(evaluation: Evaluation) -> Iterator[Problem]:
    yield from at_least("evaluation.batch_size", evaluation.batch_size, 1)
    yield from at_least("evaluation.max_new_tokens", evaluation.max_new_tokens, 1)
    yield from at_least("evaluation.limit", evaluation.limit, 1)
    needs = ("question", "choices") if evaluation.method is Method.letter else ("question",)
    yield from template("evaluation.prompt", evaluation.prompt, ("question", "choices"), required=needs)
    letters = ("letter", "text") if evaluation.method is Method.letter else ("text",)
    yield from template("evaluation.choice", evaluation.choice, ("letter", "text"), required=letters)
    if evaluation.benchmark is BenchmarkKind.embedded:
        yield from choice("evaluation.split", evaluation.split, ("test", "dev"))
    if evaluation.benchmark is BenchmarkKind.mmau:
        yield from given("evaluation.file", evaluation.file, "MMAU's annotation file (a JSON list)", Path.is_file)
        yield from given("evaluation.audio_dir", evaluation.audio_dir, "the folder of MMAU's sounds", Path.is_dir)
