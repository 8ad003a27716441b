"""The files beside the weights: configuration, tokenizer, front end for sound, chat template; told without loading anything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gemma_audio.errors import Problem
from gemma_audio.files import read_object

TURN = "<turn|>"
CONFIGS = ("processor_config.json", "preprocessor_config.json")
TEMPLATES = ("chat_template.jinja", "chat_template.json", *CONFIGS, "tokenizer_config.json")
REMEDY = "Copy these files from the folder or the Hub page of the base model: without them nobody knows what the model was fed"


def problems(folder: Path) -> Iterator[Problem]:
    """A configuration of another model, files that are not there, a chat template that ends no turn."""
    kind = read_object(folder / "config.json").get("model_type")
    if kind is None:
        yield Problem("model.source", f"no config.json of a model in {folder}", "Name a folder as save_pretrained writes it")
    elif kind != "gemma4":
        yield Problem("model.source", f"{folder} holds a {kind!r} model, not 'gemma4'", "Choose a Gemma 4 model")
    if not (folder / "tokenizer.json").exists():
        yield Problem("model.source", f"{folder} lacks tokenizer.json", REMEDY)
    settings = next((found for name in CONFIGS if (found := read_object(folder / name))), None)
    if settings is None:
        yield Problem("model.source", f"{folder} lacks processor_config.json", REMEDY)
    elif "feature_extractor" not in settings and "feature_extractor_type" not in settings:
        message = f"the processor of {folder} has no feature extractor: sounds would be left out without a word"
        yield Problem("model.source", message, REMEDY)
    yield from _template(folder)


def _template(folder: Path) -> Iterator[Problem]:
    templates = [text for name in TEMPLATES if (text := _template_in(folder / name))]
    if not templates:
        yield Problem("model.source", f"{folder} has no chat template ({TEMPLATES[0]})", REMEDY)
    elif TURN not in templates[0]:
        message = f"the chat template of {folder} never writes {TURN}, Gemma 4's end of a turn: answers would have no end"
        yield Problem("model.source", message, REMEDY)


def _template_in(path: Path) -> str:
    if path.suffix == ".jinja":
        return path.read_text(encoding="utf-8") if path.exists() else ""
    return str(read_object(path).get("chat_template") or "")
