"""The fixed choices of config fields, as enumerations."""

from __future__ import annotations

from enum import StrEnum


class Reuse(StrEnum):
    """What to do about work that the store may hold: `only` refuses to train, `always` overlooks code changes."""

    missing = "missing"
    always = "always"
    never = "never"
    only = "only"


class Weights(StrEnum):
    pretrained = "pretrained"
    random = "random"


class Architecture(StrEnum):
    """What `model.source` may name where the weights are random and no file is needed."""

    gemma4_e4b = "architecture:gemma4_e4b"


class DataKind(StrEnum):
    embedded = "embedded"
    manifest = "manifest"


class AdapterMethod(StrEnum):
    dora = "dora"
    lora = "lora"


class Objective(StrEnum):
    caption = "caption"
    qa = "qa"
    attributes = "attributes"
    alignment = "alignment"


class BenchmarkKind(StrEnum):
    embedded = "embedded"
    mmau = "mmau"
    mcq_file = "mcq_file"


class Method(StrEnum):
    option_text = "option_text"
    letter = "letter"
    generate = "generate"


class AnswerForm(StrEnum):
    auto = "auto"
    text = "text"
    letter = "letter"


class Keep(StrEnum):
    last = "last"
    best = "best"


class Accelerator(StrEnum):
    cpu = "cpu"
    gpu = "gpu"
    auto = "auto"


class TrackerKind(StrEnum):
    csv = "csv"
    wandb = "wandb"
