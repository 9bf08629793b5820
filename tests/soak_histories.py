"""Live through many random histories and say how many: `python -m tests.soak_histories [how many] [the first seed]`."""

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.histories import live

_BATCH = 500


def lived(first: int, count: int) -> tuple[int, int, int, int]:
    """Return how many histories held, how much in them was decided and refused, and how many rounds closed."""
    decided = refused = closed = 0
    for seed in range(first, first + count):
        try:
            world = live(seed)
        except AssertionError:
            sys.stderr.write(f"seed {seed}\n")
            raise
        decided, refused, closed = decided + world.decided, refused + world.refused, closed + len(world.closed)
    return count, decided, refused, closed


def main(count: int = 100_000, first: int = 0) -> None:
    """Live through histories in as many processes as there are processors, and say after each batch what they came to."""
    start = time.perf_counter()
    batches = range(first, first + count, _BATCH)
    histories = decided = refused = closed = 0
    with ProcessPoolExecutor() as pool:
        for done in pool.map(partial(lived, count=_BATCH), batches):
            histories, decided, refused, closed = histories + done[0], decided + done[1], refused + done[2], closed + done[3]
            took = time.perf_counter() - start
            told = f"{histories} histories held: {decided} decisions made, {refused} refused, {closed} rounds closed"
            print(f"{told}; {took:.0f} s, {took / histories * 1000:.1f} ms each", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
