"""The type of every config group; a typo or a wrong type is an error before anything is loaded.

Each field says what it is to reuse: `identity` fields change what is computed and stand in a fingerprint, `runtime` fields
change only how, how fast or where it is computed. A test fails on a field that says neither.
"""
# ruff: noqa: RUF009 (`identity` and `runtime` return dataclasses.field)

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hydra.core.config_store import ConfigStore

from gemma_audio.config.kinds import (
    Accelerator,
    AdapterMethod,
    AnswerForm,
    DataKind,
    Keep,
    Method,
    Reuse,
    TrackerKind,
    Weights,
)
from gemma_audio.config.role import identity, runtime

SPLITS = ("dev", "test", "test_voice", "test_combo")
PARTS = ("audio_tower", "projector", "language_model", "per_layer_embedding")
ADAPTED = ("audio_tower", "projector", "language_model", "vision_tower")


@dataclass
class Model:
    """`source` is "embedded", a Hub id (with `revision`), a local folder or "architecture:gemma4_e4b", which has random weights.

    `init_seed` counts for random weights alone.
    """

    name: str = runtime()
    source: str = identity()
    revision: str | None = identity(None)
    weights: Weights = identity(Weights.pretrained)
    init_seed: int = identity(0)
    dtype: str = identity("float32")


@dataclass
class Data:
    """What is trained on: `kind` is built in or a plugin's, and decides which other fields count.

    The embedded world has a seed, training clips, and questions per subcategory of its splits: dev, test, and the two shifted
    ones, test_voice and test_combo (whatever the kind, these size the embedded benchmark). A manifest has a file, the folder of
    its sounds (null: the file's own) and names of its columns. A plugin's corpus may read all of them, and `options`.
    """

    name: str = runtime()
    kind: str = identity(DataKind.embedded)
    seed: int = identity(0)
    clips: int = identity(0)
    dev_questions: int = identity(12)
    test_questions: int = identity(40)
    shift_questions: int = identity(8)
    file: str | None = runtime(None)
    audio_dir: str | None = runtime(None)
    columns: dict[str, str] = identity(factory=dict)
    options: dict[str, Any] = identity(factory=dict)


@dataclass
class Prompts:
    """Prompt templates by source; the key "*" serves every source that is not listed."""

    name: str = runtime()
    by_source: dict[str, list[str]] = identity()


@dataclass
class Mix:
    """The corpora that a stage reads, or the first `share` of their examples; `sources` [] means every source of the data."""

    name: str = runtime("all")
    sources: list[str] = identity(factory=list)
    share: float = identity(1.0)


@dataclass
class Adapter:
    """`scope` maps parts of the model (ADAPTED) to regular expressions on whole names of their linear layers."""

    name: str = runtime()
    method: AdapterMethod = identity(AdapterMethod.dora)
    rank: int = identity()
    alpha: int = identity()
    dropout: float = identity(0.0)
    scope: dict[str, str] = identity()


@dataclass
class Optim:
    """AdamW; the learning rate warms up linearly and falls as a cosine to `min_lr_ratio * lr`.

    `lr_by_part` gives entries of the stage's `trains` a rate of their own; the key "adapter" is the adapter.
    """

    lr: float = identity()
    lr_by_part: dict[str, float] = identity(factory=dict)
    weight_decay: float = identity(0.0)
    beta1: float = identity(0.9)
    beta2: float = identity(0.95)
    warmup_steps: int = identity(0)
    min_lr_ratio: float = identity(0.1)
    grad_clip: float = identity(1.0)


@dataclass
class Stage:
    """One training stage. `trains` are parts or layer ranges trained in full; `batch_size` is the effective batch.

    `bucket_pool` effective batches at a time are cut into micro-batches of like length, and these dealt out at random; null
    sorts within one effective batch only. `checkpointing` recomputes every `checkpoint_every_layers`-th layer.
    """

    name: str = identity()
    objective: str = identity()
    trains: list[str] = identity(factory=list)
    adapter: Adapter | None = identity(None)
    prompts: Prompts | None = identity(None)
    mix: Mix = identity(factory=Mix)
    steps: int = identity()
    batch_size: int = identity()
    micro_batch_size: int = identity()
    optim: Optim = identity(factory=Optim)
    seed: int = identity("${seed}")
    bucket_pool: int | None = identity(None)
    checkpointing: bool = runtime(False)
    checkpoint_every_layers: int = runtime(1)
    save_every: int = runtime(50)


@dataclass
class Recipe:
    """An ordered dict of stages; none means that the base model is evaluated as it is."""

    name: str = runtime()
    stages: dict[str, Stage] = identity(factory=dict)


