"""NOTICE.md of an exported model: whose work it is made of, and under which terms."""

from __future__ import annotations

from gemma_audio.models.identity import local_folder
from gemma_audio.report.card_sources import is_gemma, licence
from gemma_audio.report.card_subject import Subject

GEMMA = (
    "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms. "
    "Whoever passes this model on passes on that notice and the use restrictions with it."
)


def notice(subject: Subject) -> str:
    """Base, modification, and terms. Licence files of the base lie beside it where the base has any."""
    config = subject.config
    source, synthetic = str(config["model"].get("source")), (config.get("data") or {}).get("kind") == "embedded"
    local = source != "embedded" and local_folder(source) is not None
    name = "gemma_audio's small model" if source == "embedded" else "a base model in a local folder" if local else source
    revision = config["model"].get("revision")
    lines = [
        "# Notice",
        f"This model is a modified copy of {name}{f', revision {revision}' if revision else ''}: weights were fine-tuned by the "
        f"recipe {subject.arm} with gemma_audio. provenance.json names every stage, fidelity.md what rounding lost.",
        licence(source, synthetic=synthetic).sentence,
        *([GEMMA] if is_gemma(source) else []),
        "All that lies in verification/ (synthetic sounds, questions, a script) is gemma_audio's, under Apache-2.0.",
    ]
    return "\n\n".join(lines) + "\n"
