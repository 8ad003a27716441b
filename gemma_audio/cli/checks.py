"""All that can be found wrong with a command before any work, collected from every room and shown together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gemma_audio.cli.accelerator import gpu_problems
from gemma_audio.cli.credentials import credential_problems
from gemma_audio.config.checks import check_config, check_sweep
from gemma_audio.config.compose import to_config
from gemma_audio.config.kinds import Accelerator
from gemma_audio.config.plugins import load
from gemma_audio.config.schema import Config
from gemma_audio.data.manifest_checks import problems as manifest_problems
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.evaluation.checks import problems as evaluation_problems
from gemma_audio.models.checks import problems as model_problems
from gemma_audio.models.versions import problems as version_problems
from gemma_audio.sweep.checks import problems as cell_problems
from gemma_audio.sweep.disk import problems as disk_problems
from gemma_audio.sweep.ledger import Cell
from gemma_audio.sweep.rooms import Rooms

if TYPE_CHECKING:
    from gemma_audio.cli.collect import Collected


def checked(collected: Collected, rooms: Rooms | None = None) -> list[Config]:
    """The typed configs of all jobs; nothing heavy is imported for it.

    Raises ConfigError with every problem of every cell, those of composing included; one that several cells share is listed once.
    """
    rooms = rooms or Rooms()
    found = list(collected.problems)
    cells: list[Cell] = []
    for number, job in enumerate(collected.jobs):
        try:
            cells.append(Cell(number, to_config(job.node), job.overrides, Path()))
        except ConfigError as error:
            found += error.problems
    configs = [cell.config for cell in cells]
    found += _follow_on(found, [*_of_configs(configs, rooms), *_of_machine(configs)])
    if not collected.problems and len(cells) == len(collected.jobs):  # else cells may be missing, or not be what was meant
        found += _of_cells(cells, rooms, multirun=collected.multirun)
    if found:
        raise ConfigError(list(dict.fromkeys(found)))
    return configs


def _of_configs(configs: Sequence[Config], rooms: Rooms) -> list[Problem]:
    found = version_problems()
    found += [problem for config in configs for problem in (*check_config(config), *model_problems(config))]
    found += [problem for config in configs for problem in rooms.data_problems(config)]
    found += [problem for config in configs for problem in (*manifest_problems(config.data), *_of_objectives(config))]
    evaluations = [config.evaluation for config in configs]
    for number, evaluation in enumerate(evaluations):
        if evaluation not in evaluations[:number]:  # a benchmark's file is read once, however many cells answer it
            found += evaluation_problems(evaluation)
    return found


def _of_objectives(config: Config) -> list[Problem]:
    """What the classes of a plugin's objectives lack; torch is imported only where there are some."""
    own = [piece for piece in load(config.plugins).pieces if piece.kind == "objective"]
    if not own:
        return []
    from gemma_audio.training.objectives import problems

    return [problem for piece in own for problem in problems(piece)]


def _of_machine(configs: Sequence[Config]) -> list[Problem]:
    """What this machine lacks; a plan needs none of it."""
    running = [config for config in configs if not config.plan]
    found = [problem for config in running for problem in credential_problems(config)]
    if any(config.trainer.accelerator is Accelerator.gpu for config in running):
        found += gpu_problems()
    return found


def _of_cells(cells: Sequence[Cell], rooms: Rooms, *, multirun: bool) -> list[Problem]:
    found = check_sweep([cell.config for cell in cells], multirun=multirun)
    if multirun and len(cells) > 1 and not any(problem.place == "sweep.axis" for problem in found):
        found += cell_problems(cells, rooms)
    if not cells[0].config.plan:
        found += disk_problems(cells, rooms)
    return found


def _follow_on(known: Sequence[Problem], found: Sequence[Problem]) -> list[Problem]:
    """The problems found without those of a place whose override was already dropped as wrong."""
    dropped = [problem.place for problem in known]
    return [p for p in found if not any(p.place == place or p.place.startswith(f"{place}.") for place in dropped)]