@dataclass
class Evaluation:
    """`prompt` holds {question} and {choices}; `choice` writes one choice with {letter} and {text}; `separator` joins them.

    `file` and `audio_dir` are a benchmark's questions and sounds. `columns` (our name: the file's) and `answer` (text, letter, or
    auto: found out and said) read a multiple-choice file; `options` are for a plugin's benchmark. Controls, scored beside the
    benchmark: the options in `orders` rotations, the prompts of `other_prompts`, the sound silenced or swapped, no question.
    """

    name: str = runtime()
    benchmark: str = identity()
    split: str = identity("test")
    method: Method = identity()
    file: str | None = runtime(None)
    audio_dir: str | None = runtime(None)
    columns: dict[str, str] = identity(factory=dict)
    answer: AnswerForm = identity(AnswerForm.auto)
    options: dict[str, Any] = identity(factory=dict)
    prompt: str = identity()
    choice: str = identity()
    separator: str = identity()
    batch_size: int = runtime(16)
    max_new_tokens: int = identity(32)
    limit: int | None = identity(None)
    orders: int = identity(1)
    wordings: bool = identity(False)
    other_prompts: dict[str, str] = identity(factory=dict)
    silenced: bool = identity(False)
    swapped: bool = identity(False)
    no_question: bool = identity(False)


@dataclass
class Probe:
    """Dev questions that are answered before a stage, every `every` optimizer steps of it and after its last.

    `keep` says which weights the stage is left with: those of the last step, or of the step with the best dev accuracy.
    """

    name: str = runtime()
    every: int = identity()
    keep: Keep = identity(Keep.last)
    evaluation: Evaluation = identity()


@dataclass
class Savings:
    """Work and memory that a result does not need; each leaves loss and gradients as they are, up to rounding.

    `identity` fields may change the last bits, `runtime` fields change none. Vocabulary logits at supervised positions only;
    prompt positions leave before the layers that share keys and values; DoRA's norm from factors; a frozen audio tower's outputs
    kept; the per-layer-embedding table kept on the host; the vision tower not loaded.
    """

    name: str = runtime()
    supervised_logits: bool = identity(True)
    shared_kv_pruning: bool = identity(True)
    factored_dora: bool = identity(False)
    cached_features: bool = identity(True)
    host_embedding: bool = runtime(False)
    without_vision: bool = runtime(True)


@dataclass
class Trainer:
    """`threads` per cell stand in the identity, since on a CPU sums in another order end in other bits; null is for a GPU.

    `max_steps` caps every stage and so stands in each stage's steps. `memory_gb` (1e9 bytes) is the device's, for `plan=true` on
    a machine without it; null asks the device that is there.
    """

    name: str = runtime()
    accelerator: Accelerator = runtime(Accelerator.cpu)
    memory_gb: float | None = runtime(None)
    precision: str = identity("32-true")
    threads: int | None = identity(None)
    max_steps: int | None = runtime(None)
    savings: Savings = identity(factory=Savings)


@dataclass
class Tracker:
    """`mode` null means online only when logged in; `artifacts` keeps weights and scores there, too, with their lineage."""

    kind: TrackerKind = runtime()
    project: str | None = runtime(None)
    mode: str | None = runtime(None)
    artifacts: bool = runtime(False)


@dataclass
class Sweep:
    """What a sweep compares: arms along `axis`, the declared baseline and treatment, and the rule that decides.

    `factors` makes it a factorial: factor -> level -> the arms at that level, two levels each. In an A/A sweep baseline and
    treatment are the one arm.
    """

    name: str = runtime()
    axis: str = runtime("recipe")
    arms: list[str] = runtime()
    baseline: str = runtime()
    treatment: str = runtime()
    alpha: float = runtime(0.05)
    decision: str = runtime()
    factors: dict[str, dict[str, list[str]]] = runtime(factory=dict)


@dataclass
class Engine:
    """`parallel` null means one cell per core (one in all on a GPU)."""

    name: str = runtime()
    parallel: int | None = runtime(None)


@dataclass
class Config:
    """The whole config; composed from conf/config.yaml and the command line."""

    name: str = runtime("${recipe.name}-seed${seed}")
    out: str = runtime("outputs")
    seed: int = runtime(0)
    reuse: Reuse = runtime(Reuse.missing)
    plan: bool = runtime(False)
    plugins: list[str] = runtime(factory=list)
    model: Model = identity(factory=Model)
    data: Data = identity(factory=Data)
    recipe: Recipe = identity(factory=Recipe)
    evaluation: Evaluation = identity(factory=Evaluation)
    probe: Probe | None = identity(None)
    trainer: Trainer = identity(factory=Trainer)
    tracker: dict[str, Tracker] = runtime(factory=dict)
    sweep: Sweep | None = runtime(None)
    engine: Engine = runtime(factory=Engine)


def register() -> None:
    """Make the schema known to Hydra as `base_config`."""
    ConfigStore.instance().store(name="base_config", node=Config)
