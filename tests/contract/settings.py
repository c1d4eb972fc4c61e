"""What the servers here run with: programs that do what those that ship do not, and passwords hashed quickly."""

from taskmanager.settings import *  # noqa: F403
from taskmanager.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.contract"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
