from importlib import import_module

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules

SHIPPED = ("sleep", "command", "fetch", "notify")


class TaskApiConfig(AppConfig):
    name = "taskapi"
    verbose_name = "Tasks"

    def ready(self):
        from taskapi import checks  # noqa: F401  registers them

        for name in SHIPPED:
            import_module(f"taskapi.programs.{name}")
        autodiscover_modules("programs")
