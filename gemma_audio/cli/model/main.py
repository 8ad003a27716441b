"""`gemma-audio-model`: what to publish of a trained model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gemma_audio.errors import GemmaAudioError, Problem

FAILED, REFUSED = 1, 2
app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)

Arm = Annotated[str, typer.Option("--arm", help="The recipe of a sweep to take; without it the sweep's treatment.")]
Seed = Annotated[int | None, typer.Option("--seed", help="The seed to take; without it the first that the sweep planned.")]
Dir = Annotated[Path, typer.Argument(metavar="DIR", help="An exported model.")]


@app.callback()
def commands() -> None:
    """What to publish of a trained model: its card, the model itself, the proof that it is whole, and the way to the Hub."""


@app.command()
def card(
    folder: Annotated[Path, typer.Argument(metavar="RUN_OR_SWEEP", help="Folder of a sweep, of one of its cells, or of a run.")],
    out: Annotated[Path, typer.Option("--out", help="Folder that README.md is written to; made if need be.")],
    arm: Arm = "",
    seed: Seed = None,
) -> None:
    """Write a model card (README.md for the Hub) of one trained run: results, evidence, recipe, limits, licences."""
    with refusals():
        print(_write(folder, out, arm, seed))


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, of a sweep's cell, or of a sweep.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the exported model; must not exist.")],
    arm: Arm = "",
    seed: Seed = None,
    base: Annotated[Path | None, typer.Option("--base", metavar="DIR", help="Where the base lies now, if it moved.")] = None,
    fp32: Annotated[bool, typer.Option("--fp32", help="Keep what training changed in float32; takes twice the memory.")] = False,
    shard_size: Annotated[str, typer.Option("--shard-size", metavar="SIZE", help="Largest weight file, such as 5GB.")] = "5GB",
    evaluate: Annotated[bool, typer.Option("--evaluate", help="Answer the run's benchmark with the exported files.")] = False,
) -> None:
    """Write a standalone model that others can load: base and training merged, processor, card, adapter, fidelity report."""
    with refusals():
        from gemma_audio.cli.model.export import export_run
        from gemma_audio.models.export.report import console

        found = export_run(run, out, arm, seed, base, fp32=fp32, shard_size=shard_size, evaluate=evaluate)
        print(f"{console(found)}\n{out}\nnext: gemma-audio-model verify {out}")


@app.command()
def verify(folder: Dir) -> None:
    """Check that an export is whole, load it with stock transformers alone, and compare its answers. Exit code 1 if not."""
    with refusals():
        from gemma_audio.cli.model.verify import print_checks

        if not print_checks(folder):
            raise typer.Exit(FAILED)


@app.command()
def push(
    folder: Dir,
    repository: Annotated[str, typer.Argument(metavar="REPO", help="OWNER/NAME on the Hugging Face Hub.")],
    private: Annotated[bool, typer.Option("--private", help="Make the repository private if it has to be made.")] = False,
    revision: Annotated[str | None, typer.Option("--revision", metavar="BRANCH", help="Upload to this branch.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be uploaded, and stop.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before uploading.")] = False,
) -> None:
    """Upload a verified export to the Hub."""
    with refusals():
        from gemma_audio.cli.model.push import push_export

        push_export(folder, repository, private=private, revision=revision, dry_run=dry_run, yes=yes)


@contextmanager
def refusals() -> Iterator[None]:
    """What a user can mend is said on stderr without a traceback, and ends with REFUSED."""
    try:
        yield
    except GemmaAudioError as error:
        print(f"gemma-audio-model: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None


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
