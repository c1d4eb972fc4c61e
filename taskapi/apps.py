from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class TaskApiConfig(AppConfig):
    name = "taskapi"

    def ready(self):
        from taskapi.programs import sleep  # noqa: F401  registers what ships

        autodiscover_modules("programs")
