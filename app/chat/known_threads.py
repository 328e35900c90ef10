"""What this process has learned about threads: their tokens, and the files that were left out.

It only saves time. Without it, a request may be too long and is sent again with less content, and a
notice may be shown again.
"""

import math
from dataclasses import dataclass

from app.bounded_cache import BoundedCache

_MOST_THREADS = 10_000
# The usage of a shorter request is mostly its instructions and tools.
_LEAST_TOKENS = 2_000
# Planning leaves a tenth of the window free, and gives a message four fifths of the rest at most.
_TOLERANCE = 1.25
_LEAST_FACTOR, _MOST_FACTOR = 0.25, 32.0


@dataclass(slots=True)
class KnownThread:
    """What is known about one thread.

    `token_factor` is the number of tokens that the model counts for each estimated one. `reduced`
    has the ids of attachments whose content was left out, and which a notice has named.
    """

    token_factor: float = 1.0
    reduced: frozenset[str] = frozenset()

    def learn_usage(self, estimated_tokens: int, counted_tokens: int) -> None:
        """Correct the factor by the usage of an answer.

        It rises at once and falls in steps, because what was too long may have been left out of
        this request. It falls only if the true factor is less than half of it: every change
        changes how requests begin, and providers cache by that.
        """
        if counted_tokens <= 0:
            return
        factor = counted_tokens / estimated_tokens if estimated_tokens >= _LEAST_TOKENS else 1.0
        if factor > self.token_factor * _TOLERANCE:
            self.token_factor = min(2 ** (math.ceil(2 * math.log2(factor)) / 2), _MOST_FACTOR)
        elif factor < self.token_factor / 2:
            self.token_factor = max(self.token_factor / math.sqrt(2), _LEAST_FACTOR)

    def learn_limit(self, token_factor: float) -> None:
        """Remember that requests were too long until they were planned with this factor."""
        self.token_factor = min(max(self.token_factor, token_factor), _MOST_FACTOR)


class KnownThreads:
    """The threads that were answered last, by user and id."""

    def __init__(self) -> None:
        self._threads: BoundedCache[tuple[str, str], KnownThread] = BoundedCache(_MOST_THREADS)

    def of(self, user_id: str, thread_id: str) -> KnownThread:
        """Return what is known about a thread. The caller changes it."""
        known = self._threads.get((user_id, thread_id))
        if known is None:
            known = KnownThread()
            self._threads.put((user_id, thread_id), known, 1)
        return known
