"""The product's settings, and the programs of the bench."""

from taskmanager.settings import *  # noqa: F403
from taskmanager.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "bench"]
ROOT_URLCONF = "bench.urls"
