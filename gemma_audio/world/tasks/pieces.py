"""Questions about music: nine of MMAU's subcategories."""

from __future__ import annotations

from gemma_audio.world.instrument import INSTRUMENTS
from gemma_audio.world.music import CONTOURS, INTERVALS, LONGEST, TEMPI, TEXTURES
from gemma_audio.world.style import GENRES, OCCASIONS
from gemma_audio.world.tasks import choices, derived
from gemma_audio.world.tasks.task import EXTRACTION, REASONING, Task

PIECES = (
    Task(
        "tempo", "music", "Rhythm and Tempo Understanding", EXTRACTION, "melody", "music_qa", choices.attribute("tempo", TEMPI),
        ("How fast is the melody?", "What is the tempo of the music?", "What is the pace of the melody?", "Which tempo is it?"),
        ("What is the tempo of the melody?", "How fast is the music?"),
    ),
    Task(
        "contour", "music", "Melodic Structure Interpretation", EXTRACTION, "melody", "music_qa",
        choices.attribute("contour", CONTOURS),
        ("What is the shape of the melody?", "How does the melody move?",
         "Which contour is it?", "What contour does the melody have?"),
        ("Which shape does the melody have?", "What is the contour of the melody?"),
    ),
    Task(
        "instrument", "music", "Instrumentation", EXTRACTION, "melody", "music_qa", choices.attribute("instrument", INSTRUMENTS),
        ("Which instrument is playing?", "What instrument is heard?", "What plays the melody?", "Which instrument is it?"),
        ("Which instrument plays the melody?", "What instrument is playing in the audio?"),
        leaks=True,
    ),
    Task(
        "tone", "music", "Emotional Tone Interpretation", REASONING, "melody", "music_qa",
        choices.from_pool(tuple(derived.TONES.values()), derived.tone_of),
        ("What is the emotional tone of the music?", "Which mood does the melody have?",
         "How does the music feel?", "What mood is the music in?"),
        ("Which emotional tone does the music have?", "How does the melody feel?"),
    ),
    Task(
        "harmony", "music", "Harmony and Chord Progressions", EXTRACTION, "chords", "music_qa",
        choices.attribute("interval", tuple(INTERVALS)),
        ("Which interval do the chords move in?", "What are the chords made of?",
         "Which interval is heard in the chords?", "What interval makes the harmony?"),
        ("Which interval are the chords made of?", "What interval is heard in the harmony?"),
    ),
    Task(
        "texture", "music", "Musical Texture Interpretation", EXTRACTION, "chords", "music_qa",
        choices.attribute("texture", TEXTURES),
        ("What is the texture of the music?", "How are the chords played?", "Which texture is it?",
         "In which way are the chords set?"),
        ("Which texture does the music have?", "How are the chords set in the audio?"),
        leaks=True,
    ),
    Task(
        "longest", "music", "Temporal Reasoning", REASONING, "chords", "music_qa", choices.attribute("longest", LONGEST),
        ("Which chord lasts longest?", "Which chord is the longest one?", "What is the longest chord?",
         "Which chord is held longest?"),
        ("Which of the chords lasts longest?", "Which chord is the longest in the audio?"),
    ),
    Task(
        "genre", "music", "Musical Genre Reasoning", REASONING, "style", "music_qa", choices.attribute("genre", GENRES),
        ("Which genre is the music?", "What genre is it?", "What style of music is heard?", "Which style is the music in?"),
        ("What genre is the music in?", "Which style of music is it?"),
        leaks=True,
    ),
    Task(
        "occasion", "music", "Socio-cultural Interpretation", REASONING, "ceremony", "music_qa",
        choices.attribute("occasion", OCCASIONS),
        ("What is the music for?", "Which occasion is the music for?", "What kind of piece is it?",
         "What is the piece played for?"),
        ("Which kind of piece is the music?", "What is the occasion of the music?"),
        leaks=True,
    ),
)  # fmt: skip
