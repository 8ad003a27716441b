"""What this machine has of the Hugging Face Hub: a login, and snapshots of models. Nothing here touches the network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

TRUE = ("1", "on", "yes", "true")


def logged_in(env: Mapping[str, str]) -> bool:
    """Whether a token is set, stored by `hf auth login`, or to be had from a trusted publisher."""
    named = any(env.get(name, "").strip() for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_OIDC_RESOURCE"))
    return named or _has_text(Path(env.get("HF_TOKEN_PATH") or _home(env) / "token").expanduser())


def offline(env: Mapping[str, str]) -> bool:
    """Whether the Hub must not be asked."""
    return any(env.get(name, "").lower() in TRUE for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"))


def snapshot(source: str, revision: str | None, env: Mapping[str, str]) -> Path | None:
    """The cached folder of a commit that holds a config and weights; None where there is none."""
    cache = env.get("HF_HUB_CACHE") or env.get("HUGGINGFACE_HUB_CACHE") or _home(env) / "hub"
    folder = Path(cache).expanduser() / f"models--{source.replace('/', '--')}" / "snapshots" / (revision or "-")
    return folder if (folder / "config.json").exists() and any(folder.glob("*.safetensors")) else None


def _home(env: Mapping[str, str]) -> Path:
    caches = env.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(env.get("HF_HOME") or Path(caches) / "huggingface").expanduser()


def _has_text(path: Path) -> bool:
    try:
        return bool(path.read_text().strip())
    except (OSError, UnicodeDecodeError):
        return False
