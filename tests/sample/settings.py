from taskmanager.settings import *  # noqa: F403
from taskmanager.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sample"]
