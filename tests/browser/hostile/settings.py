"""What the servers here run with: as most, and a program that says whatever it is told to."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.browser.hostile"]
