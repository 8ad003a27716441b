"""The folder of a model's files: embedded, local, or downloaded from the Hugging Face Hub at one revision."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from gemma_audio.config.kinds import Weights
from gemma_audio.config.schema import Model
from gemma_audio.errors import ConfigError, Problem
from gemma_audio.models.identity import local_folder
from gemma_audio.world.tiny import FOLDER

BESIDE = ["*.json", "*.jinja", "tokenizer.model"]
WANTED = ["*.safetensors", *BESIDE]
"""No pickles and no code."""

TRANSPORT: type[Exception] = HfHubHTTPError.__bases__[0]
"""What the Hub's client, whichever it is in this version, raises where a connection fails."""

LOGIN = "accept the licence on the model's page of the Hugging Face Hub, then log in with `hf auth login` (or set HF_TOKEN)"
NAME = f"check the spelling of model.source; where the repository is private or gated: {LOGIN}"
REVISION = "model.revision must be a commit, tag or branch of that repository"
NETWORK = (
    "without a network: download it elsewhere with `hf download`, then give the folder as model.source=<folder>; "
    "with a network: check the name, accept the licence on its Hub page and `hf auth login`; "
    "or stay with model=tiny, which needs neither"
)
REMEDIES: tuple[tuple[type[Exception], str, str], ...] = (
    (GatedRepoError, "asks for an accepted licence, and this login has not accepted it (or there is none)", LOGIN),
    (RepositoryNotFoundError, "is no repository of the Hub that this login may see", NAME),
    (RevisionNotFoundError, "has no such revision", REVISION),
    (HFValidationError, "is no name of a repository", NAME),
    (LocalEntryNotFoundError, "is not in this machine's cache, and the Hub cannot be reached", NETWORK),
    (OfflineModeIsEnabled, "is not in this machine's cache, and HF_HUB_OFFLINE forbids to ask the Hub", NETWORK),
    (HfHubHTTPError, "cannot be fetched", NETWORK),
    (TRANSPORT, "cannot be fetched: the Hub does not answer", NETWORK),
    (OSError, "cannot be fetched", NETWORK),
)
"""Those that are kinds of others stand before them."""


def folder_of(model: Model) -> Path:
    """Return the folder with the files of `model`, downloaded where it is a Hub id and not in the cache.

    Raises ConfigError that says what to do: licence, login, name, revision, network.
    """
    if model.source == "embedded":
        return FOLDER
    folder = local_folder(model.source)
    if folder is not None:
        return folder
    try:
        wanted = BESIDE if model.weights is Weights.random else WANTED
        return Path(snapshot_download(model.source, revision=model.revision, allow_patterns=wanted))
    except (OSError, ValueError, TRANSPORT) as error:
        raise ConfigError([_problem(model, error)]) from error


def _problem(model: Model, error: Exception) -> Problem:
    what, remedy = next(
        ((what, remedy) for kind, what, remedy in REMEDIES if isinstance(error, kind)), ("cannot be fetched", NAME)
    )
    lines = str(error).strip().splitlines() or [type(error).__name__]
    place = "model.revision" if isinstance(error, RevisionNotFoundError) else "model.source"
    return Problem(place, f"{model.source!r} (revision {model.revision!r}) {what}: {lines[0][:200]}", remedy)
