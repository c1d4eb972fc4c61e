"""What a process uses, and what many figures come to."""

import gc
import os
import statistics
import time

PAGE = os.sysconf("SC_PAGE_SIZE")


def memory():
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def usage():
    """Memory, descriptors and CPU seconds of this process so far, as a point to measure from."""
    return {"memory": memory(), "descriptors": descriptors(), "cpu": time.process_time()}


def settled():
    """The same after the garbage is collected."""
    gc.collect()
    return usage()


def each(before, after, count):
    """What one of so many took between the two."""
    return {name: (after[name] - before[name]) / count for name in before}


def interleaved(rounds, **measures):
    """Calls each of them in turn, so many rounds; returns what each returned, by name."""
    results = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            results[name].append(measure())
    return results


def medians(results):
    """The dict of the medians of a list of dicts."""
    return {name: statistics.median(result[name] for result in results) for name in results[0]}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def wait_until(condition, seconds=300, pause=0.01):
    """Whether it became true in that time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
