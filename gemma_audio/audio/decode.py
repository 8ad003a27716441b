"""One sound file, checked before and after it is read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from gemma_audio.audio.resample import RATE, resample
from gemma_audio.audio.riff import missing_bytes
from gemma_audio.errors import AudioError, Problem

BLOCK = 1 << 16
UNKNOWN_LENGTH = 1 << 62
ESTIMATED_LENGTH = ("MP3",)


@dataclass(frozen=True)
class Limits:
    """What a sound may be; 30 s is where Gemma 4's feature extractor would cut silently, 0.04 s is one audio token."""

    seconds: float = 30.0
    min_seconds: float = 0.04
    min_rate: int = 4_000
    max_rate: int = 192_000
    channels: int = 8
    peak: float = 8.0


@dataclass(frozen=True)
class Clip:
    """Decoded sound: float32 mono at 16 kHz, the file's own rate and channel count, and notes on what was changed."""

    samples: np.ndarray
    rate: int
    channels: int
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE


class MissingAudioError(AudioError):
    """The sound file does not exist."""


def decode(source: str | Path | bytes, *, name: str | None = None, limits: Limits | None = None) -> Clip:
    """A sound file (path or its bytes; the format is read from the content, not the suffix) -> Clip.

    Channels are averaged and other rates resampled, both with a note. Nothing is ever cut.
    Raises MissingAudioError, or AudioError for a sound that is unreadable, empty, cut off, too long, too short, not finite,
    far above full scale, or whose rate or channel count is outside the limits; the text names the file, the value and the remedy.
    """
    limits = limits or Limits()
    place = name or ("audio bytes" if isinstance(source, bytes) else str(source))
    _check_complete(source, place)
    with _open(source, place) as file:
        _check_header(file, place, limits)
        rate, channels = int(file.samplerate), int(file.channels)
        samples = _read(file, place, limits)
    _check_samples(samples, rate, place, limits)
    return Clip(resample(samples, rate), rate, channels, tuple(_notes(samples, rate, channels)))


def _refuse(place: str, message: str, remedy: str) -> NoReturn:
    raise AudioError(str(Problem(place, message, remedy)))


def _open(source: str | Path | bytes, place: str) -> Any:
    import soundfile

    if isinstance(source, bytes):
        empty = not source
    else:
        path = Path(source)
        if not path.is_file():
            raise MissingAudioError(str(Problem(place, "no such sound file", "put the file there, or correct the audio folder")))
        empty = path.stat().st_size == 0
    if empty:
        _refuse(place, "the file is empty (0 bytes)", "fetch or export it again")
    try:
        return soundfile.SoundFile(io.BytesIO(source) if isinstance(source, bytes) else str(source))
    except (soundfile.SoundFileError, OSError, TypeError) as error:
        remedy = "use WAV, FLAC, OGG or MP3, or convert it: ffmpeg -i IN OUT.wav"
        _refuse(place, f"not a readable sound file ({_reason(error)})", remedy)


def _check_complete(source: str | Path | bytes, place: str) -> None:
    if not isinstance(source, bytes) and not Path(source).is_file():
        return
    with io.BytesIO(source) if isinstance(source, bytes) else Path(source).open("rb") as file:
        cut = missing_bytes(file)
    if cut:
        _refuse(place, f"cut off: the header claims {cut[0]} bytes of samples, {cut[1]} are there", "fetch or export it again")


def _reason(error: Exception) -> str:
    # libsndfile's own words without soundfile's prefix, which carries the whole path.
    return str(getattr(error, "error_string", type(error).__name__)).rstrip(".")


def _check_header(file: Any, place: str, limits: Limits) -> None:
    rate, channels, frames = int(file.samplerate), int(file.channels), int(file.frames)
    if not limits.min_rate <= rate <= limits.max_rate:
        _refuse(
            place,
            f"sampling rate {rate} Hz, allowed are {limits.min_rate} to {limits.max_rate} Hz",
            "check the header, or convert it: ffmpeg -i IN -ar 16000 OUT.wav",
        )
    if channels > limits.channels:
        _refuse(place, f"{channels} channels, at most {limits.channels} are allowed", "mix it down: ffmpeg -i IN -ac 1 OUT.wav")
    if frames == 0:
        _refuse(place, "the file holds no samples (0 frames)", "fetch or export it again")
    if frames < UNKNOWN_LENGTH:
        _check_length(frames, rate, place, limits)


def _check_length(frames: int, rate: int, place: str, limits: Limits) -> None:
    if frames > limits.seconds * rate:
        _refuse(
            place,
            f"{frames / rate:.2f} s long, the limit is {limits.seconds:g} s",
            f"nothing is cut silently; choose the part that matters: ffmpeg -i IN -t {limits.seconds:g} OUT.wav",
        )


def _blocks(file: Any, place: str) -> Iterator[np.ndarray]:
    import soundfile

    try:
        while len(block := file.read(BLOCK, dtype="float32", always_2d=True)):
            yield block
    except (soundfile.SoundFileError, OSError) as error:
        _refuse(place, f"damaged: {_reason(error)}", "fetch or export it again")


def _read(file: Any, place: str, limits: Limits) -> np.ndarray:
    # Mixed down block by block, counting: a header can claim less than a bomb unpacks to.
    parts: list[np.ndarray] = []
    count = 0
    for block in _blocks(file, place):
        count += len(block)
        _check_length(count, int(file.samplerate), place, limits)
        with np.errstate(invalid="ignore"):
            parts.append(block.mean(axis=1, dtype=np.float32))
    claimed = int(file.frames)
    if count < claimed < UNKNOWN_LENGTH and file.format not in ESTIMATED_LENGTH:
        _refuse(place, f"cut off: the header claims {claimed} frames, {count} can be read", "fetch or export it again")
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _check_samples(samples: np.ndarray, rate: int, place: str, limits: Limits) -> None:
    bad = int(np.count_nonzero(~np.isfinite(samples)))
    if bad:
        _refuse(place, f"{bad} of {len(samples)} samples are NaN or infinite", "export it again as 16-bit PCM")
    if len(samples) < limits.min_seconds * rate:
        _refuse(
            place, f"{len(samples) / rate:.4f} s long, at least {limits.min_seconds:g} s are needed", "fetch or export it again"
        )
    peak = float(np.abs(samples).max())
    if peak > limits.peak:
        _refuse(
            place,
            f"samples reach {peak:.6g}, full scale is 1 and at most {limits.peak:g} is allowed",
            "integers stored as floats? divide by 32768, or export it as 16-bit PCM",
        )


def _notes(samples: np.ndarray, rate: int, channels: int) -> Iterator[str]:
    if channels > 1:
        yield f"averaged {channels} channels"
    if rate != RATE:
        yield f"resampled from {rate} Hz"
    if not samples.any():
        yield "digital silence"
