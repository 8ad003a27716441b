"""What the tiny model is asked while its language model is aligned with the sound; it makes the *base* of the study.

Some subjects are asked rarely, so that the base answers them badly and a recipe has room to help. This is a design
decision of the embedded world: without it the base is saturated and no recipe can show anything but damage.
"""

from __future__ import annotations

from gemma_audio.data.layout import lay_out
from gemma_audio.world.captions import CAPTION_SOURCES, caption, full_caption
from gemma_audio.world.families.family import Attributes
from gemma_audio.world.signal import Rng
from gemma_audio.world.tasks import TASKS, ask

ASKED = {
    "tempo": 0.03, "contour": 0.2, "tone": 0.05, "texture": 0.1, "longest": 0.05, "genre": 0.1,
    "stress": 0.05, "emotion": 0.03, "intent": 0.05, "flip": 0.05,
}  # fmt: skip
"""Share of chances at which a subject is asked about or named in a caption; subjects not listed always are."""

CAPTION_SHARE = 0.3
STYLED_SHARE = 0.35
"""Share of captions in one of the five corpus styles; the others are full descriptions."""

OPENINGS = (
    "",
    "",
    "Listen to the sounds.",
    "Listen to the music.",
    "Listen to the voice.",
    "Answer the question about the sound.",
)
"""What may stand before a question."""

CAPTION_PROMPTS = (
    "Describe the audio.", "Describe what you hear.", "What can be heard in the audio?",
    "Write a caption for the recording.", "Give a description of the sound.",
)  # fmt: skip


def conversation(rng: Rng, family: str, attributes: Attributes) -> tuple[str, str]:
    """A prompt and its answer about a clip; where nothing is to be asked, a caption."""
    tasks = [task for task in TASKS if task.family == family and rng.random() < ASKED.get(task.name, 1.0)]
    if not tasks or rng.random() < CAPTION_SHARE:
        return str(rng.choice(CAPTION_PROMPTS)), _caption(rng, family, attributes)
    question = ask(rng, tasks[int(rng.integers(len(tasks)))], attributes, unseen_wording=False)
    opening = OPENINGS[int(rng.integers(len(OPENINGS)))]
    return f"{opening} {lay_out(question.text, question.choices)}".strip(), question.choices[question.gold]


def _caption(rng: Rng, family: str, attributes: Attributes) -> str:
    if rng.random() < STYLED_SHARE:
        sources = CAPTION_SOURCES[family]
        return caption(rng, sources[int(rng.integers(len(sources)))], family, attributes)
    return full_caption(family, attributes, [name for name, share in ASKED.items() if rng.random() >= share])
