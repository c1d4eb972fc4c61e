"""The process of the topic `latency` that forks and runs."""

import time

from django.utils.module_loading import import_string

from bench.latency import SPEC, send
from bench.measure import wait_until
from taskapi.engines import ENGINES
from userapi.models import User


def fork(name, load):
    engine, user = import_string(ENGINES.get(name, name))(), User.objects.get()
    engine.start()
    time.sleep(1)
    forked = send(lambda: engine.fork(user, [SPEC])[0].pk, **load)
    time.sleep(1)
    wait_until(lambda: not engine.runs, 30)
    return forked
