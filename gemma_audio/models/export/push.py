"""An export to the Hugging Face Hub: verified ones only, and only when somebody asked for it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemma_audio.errors import GemmaAudioError, Problem
from gemma_audio.files import sha256
from gemma_audio.models import hub
from gemma_audio.models.export.checksums import MANIFEST, VERIFIED, damaged


@dataclass(frozen=True)
class Upload:
    """What goes where; `revision` is a branch, made if it is missing."""

    folder: Path
    repository: str
    private: bool = False
    revision: str | None = None

    def files(self) -> dict[str, int]:
        """The files to upload with their sizes in bytes: those of the export, and nothing else that lies there."""
        names = [*_manifest(self.folder), MANIFEST]
        return {name: (self.folder / name).stat().st_size for name in names if (self.folder / name).is_file()}


def check(upload: Upload, env: Mapping[str, str] = os.environ) -> None:
    """GemmaAudioError with all that stands in the way: an unverified or changed export, no network, no login, a bad name."""
    problems = [*_unverified(upload.folder)]
    owner, slash, name = upload.repository.partition("/")
    if not (slash and owner and name) or "/" in name:
        problems.append(Problem("REPO", f"{upload.repository!r} is no repository", "OWNER/NAME, such as somebody/gemma-4-audio"))
    if hub.offline(env):
        remedy = "unset HF_HUB_OFFLINE TRANSFORMERS_OFFLINE"
        problems.append(Problem("HF_HUB_OFFLINE", "is set: the Hub must not be asked", remedy))
    if not hub.logged_in(env):
        remedy = "`hf auth login`, or set HF_TOKEN (one that may write)"
        problems.append(Problem("token", "nobody is logged in to the Hub", remedy))
    if problems:
        raise GemmaAudioError("\n  ".join(["nothing was uploaded", *map(str, problems)]))


def push(upload: Upload, api: Any) -> str:
    """Make the repository and branch if need be, upload through `api` (huggingface_hub.HfApi), and return the commit's address.

    Raises GemmaAudioError where the Hub refuses.
    """
    files = list(upload.files())
    try:
        api.create_repo(upload.repository, private=upload.private, exist_ok=True, repo_type="model")
        if upload.revision:
            api.create_branch(upload.repository, branch=upload.revision, exist_ok=True)
        done = api.upload_folder(
            repo_id=upload.repository,
            folder_path=str(upload.folder),
            revision=upload.revision,
            allow_patterns=files,
            commit_message="Model exported by gemma_audio",
            repo_type="model",
        )
    except Exception as error:  # the Hub's client has many, and httpx its own
        message = f"the upload failed ({type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''})"
        remedy = "the same command again goes on where it stopped; the token must be one that may write to that repository"
        raise GemmaAudioError(str(Problem(upload.repository, message, remedy))) from error
    return str(done)


def _unverified(folder: Path) -> list[Problem]:
    remedy = f"gemma-audio-model verify {folder}"
    try:
        recorded = json.loads((folder / VERIFIED).read_text())["checksums"]
    except (OSError, ValueError, KeyError, TypeError):
        return [Problem(str(folder), "was not verified", remedy)]
    if not (folder / MANIFEST).is_file() or recorded != sha256(folder / MANIFEST):
        return [Problem(str(folder), "has changed since it was verified", remedy)]
    return [Problem(str(folder), f"has changed since it was verified: {wrong}", remedy) for wrong in damaged(folder)[:1]]


def _manifest(folder: Path) -> list[str]:
    try:
        return list(json.loads((folder / MANIFEST).read_text())["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return []
