"""The house as the README draws it: imports point down the list of rooms, and files stay small."""

import ast
import statistics
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "gemma_audio"
ROOMS = [
    "cli",
    "sweep",
    "report",
    "training",
    "evaluation",
    "analysis",
    "models",
    "data",
    "world",
    "audio",
    "config",
    "errors",
    "files",
]


def imported_rooms(path: Path) -> set[str]:
    """Rooms that a module imports, also lazily inside its functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        found |= {m.split(".")[1] for m in modules if m.startswith("gemma_audio.")}
    return found & set(ROOMS)


def test_imports_point_down() -> None:
    upward = [
        f"{path.relative_to(PACKAGE)} imports {room}"
        for path in PACKAGE.rglob("*.py")
        if (home := path.relative_to(PACKAGE).parts[0].removesuffix(".py")) in ROOMS
        for room in imported_rooms(path)
        if ROOMS.index(room) < ROOMS.index(home)
    ]
    assert not upward, upward


def test_every_folder_is_a_room() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders <= set(ROOMS), folders - set(ROOMS)


def test_analysis_knows_nothing_of_torch_or_audio() -> None:
    for path in (PACKAGE / "analysis").glob("*.py"):
        assert imported_rooms(path) <= {"analysis", "errors"}, path
        assert "torch" not in path.read_text(), path


def test_files_stay_small() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert max(lengths.values()) <= 300, max(lengths, key=lengths.__getitem__)
    assert statistics.median(lengths.values()) <= 110
