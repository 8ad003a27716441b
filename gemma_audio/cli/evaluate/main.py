"""The command `gemma-audio-eval` and its three subcommands; what they need is imported when one runs, so that --help is quick."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from gemma_audio.errors import GemmaAudioError
from gemma_audio.evaluation.answer_form import Form

REFUSED = 2

app = typer.Typer(
    name="gemma-audio-eval",
    help="Score and compare prediction files of any system on a multiple-choice benchmark, such as MMAU, and report on sweeps.",
    epilog="Exit codes: 0 done, also with warnings (on stderr); 2 refused: a file or an option that cannot be used.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


Benchmark = Annotated[
    Path,
    typer.Option("--benchmark", "-b", metavar="FILE", help="mmau-test-mini.json, or any .json, .jsonl or .csv of questions."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else to stdout.")]
AnswerForm = Annotated[Form, typer.Option(help="What the answers are: index counts options from 0, index1 from 1.")]
Answers = Annotated[str, typer.Option(metavar="COLUMN", help="The column of the answers; found by name otherwise.")]
Id = Annotated[str, typer.Option("--id", metavar="COLUMN", help="The column of the ids.")]


@app.command()
def score(
    predictions: Annotated[Path, typer.Argument(metavar="PRED", help="A .json, .jsonl or .csv file with id and answer.")],
    benchmark: Benchmark,
    json: AsJson = False,
    form: AnswerForm = Form.auto,
    answers: Answers = "",
    key: Id = "id",
) -> None:
    """Score one file by MMAU's official rule, and by three other readings beside it, over every question of the benchmark.

    A question without an answer is wrong; so is one with contradicting answers.
    """
    with refusals():
        from gemma_audio.cli.evaluate.reader import Reader
        from gemma_audio.cli.evaluate.score import print_score

        print_score(predictions, Reader(benchmark, key, answers, form), as_json=json)


@app.command()
def compare(
    benchmark: Benchmark,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the report; its files are replaced.")],
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="A B ...", help="One file per system.", show_default=False)
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE,FILE", help="Files of one recipe's training runs; may be given several times."),
    ] = None,
    baseline: Annotated[str, typer.Option(metavar="NAME", help="What the treatment is compared with; otherwise the first.")] = "",
    audio: Annotated[Path | None, typer.Option(metavar="DIR", help="The benchmark's sounds, for the page to play.")] = None,
    treatment: Annotated[str, typer.Option(metavar="NAME", help="The system in question; otherwise the second.")] = "",
    json: AsJson = False,
    form: AnswerForm = Form.auto,
    answers: Answers = "",
    key: Id = "id",
) -> None:
    """Compare files question by question and write the report that a sweep would have.

    A file's system is called by the file's name. One file a side says which of these two models is better; of the recipes behind
    them only several training runs can tell, given by --arm.
    """
    with refusals():
        from gemma_audio.cli.evaluate.arms import Sides
        from gemma_audio.cli.evaluate.compare import print_comparison
        from gemma_audio.cli.evaluate.reader import Reader

        sides = Sides(files or [], arm or [], baseline, treatment)
        print_comparison(sides, Reader(benchmark, key, answers, form), out, audio, as_json=json)


@app.command()
def report(
    sweep: Annotated[Path, typer.Argument(metavar="SWEEP_DIR", help="A sweep's folder: the one that holds sweep.json.")],
    json: AsJson = False,
    embed: Annotated[bool, typer.Option("--embed", help="Put the clips into index.html itself: one file to pass on.")] = False,
) -> None:
    """Make a sweep's report again, from whatever cells have finished."""
    with refusals():
        from gemma_audio.cli.evaluate.report import print_report

        print_report(sweep, embed=embed, as_json=json)


@contextmanager
def refusals() -> Iterator[None]:
    """What a user can mend is said on stderr without a traceback, and ends with REFUSED."""
    try:
        yield
    except GemmaAudioError as error:
        print(f"gemma-audio-eval: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
