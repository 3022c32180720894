"""Tasks that overlap: the next is begun before the one before it has ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from typing import Any, TypeVar

R = TypeVar("R")


async def overlapping(most: int, works: Iterable[Callable[[], Coroutine[Any, Any, R]]]) -> AsyncGenerator[R, None]:
    """Yield what comes of each work, in their order, with at most so many under way.

    With the first that fails, no more are begun; those under way have acted, so they are waited for.
    """
    begun = deque[asyncio.Task[R]]()
    try:
        for work in works:
            begun.append(asyncio.create_task(work()))
            if len(begun) == most:
                yield await begun.popleft()
        while begun:
            yield await begun.popleft()
    finally:
        await asyncio.gather(*begun, return_exceptions=True)
