from django.apps import AppConfig


class UserApiConfig(AppConfig):
    name = "userapi"
    verbose_name = "Users"
