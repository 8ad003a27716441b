"""Logins that a run would need and this machine lacks; nothing here touches the network or shows a key."""

from __future__ import annotations

import netrc
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlparse

from gemma_audio.config.kinds import Architecture, TrackerKind
from gemma_audio.config.schema import Config
from gemma_audio.errors import Problem
from gemma_audio.models import hub
from gemma_audio.models.identity import local_folder

GATED = "google/gemma-"
"""Where the Hub asks for an accepted licence."""

WANDB = "https://api.wandb.ai"
WANDB_VARIABLES = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")


def credential_problems(config: Config, env: Mapping[str, str] = os.environ) -> Iterator[Problem]:
    """Logins that `config` asks for by name and that are not there."""
    yield from _wandb(config, env)
    yield from _hub(config, env)


def _wandb(config: Config, env: Mapping[str, str]) -> Iterator[Problem]:
    for key, tracker in config.tracker.items():
        if tracker.kind is TrackerKind.wandb and tracker.mode == "online" and not _wandb_login(env):
            message = "'online', but there is no login for Weights & Biases (no WANDB_API_KEY, no entry in netrc)"
            remedy = f"Type `wandb login` first, or tracker.{key}.mode=offline"
            yield Problem(f"tracker.{key}.mode", message, remedy)


def _wandb_login(env: Mapping[str, str]) -> bool:
    host = urlparse(env.get("WANDB_BASE_URL") or WANDB).hostname or ""
    return any(env.get(name) for name in WANDB_VARIABLES) or any(_in_netrc(path, host) for path in _netrcs(env))


def _netrcs(env: Mapping[str, str]) -> list[Path]:
    home = Path(env.get("HOME") or Path.home())
    return [Path(env["NETRC"]).expanduser()] if env.get("NETRC") else [home / ".netrc", home / "_netrc"]


def _in_netrc(path: Path, host: str) -> bool:
    try:
        return netrc.netrc(path).authenticators(host) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def _hub(config: Config, env: Mapping[str, str]) -> Iterator[Problem]:
    source, revision = config.model.source, config.model.revision
    if source in ("embedded", *Architecture) or local_folder(source) is not None or hub.snapshot(source, revision, env):
        return
    if hub.offline(env):
        message = f"'{source}' is not in this machine's cache at revision '{revision}', and HF_HUB_OFFLINE forbids to fetch it"
        yield Problem("model.source", message, "Unset HF_HUB_OFFLINE, or give a folder: model.source=FOLDER, or model=tiny")
    elif source.startswith(GATED) and not hub.logged_in(env):
        message = f"'{source}' asks for an accepted licence, but there is no login for the Hugging Face Hub (no HF_TOKEN)"
        remedy = "Accept the licence on the model's page, then type `hf auth login`; or give a folder: model.source=FOLDER"
        yield Problem("model.source", message, remedy)
