"""`push`: what would be uploaded, the question whether to, and the upload."""

from __future__ import annotations

from pathlib import Path

import typer

from gemma_audio.models.export.push import Upload, check, push


def push_export(folder: Path, repository: str, *, private: bool, revision: str | None, dry_run: bool, yes: bool) -> None:
    """Upload the export in `folder`; nothing leaves this machine before the user has agreed. Raises GemmaAudioError."""
    upload = Upload(folder, repository, private, revision)
    files = upload.files()
    for name, size in files.items():
        print(f"{size / 1e6:12.1f} MB  {name}")
    branch = f", branch {revision}" if revision else ""
    kind = "private " if private else ""
    print(f"{len(files)} files, {sum(files.values()) / 1e9:.2f} GB, to the {kind}repository {repository}{branch}")
    check(upload)
    if dry_run:
        print("nothing was uploaded (--dry-run)")
        return
    if not yes and not typer.confirm("Upload?"):
        print("nothing was uploaded")
        raise typer.Exit(1)
    from huggingface_hub import HfApi

    print(push(upload, HfApi()))
