from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gemma_audio.audio import RATE, Limits, MissingAudioError, decode
from gemma_audio.errors import AudioError


def sine(frequency: float, rate: int, seconds: float = 1.0, level: float = 0.5) -> np.ndarray:
    return level * np.sin(2 * np.pi * frequency * np.arange(round(rate * seconds)) / rate)


def encode(samples: np.ndarray, rate: int, format: str = "WAV", subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=format, subtype=subtype)
    return buffer.getvalue()


def spectral_peak(samples: np.ndarray) -> tuple[float, float]:
    """Frequency (Hz) and amplitude of the strongest component of the middle half."""
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4] * np.hanning(len(samples) // 2)
    spectrum = np.abs(np.fft.rfft(middle)) / (len(middle) / 4)
    return float(spectrum.argmax() * RATE / len(middle)), float(spectrum.max())


def refusal(path: Path | bytes, **keywords: object) -> str:
    with pytest.raises(AudioError) as caught:
        decode(path, **keywords)  # type: ignore[arg-type]
    text = str(caught.value)
    if isinstance(path, Path):
        assert str(path) in text
    assert "\n" in text, "every refusal carries a remedy"
    return text


def test_mono_16k_comes_back_sample_for_sample(tmp_path: Path) -> None:
    seed = 11
    print("seed", seed)
    pcm = np.random.default_rng(seed).integers(-32768, 32768, 4000, dtype=np.int16)
    path = tmp_path / "a.wav"
    soundfile.write(path, pcm, RATE, subtype="PCM_16")
    clip = decode(path)
    assert clip.samples.dtype == np.float32
    assert np.array_equal(clip.samples, pcm.astype(np.float32) / 32768)
    assert (clip.rate, clip.channels, clip.notes) == (16000, 1, ())
    assert clip.seconds == 0.25
    assert np.array_equal(decode(path.read_bytes()).samples, clip.samples)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000, 22254, 44099, 191999])
def test_resampling_keeps_frequency_level_and_length(rate: int) -> None:
    clip = decode(encode(sine(1000, rate), rate, subtype="FLOAT"))
    frequency, level = spectral_peak(clip.samples)
    assert abs(frequency - 1000) <= 2
    assert abs(level - 0.5) < 0.01
    assert abs(len(clip.samples) - RATE) <= 1
    assert clip.notes == (f"resampled from {rate} Hz",)


@pytest.mark.parametrize("rate", [44100, 44099])
def test_resampling_does_not_fold_what_lies_above_8_khz(rate: int) -> None:
    clip = decode(encode(sine(12_000, rate), rate, subtype="FLOAT"))
    assert spectral_peak(clip.samples)[1] < 0.01


def test_channels_are_averaged_and_noted() -> None:
    left, right = sine(440, RATE), sine(1000, RATE)
    clip = decode(encode(np.stack([left, right], axis=1), RATE, subtype="FLOAT"))
    assert np.allclose(clip.samples, (left + right) / 2, atol=1e-6)
    assert clip.samples.ndim == 1
    assert clip.notes == ("averaged 2 channels",)
    six = decode(encode(np.stack([left] * 6, axis=1), 48_000, subtype="PCM_16"))
    assert six.notes == ("averaged 6 channels", "resampled from 48000 Hz")


def test_too_many_channels() -> None:
    text = refusal(encode(np.zeros((800, 9)), RATE))
    assert "9 channels" in text
    assert "8" in text


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    path.write_bytes(b"")
    assert "0 bytes" in refusal(path)
    assert "0 bytes" in refusal(b"")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingAudioError, match=r"gone\.wav"):
        decode(tmp_path / "gone.wav")
    with pytest.raises(MissingAudioError):
        decode(tmp_path)


def test_text_named_wav(tmp_path: Path) -> None:
    path = tmp_path / "notes.wav"
    path.write_text("this is no sound\n" * 50)
    assert "not a readable sound file" in refusal(path)


