"""The savings of a trainer by name."""

from __future__ import annotations

from dataclasses import fields

from gemma_audio.config.schema import Savings


def missing(savings: Savings) -> list[str]:
    """The names of the savings that are off."""
    return [field.name for field in fields(savings) if field.name != "name" and not getattr(savings, field.name)]
