"""Questions about speech: eight of MMAU's subcategories."""

from __future__ import annotations

from gemma_audio.world.speech import POSITIONS
from gemma_audio.world.tasks import choices, derived
from gemma_audio.world.tasks.task import EXTRACTION, REASONING, Task
from gemma_audio.world.voice import EMOTIONS

VOICES = (
    Task(
        "stress", "speech", "Phonemic Stress Pattern Analysis", REASONING, "speech", "librispeech_qa",
        choices.attribute("stress", POSITIONS),
        ("Which syllable is stressed?", "Which syllable of the word has the stress?",
         "Where is the stress in the word?", "What is the stressed syllable?"),
        ("Which syllable has the stress?", "Where is the stressed syllable in the word?"),
    ),
    Task(
        "emotion", "speech", "Emotion State summarisation", REASONING, "speech", "librispeech_qa",
        choices.attribute("emotion", EMOTIONS),
        ("What emotion does the speaker show?", "How does the speaker feel?",
         "What is the tone of the voice?", "Which emotion is heard?"),
        ("What emotion is heard in the voice?", "Which emotion does the speaker show?"),
    ),
    Task(
        "word", "speech", "Phonological Sequence Decoding", EXTRACTION, "speech", "librispeech_qa", choices.WORD,
        ("Which word is said?", "What does the speaker say?", "What word is heard?", "Which word is spoken in the audio?"),
        ("Which word does the speaker say?", "What word is said in the audio?"),
    ),
    Task(
        "intent", "speech", "Dissonant Emotion Interpretation", REASONING, "remark", "librispeech_qa",
        choices.from_pool(derived.INTENTS, derived.intent_of),
        ("How is the remark meant?", "What does the speaker mean?", "What is the remark?", "How does the speaker mean the word?"),
        ("How does the speaker mean the remark?", "What is the remark meant as?"),
        leaks=True,
    ),
    Task(
        "count", "speech", "Counting", REASONING, "turns", "librispeech_qa", choices.from_pool(derived.COUNTS, derived.count_of),
        ("How many speakers are there?", "How many different voices are heard?",
         "How many people speak?", "What is the number of speakers?"),
        ("How many different speakers are heard?", "What is the number of voices in the audio?"),
    ),
    Task(
        "role", "speech", "Multi Speaker Role Mapping", REASONING, "exchange", "librispeech_qa", choices.ROLE,
        ("Who asks the question?", "Which speaker asks?", "What are the roles of the speakers?", "Who has the role of asking?"),
        ("Which role has each speaker?", "Who asks in the audio?"),
        tested=False,
    ),
    Task(
        "fact", "speech", "Conversational Fact Retrieval", REASONING, "exchange", "librispeech_qa", choices.FACT,
        ("What does the {detail} say?", "Which word does the {detail} say?",
         "What is said by the {detail}?", "Which word is spoken by the {detail}?"),
        ("Which word is said by the {detail}?", "What does the {detail} say in the audio?"),
    ),
    Task(
        "flip", "speech", "Emotion Flip Detection", REASONING, "moods", "librispeech_qa", choices.FLIP,
        ("Does the mood change?", "How does the mood of the speaker change?", "How does the emotion go?",
         "What happens to the mood?"),
        ("How does the emotion of the speaker change?", "What happens to the emotion in the audio?"),
    ),
)  # fmt: skip
