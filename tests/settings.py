"""What the servers of most tests run with: as shipped, but passwords are hashed quickly."""

from taskmanager.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
