"""`gemma-audio-model`: what to publish of a trained model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gemma_audio.errors import GemmaAudioError, Problem

REFUSED = 2
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def commands() -> None:
    """What to publish of a trained model."""


@app.command()
def card(
    folder: Annotated[Path, typer.Argument(metavar="RUN_OR_SWEEP", help="Folder of a sweep, of one of its cells, or of a run.")],
    out: Annotated[Path, typer.Option("--out", help="Folder that README.md is written to; made if need be.")],
    arm: Annotated[str, typer.Option("--arm", help="The recipe to report; without it the sweep's treatment.")] = "",
    seed: Annotated[
        int | None, typer.Option("--seed", help="The seed to report; without it the first that the sweep planned.")
    ] = None,
) -> None:
    """Write a model card (README.md for the Hub) of one trained run: results, evidence, recipe, limits, licences."""
    try:
        path = _write(folder, out, arm, seed)
    except GemmaAudioError as error:
        print(f"gemma-audio-model: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    print(path)


def _write(folder: Path, out: Path, arm: str, seed: int | None) -> Path:
    from gemma_audio.report.card import model_card
    from gemma_audio.report.card_subject import subject

    text = model_card(subject(folder, arm, seed))
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "README.md").write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        problem = Problem(str(error.filename or out), f"cannot be written ({error.strerror})", "--out DIR, another folder")
        raise GemmaAudioError(str(problem)) from None
    return out / "README.md"
