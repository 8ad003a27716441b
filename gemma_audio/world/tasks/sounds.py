"""Questions about sounds: seven of MMAU's subcategories."""

from __future__ import annotations

from gemma_audio.world.scene import HABITATS, SCENES
from gemma_audio.world.tasks import choices
from gemma_audio.world.tasks.task import EXTRACTION, REASONING, Task
from gemma_audio.world.voice import SPEAKERS

SOUNDS = (
    Task(
        "order", "sound", "Temporal Event Reasoning", REASONING, "events", "clotho_aqa", choices.POSITION,
        ("Which sound comes {detail}?", "What is the {detail} sound in the audio?",
         "Which sound do you hear {detail}?", "Which event is {detail} in the recording?"),
        ("Which event comes {detail} in the audio?", "What sound do you hear {detail} in the recording?"),
    ),
    Task(
        "event", "sound", "Sound-Based Event Recognition", EXTRACTION, "events", "fsd50k_qa", choices.PRESENCE,
        ("Which of these sounds is heard?", "What can be heard in the audio?",
         "Which event is in the recording?", "Which sound do you hear?"),
        ("Which of these can be heard in the recording?", "Which sound is in the audio?"),
        leaks=True,
    ),
    Task(
        "story", "sound", "Event-Based Sound Reasoning", REASONING, "story", "clotho_aqa", choices.STORY,
        ("What do the two sounds mean together?", "What most likely happened?", "What happened in the audio?",
         "What do the sounds tell?"),
        ("What do the two sounds tell together?", "What most likely happened in the recording?"),
        leaks=True,
    ),
    Task(
        "scene", "sound", "Acoustic Scene Reasoning", REASONING, "scene", "clotho_aqa", choices.attribute("scene", SCENES),
        ("What is the background of the recording?", "Where was the audio recorded?",
         "Which scene is it?", "What is heard in the background?"),
        ("Which background is heard in the recording?", "What scene was recorded?"),
        leaks=True,
    ),
    Task(
        "ambience", "sound", "Ambient Sound Interpretation", REASONING, "ambience", "clotho_aqa",
        choices.attribute("scene", SCENES),
        ("What is heard behind the voice?", "Which sound is behind the speaker?",
         "What is the ambient sound?", "What surrounds the speaker?"),
        ("What is the sound behind the voice?", "Which ambient sound is heard?"),
        leaks=True,
    ),
    Task(
        "habitat", "sound", "Eco-Acoustic Knowledge", EXTRACTION, "habitat", "fsd50k_qa",
        choices.attribute("habitat", tuple(HABITATS), HABITATS),
        ("What does the soundscape tell?", "What do the sounds of nature tell?",
         "What can be said of the place?", "What does nature tell in the audio?"),
        ("What does the soundscape tell of the place?", "What do the sounds tell of nature?"),
        leaks=True,
    ),
    Task(
        "source", "sound", "Acoustic Source Inference", REASONING, "speech", "librispeech_qa",
        choices.attribute("source", SPEAKERS),
        ("Who is speaking?", "Whose voice is heard?", "Who is the speaker in the audio?", "What kind of speaker is it?"),
        ("Who is heard speaking in the audio?", "Whose voice is it?"),
        leaks=True,
    ),
)  # fmt: skip