def test_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "none.wav"
    soundfile.write(path, np.zeros(0), RATE)
    assert "0 frames" in refusal(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(tmp_path: Path, value: float) -> None:
    samples = sine(440, RATE).astype(np.float32)
    samples[123] = value
    path = tmp_path / "bad.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    assert "1 of 16000" in refusal(path)


def test_opposite_infinities_in_two_channels_do_not_cancel(tmp_path: Path) -> None:
    samples = np.zeros((4000, 2), dtype=np.float32)
    samples[7] = [np.inf, -np.inf]
    assert "NaN or infinite" in refusal(encode(samples, RATE, subtype="FLOAT"))


def test_integers_stored_as_floats() -> None:
    assert "full scale" in refusal(encode(sine(440, RATE, level=20_000), RATE, subtype="FLOAT"))


def test_duration_limit_is_exact_and_never_cuts(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(30 * 8000 + 1), 8000)
    text = refusal(path)
    assert "30.00 s long" in text
    assert "limit is 30 s" in text
    soundfile.write(path, np.zeros(30 * 8000), 8000)
    assert len(decode(path).samples) == 480_000
    soundfile.write(path, np.zeros(44100 * 43), 44100)
    assert "43.00 s" in refusal(path)
    assert "2 s" in refusal(path, limits=Limits(seconds=2))


def test_shorter_than_one_audio_token() -> None:
    assert "0.0100 s" in refusal(encode(sine(440, RATE, 0.01), RATE))


@pytest.mark.parametrize("rate", [1, 7, 3999, 192_001, 768_000, 2**31 - 1])
def test_absurd_rates(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "rate.wav"
    header = bytearray(encode(sine(440, RATE), RATE))
    header[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(bytes(header))
    assert f"{rate} Hz" in refusal(path)


@pytest.mark.skipif("MP3" not in soundfile.available_formats(), reason="this libsndfile writes no MP3")
def test_mp3_named_wav(tmp_path: Path) -> None:
    path = tmp_path / "really.wav"
    path.write_bytes(encode(sine(1000, 44100, 2.0), 44100, format="MP3"))
    clip = decode(path)
    frequency, level = spectral_peak(clip.samples)
    assert abs(frequency - 1000) <= 2
    assert abs(level - 0.5) < 0.02
    assert 1.9 < clip.seconds < 2.2


def test_silence_is_noted() -> None:
    assert decode(encode(np.zeros(8000), RATE)).notes == ("digital silence",)


def test_truncated_flac_is_not_half_a_sound(tmp_path: Path) -> None:
    seed = 5
    print("seed", seed)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, 5 * RATE)
    whole = encode(noise, RATE, format="FLAC")
    path = tmp_path / "cut.flac"
    for share in (0.3, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * share)])
        refusal(path)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # soundfile's own seek callback
def test_random_damage_never_escapes_as_another_error() -> None:
    seed = 29
    print("seed", seed)
    draw = np.random.default_rng(seed)
    sounds = [encode(sine(440, RATE, 0.2), RATE, format=kind) for kind in ("WAV", "FLAC", "OGG", "AIFF")]
    refused = 0
    for trial in range(200):
        damaged = bytearray(sounds[trial % len(sounds)])
        for position in draw.integers(0, min(len(damaged), 200), 6):
            damaged[position] = draw.integers(0, 256)
        try:
            clip = decode(bytes(damaged))
            assert np.isfinite(clip.samples).all()
            assert len(clip.samples) <= 30 * RATE
        except AudioError:
            refused += 1
    assert 20 < refused < 200


BOMB = """
import resource, sys
from gemma_audio.audio import decode
from gemma_audio.errors import AudioError
import soundfile, numpy
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    decode(sys.argv[1])
except AudioError as error:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, "torch" in sys.modules)
    print(error)
"""


def _bomb(path: Path) -> None:
    with soundfile.SoundFile(path, "w", 48_000, 2, subtype="PCM_16", format="FLAC") as file:
        for _ in range(600):
            file.write(np.zeros((48_000, 2), dtype=np.int16))


@pytest.mark.skipif(not hasattr(resource, "RUSAGE_SELF") or sys.platform != "linux", reason="reads ru_maxrss in KiB")
@pytest.mark.parametrize("honest", [True, False])
def test_flac_bomb_is_refused_without_being_unpacked(tmp_path: Path, honest: bool) -> None:
    path = tmp_path / "bomb.flac"
    _bomb(path)
    if not honest:
        data = bytearray(path.read_bytes())
        data[21] &= 0xF0  # STREAMINFO's 36-bit number of samples: 0 = unknown
        data[22:26] = bytes(4)
        path.write_bytes(bytes(data))
    assert path.stat().st_size < 1_000_000
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", BOMB, str(path)], capture_output=True, text=True, env=environment, check=True)
    grown, torch_loaded = done.stdout.split("\n")[0].split()
    assert int(grown) < 60_000, "KiB: ten minutes unpacked would be 230 MB"
    assert torch_loaded == "False"
    assert "bomb.flac" in done.stdout


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
def test_a_wav_that_was_cut_off_is_refused(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.sin(np.arange(32_000) / 20), 16_000, subtype=subtype)
    whole = path.read_bytes()
    assert len(decode(path).samples) == 32_000
    path.write_bytes(whole[: len(whole) // 2])
    for source in (path, path.read_bytes()):
        with pytest.raises(AudioError, match="cut off: the header claims"):
            decode(source, name="cut.wav")


def test_a_wav_written_into_a_pipe_claims_nothing(tmp_path: Path) -> None:
    path = tmp_path / "streamed.wav"
    soundfile.write(path, np.sin(np.arange(32_000) / 20), 16_000, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff\xff\xff\xff"
    assert len(decode(bytes(content), name="streamed.wav").samples) == 32_000
