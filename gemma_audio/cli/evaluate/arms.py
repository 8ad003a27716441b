"""Which files are compared, and under which names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gemma_audio.errors import GemmaAudioError, Problem


@dataclass(frozen=True)
class Sides:
    """The files as typed: one system each, those given with --arm NAME=FILE,FILE, and the declared pair (or "")."""

    files: Sequence[Path]
    named: Sequence[str]
    baseline: str
    treatment: str

    def arms(self) -> dict[str, list[Path]]:
        """Files by name, in the order typed. GemmaAudioError where there are not two systems, or a name is used twice."""
        arms = {name: [path] for name, path in zip(_names(self.files), self.files, strict=True)}
        for typed in self.named:
            name, _, paths = typed.partition("=")
            files = [Path(path) for path in paths.split(",") if path]
            if not name or not files:
                raise _refusal("--arm", f"'{typed}' is not NAME=FILE or NAME=FILE,FILE", "--arm v3=seed0.json,seed1.json")
            if name in arms:
                raise _refusal("--arm", f"two systems are called '{name}'", "Give one of them another name.")
            arms[name] = files
        if len(arms) < 2:
            message = f"a comparison needs two systems, found {len(arms)}: {', '.join(arms) or 'none'}"
            raise _refusal("compare", message, "gemma-audio-eval compare A.json B.json --benchmark FILE --out DIR")
        return arms

    def primary(self, arms: Sequence[str]) -> tuple[str, str]:
        """(treatment, baseline): as declared, otherwise the second system typed against the first."""
        for option, name in (("--baseline", self.baseline), ("--treatment", self.treatment)):
            if name and name not in arms:
                near = (get_close_matches(name, arms, n=1) or arms)[0]
                raise _refusal(option, f"'{name}' is no system; systems: {', '.join(arms)}", f"{option} {near}")
        baseline = self.baseline or next(name for name in arms if name != self.treatment)
        treatment = self.treatment or next(name for name in arms if name != baseline)
        if treatment == baseline:
            raise _refusal("--treatment", f"'{treatment}' is the baseline, too", "Name two systems.")
        return treatment, baseline


def _names(files: Sequence[Path]) -> list[str]:
    """Each file's stem, with its folder where stems are equal, with its number where these are, too."""
    stems = [path.stem for path in files]
    folders = [path.resolve().parent.name for path in files]
    longer = [f"{at}/{stem}" if stems.count(stem) > 1 else stem for at, stem in zip(folders, stems, strict=True)]
    seen: Counter[str] = Counter()
    names = []
    for name in longer:
        seen[name] += 1
        names.append(f"{name}-{seen[name]}" if longer.count(name) > 1 else name)
    return names


def _refusal(place: str, message: str, remedy: str) -> GemmaAudioError:
    return GemmaAudioError(str(Problem(place, message, remedy)))
