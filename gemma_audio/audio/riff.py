"""What a WAV file claims to hold, which libsndfile silently corrects when the file was cut off."""

from __future__ import annotations

import struct
from typing import BinaryIO

STREAMED = 0x7FFFF000
"""Writers that cannot seek leave a data size of at least this in the header; it claims nothing."""


def missing_bytes(file: BinaryIO) -> tuple[int, int] | None:
    """(claimed, present) bytes of samples where a RIFF/WAVE file holds fewer than its data chunk claims; None otherwise."""
    if file.read(4) != b"RIFF" or len(file.read(4)) < 4 or file.read(4) != b"WAVE":
        return None
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        start = file.tell()
        if name == b"data":
            present = file.seek(0, 2) - start
            return (size, present) if present < size < STREAMED else None
        file.seek(start + size + size % 2)
    return None
