"""Staff, logged in to the admin, with whatever permissions a test says."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from tests.conftest import PASSWORD
from userapi.models import User


@pytest.fixture
def root(db):
    return User.objects.create_superuser("root", "root@example.com", PASSWORD)


@pytest.fixture
def site(root):
    """The admin as a superuser has it; forms need their token there, as from a browser."""
    return logged_in(root)


@pytest.fixture
def staff(db):
    """staff("view_task") is the admin as somebody has it who may do that and nothing else."""

    def staff(*permissions):
        user = User.objects.create_user("hopper", "hopper@example.com", PASSWORD, is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return logged_in(user)

    return staff


def logged_in(user):
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def act(site, model, action, *rows, **more):
    """Has this action done to these rows, as the list's form does; returns the messages."""
    data = {"action": action, "_selected_action": [row.pk for row in rows]} | more
    answer = site.post(f"/admin/{model}/", data, follow=True)
    assert answer.status_code == 200, answer.content
    return [str(message) for message in answer.context["messages"]]
