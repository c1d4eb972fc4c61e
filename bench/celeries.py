"""The processes of Celery in the topic `fleet`, in a Python environment of their own: see requirements-bench.txt.

As safe as Celery can be: it acknowledges a task when that has ended, gives the task of a process that died to another,
reserves one for each process at a time, and stores results in PostgreSQL.
"""

import os
import sys

from celery import Celery
from redis import Redis

BROKER, PREFIX = os.environ["BENCH_REDIS"], os.environ["BENCH_PREFIX"]
QUEUE = "bench"

app = Celery("bench", broker=BROKER, backend=os.environ["BENCH_RESULTS"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"global_keyprefix": PREFIX},
)


@app.task(name="nothing")
def nothing():
    pass


def fill(count):
    """So many tasks, for which no worker looks yet."""
    with app.producer_or_acquire() as producer:
        for _ in range(count):
            nothing.apply_async(queue=QUEUE, producer=producer)


def begin(count):
    """Lets so many workers begin at the same time, as soon as they are there."""
    while len(app.control.ping()) < count:
        pass
    app.control.add_consumer(QUEUE, reply=True)


def clear(_):
    """Removes all that is left of this run in Redis."""
    redis = Redis.from_url(BROKER)
    for key in redis.scan_iter(f"{PREFIX}*"):
        redis.delete(key)


if __name__ == "__main__":
    {"fill": fill, "begin": begin, "clear": clear}[sys.argv[1]](int(sys.argv[2]))
