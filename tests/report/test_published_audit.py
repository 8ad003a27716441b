"""The committed audit of the published table is what the code gives, and its impossible rows are recomputed another way."""

import json
import re
from pathlib import Path

import pytest

from gemma_audio.cli.experiments import TABLE
from gemma_audio.cli.published import block, main, read
from gemma_audio.evaluation.benchmarks.mmau import revisions
from gemma_audio.report.published_audit import audit
from gemma_audio.report.published_plot import audit_svg, noise_range
from gemma_audio.report.published_text import main_finding, markdown

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "experiments" / "published_card"
PUBLISHED = json.loads((FOLDER / "published.json").read_text())
TODAY = {
    "Emotion State Summarisation": 44, "Event-Based Knowledge Retrieval": 33, "Ambient Sound Interpretation": 48,
    "Acoustic Scene Reasoning": 48, "Phonemic Stress Pattern Analysis": 53, "Event-Based Sound Reasoning": 48,
    "Temporal Event Reasoning": 48, "Emotional Tone Interpretation": 33, "Dissonant Emotion Interpretation": 35,
    "Socio-cultural Interpretation": 20, "Instrumentation": 35, "Musical Texture Interpretation": 34,
    "Eco-Acoustic Knowledge": 47, "Key Highlight Extraction": 21, "Phonological Sequence Decoding": 49,
    "Melodic Structure Interpretation": 33, "Emotion Flip Detection": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def found() -> dict:
    return read(FOLDER)


def test_committed_results_are_what_the_code_gives(found: dict) -> None:
    def rounded(text: str) -> dict:
        return json.loads(text, parse_float=lambda digits: round(float(digits), 9))

    assert rounded((FOLDER / "results" / "audit.json").read_text()) == rounded(json.dumps(found))
    assert (FOLDER / "results" / "audit.md").read_text() == markdown(found)
    assert (FOLDER / "results" / "audit.svg").read_text() == audit_svg(found)
    written = TABLE.search((FOLDER / "README.md").read_text())
    assert written is not None
    assert written[0] == block(found)


def test_impossible_rows_recomputed_with_floats(found: dict) -> None:
    def prints(percent: float, n: int) -> bool:
        return any(abs(100 * count / n - percent) <= 0.05 + 1e-9 for count in range(n + 1))

    rows = {row["name"]: row for row in PUBLISHED["rows"]}
    impossible = {name for name, n in TODAY.items() if not (prints(rows[name]["base"], n) and prints(rows[name]["v3"], n))}
    assert len(impossible) == 6
    assert {row["name"] for row in found["revisions"][0]["impossible"]} == impossible
    assert {row["name"]: row["n"] for row in found["revisions"][0]["impossible"]} == {name: TODAY[name] for name in impossible}


def test_revisions_split_at_the_day_that_the_speech_bins_changed(found: dict) -> None:
    assert len(found["revisions"]) == 17
    for revision in found["revisions"]:
        assert bool(revision["impossible"]) == (revision["label"][:10] >= "2025-05-19")
        assert re.match(r"\d{4}-\d\d-\d\d \([0-9a-f]{12}", revision["label"])


def test_sizes_of_known_revisions_add_up() -> None:
    for revision in revisions().values():
        assert sum(revision["sub_categories"].values()) == revision["n"] == 1000
        assert len(revision["sub_categories"]) == 27


def test_counts_of_the_table(found: dict) -> None:
    stress = next(row for row in found["rows"] if row["name"].startswith("Phonemic"))
    assert (stress["n"], stress["base"], stress["treatment"], stress["gain"]) == (153, 51, 66, 15)
    assert (found["overall"]["base"], found["overall"]["treatment"]) == (550, 588)
    assert sum(row["gain"] for row in found["rows"]) == found["rest"]["listed_gain"] == 32
    assert found["rest"]["gain"] == 6
    assert found["rest"]["unnamed"] == [{"name": "Temporal Reasoning", "n": 56}]
    for row in found["rows"]:
        assert row["points"] == pytest.approx(100 * row["gain"] / row["n"], abs=0.11)


def test_what_the_text_says_is_held_against_the_table(found: dict) -> None:
    said = found["contradictions"]
    assert {row["name"] for row in said["neutral_band"]["rows"]} == {"Instrumentation", "Musical Texture Interpretation"}
    assert said["collapse"]["base"] + said["collapse"]["points"] < 0 < said["collapse"]["treatment"] + said["collapse"]["points"]
    assert said["near_random"]["p_by_guessing"] < 0.01
    assert len(said["spelling"]) == 5


def test_front_page_states_the_finding(found: dict) -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert main_finding(found) in readme


def test_a_table_that_no_revision_allows_is_refused() -> None:
    broken = json.loads(json.dumps(PUBLISHED))
    broken["rows"][0]["v3"] = 60.1
    with pytest.raises(ValueError, match="bins of 0 different sizes"):
        audit(broken, list(revisions().values()))


def test_picture_marks_what_could_and_could_not_be_significant(found: dict) -> None:
    low, high = noise_range(100, 0.0, 0.25)
    assert high == -low == pytest.approx(9.8, abs=0.01)
    assert "could not, whatever the answers were" in audit_svg(found)


def test_command_writes_the_folder(tmp_path: Path) -> None:
    (tmp_path / "published.json").write_text(json.dumps(PUBLISHED))
    (tmp_path / "README.md").write_text("before\n<!-- results -->\n<!-- end of results -->\nafter\n")
    main(tmp_path)
    assert (tmp_path / "README.md").read_text().startswith("before\n<!-- results -->\n* **Revision.** 6 of the 17")
    assert {path.name for path in (tmp_path / "results").iterdir()} == {"audit.json", "audit.md", "audit.svg"}
