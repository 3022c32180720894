"""What the portal is measured against: argon2id verifications, one process for each core."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor

from argon2 import PasswordHasher

SECONDS = 3.0
CORES = os.cpu_count() or 1


def verifications_per_core() -> float:
    """Return how many argon2id verifications (m=19456, t=2, p=1) each core makes in a second while all are busy."""
    with ProcessPoolExecutor(CORES) as processes:
        return sum(processes.map(_rate, [SECONDS] * CORES)) / CORES


def _rate(seconds: float) -> float:
    hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    hashed = hasher.hash("a passphrase of four words")
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        hasher.verify(hashed, "a passphrase of four words")
        done += 1
    return done / (time.perf_counter() - begun)
