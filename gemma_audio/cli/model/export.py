"""`export`: from a run's folder to a standalone model's, written beside its name and renamed when it is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gemma_audio.cli.model.notice import notice
from gemma_audio.cli.model.trained import Trained, read_run
from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.models.export.checksums import write_checksums
from gemma_audio.models.export.source import Source, check
from gemma_audio.report.card import model_card
from gemma_audio.report.card_exported import Exported
from gemma_audio.sweep.provenance import versions

MARK = ".gemma_audio-export"
EVALUATION = "evaluation"


def export_run(
    run: Path, out: Path, arm: str, seed: int | None, base: Path | None, *, fp32: bool, shard_size: str, evaluate: bool
) -> dict[str, Any]:
    """Export the run's model to `out`; returns its fidelity report. What can be refused is, before any weight is read."""
    if out.exists() or out.is_symlink():
        raise _refusal(str(out), "exists already", "another --out DIR, or remove that folder first")
    _check_shard_size(shard_size)
    trained = read_run(run, arm, seed, base)
    source = Source(trained.model, trained.chain, trained.evaluation, fp32, shard_size)
    check(source)
    if evaluate and trained.world is not None and not trained.world.is_dir():
        remedy = "type the run's command again, or leave --evaluate out"
        raise _refusal(str(trained.world), "is gone, so there are no questions", remedy)
    partial = _partial(out)
    with _removed_on_failure(partial):
        record = _written(source, trained, partial)
    _rename(partial, out)
    if evaluate:
        _evaluated(trained, source, record, out)
    fidelity: dict[str, Any] = record["fidelity"]
    return fidelity


def _written(source: Source, trained: Trained, into: Path) -> dict[str, Any]:
    from gemma_audio.models.export.write import export

    record = export(source, into, print)
    (into / "README.md").write_bytes(_card(trained, record, into, None))
    (into / "NOTICE.md").write_text(notice(trained.subject), encoding="utf-8")
    document = json.dumps(_provenance(trained, source, record), indent=1)
    (into / "provenance.json").write_text(document + "\n")
    write_checksums(into)
    return record


def _card(trained: Trained, record: dict[str, Any], model: Path, scores: Path | None) -> bytes:
    exported = Exported.of(record, adapter=(model / "adapter").is_dir(), scores=scores)
    return model_card(trained.subject, exported).encode("utf-8", "replace")


def _rename(partial: Path, out: Path) -> None:
    try:
        partial.rename(out)
    except OSError as error:
        message = f"cannot be made of {partial}, which is whole ({error.strerror})"
        raise _refusal(str(out), message, "rename it by hand, and remove its .gemma_audio-export") from None
    (out / MARK).unlink()


def _check_shard_size(size: str) -> None:
    from gemma_audio.models.export.shards import plan

    try:
        plan({}, size)
    except ValueError as error:
        raise _refusal("--shard-size", f"{size!r} is no size ({error})", "--shard-size 5GB, or 500MB") from None


def _evaluated(trained: Trained, source: Source, record: dict[str, Any], out: Path) -> None:
    """Evaluate the export with the evaluation's own code, and put the outcome into it; a failure leaves it as it was."""
    print(f"{out} is whole; answering the benchmark with it (should that fail, it stays as it is, without scores of its own)")
    partial = _partial(out)
    with _removed_on_failure(partial):
        _evaluate(trained, source, out, partial / EVALUATION)
        scores = partial / EVALUATION / "scores.csv"
        (partial / "README.md").write_bytes(_card(trained, record, out, scores))
        scores.unlink()  # it repeats the benchmark's questions, which are not ours to pass on; predictions.jsonl has ids alone
        (partial / EVALUATION).rename(out / EVALUATION)
        (partial / "README.md").replace(out / "README.md")
        write_checksums(out)
    shutil.rmtree(partial)


def _evaluate(trained: Trained, source: Source, exported: Path, into: Path) -> None:
    from dataclasses import replace

    from gemma_audio.config.kinds import Weights
    from gemma_audio.sweep.rooms import evaluate

    model = replace(trained.model, source=str(exported), revision=None, weights=Weights.pretrained, dtype=source.dtype)
    work = {"model": model, "data_folder": trained.world, "trainer": trained.trainer, "chain": (), "plugins": trained.plugins}
    evaluate(trained.evaluation, **work, into=into)


@contextmanager
def _removed_on_failure(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _provenance(trained: Trained, source: Source, record: dict[str, Any]) -> dict[str, Any]:
    """Where the model comes from: base, stages, settings and versions, without paths or secrets."""
    found = trained.subject
    fidelity = {key: record["fidelity"][key] for key in ("total", "answers", "warnings")}
    return {
        "schema": 1,
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "base": _base(trained),
        "run": {"fingerprint": found.run.run, "recipe": found.arm, "seed": found.cell.seed, "declared": found.declared},
        "stages": [_stage(recorded, folder) for recorded, folder in zip(found.run.stages, trained.chain, strict=True)],
        "trained_with": found.record.get("versions") or {},
        "export": {**record, "fidelity": fidelity, "fp32": source.fp32, "shard_size": source.shard_size},
    }


def _base(trained: Trained) -> dict[str, Any]:
    from gemma_audio.models.identity import identity

    found = identity(trained.model)
    return {**found, "source": "folder"} if "sha256" in found and found["source"] != "embedded" else found


def _stage(recorded: dict[str, Any], folder: Path) -> dict[str, Any]:
    body = json.loads((folder / "identity.json").read_text())["identity"]
    return {**recorded, "settings": body["body"].get("stage"), "parent": body["parent"]}


def _partial(out: Path) -> Path:
    """An empty folder beside `out`; what a killed export left there is removed, anything else refused."""
    partial = out.with_name(f"{out.name}.partial")
    if partial.exists() and not (partial / MARK).exists():
        raise _refusal(str(partial), "is in the way and no unfinished export", "another --out DIR, or remove that folder first")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        (partial / MARK).touch()
    except OSError as error:
        raise _refusal(str(partial), f"cannot be written ({error.strerror})", "--out DIR, another folder") from None
    return partial


def _refusal(place: str, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(place, message, remedy)))
