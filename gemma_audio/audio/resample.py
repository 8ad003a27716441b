"""Change of sampling rate."""

from __future__ import annotations

from math import gcd

import numpy as np

RATE = 16_000
KERNEL_LIMIT = 4_000_000


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    """Samples at `rate` Hz -> samples at 16 kHz (both float32, mono), band-limited to the lower of the two Nyquist rates.

    torchaudio's kernel holds rate x 16000 / gcd^2 numbers, which for rates that share no divisor with 16000 (22 254, 44 099)
    is gigabytes; those rates take scipy's polyphase filter, which needs only one long filter.
    """
    if rate == RATE:
        return samples
    divisor = gcd(rate, RATE)
    if (rate // divisor) * (RATE // divisor) > KERNEL_LIMIT:
        return _polyphase(samples, RATE // divisor, rate // divisor)
    import torch
    from torchaudio.functional import resample as windowed_sinc

    with torch.no_grad():
        return np.asarray(windowed_sinc(torch.from_numpy(samples), rate, RATE).numpy(), dtype=np.float32)


def _polyphase(samples: np.ndarray, up: int, down: int) -> np.ndarray:
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(samples, up, down), dtype=np.float32)
