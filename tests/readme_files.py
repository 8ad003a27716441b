"""The files that the README's section on one's own pieces speaks of: its own snippets, and small data for its commands."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

README = (Path(__file__).parents[1] / "README.md").read_text()
SNIPPETS = dict(re.findall(r"```(?:yaml|python)\n# (\S+)\n(.*?)```", README, re.DOTALL))
SOUNDS = 48


def own_files(folder: Path) -> None:
    """Write the README's snippets under the names that stand in their first lines, my.jsonl, quiz.csv and sounds/."""
    for name, text in SNIPPETS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "sounds").mkdir()
    for n in range(SOUNDS):
        soundfile.write(folder / "sounds" / sound(n), tone(n, 44_100 if n % 3 == 0 else 16_000), 44_100 if n % 3 == 0 else 16_000)
    (folder / "my.jsonl").write_text("".join(json.dumps(row) + "\n" for n in range(SOUNDS) for row in training_rows(n)))
    with (folder / "quiz.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "audio", "prompt", "choices", "answer"])
        writer.writerows([f"q{n}", sound(n), "High or low?", '["high", "low"]', "(B)" if n % 2 else "(A)"] for n in range(SOUNDS))


def sound(n: int) -> str:
    return f"{n}.{'flac' if n % 2 else 'wav'}"


def tone(n: int, rate: int, seconds: float = 0.5) -> np.ndarray:
    return 0.3 * np.sin(2 * np.pi * (200 if n % 2 else 1000) * np.arange(int(rate * seconds)) / rate)


def training_rows(n: int) -> list[dict[str, Any]]:
    pitch = "low" if n % 2 else "high"
    asked = {"question": "High or low?", "choices": ["high", "low"], "answer": pitch}
    return [
        {"id": f"q{n}", "audio": sound(n), "source": "tones_qa", "kind": "qa", **asked},
        {"id": f"c{n}", "audio": sound(n), "source": "tones", "kind": "caption", "caption": f"A {pitch} tone."},
    ]
