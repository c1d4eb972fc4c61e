"""What the admin asks about users."""

from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import forms as auth
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import transaction

from userapi.models import User
from userapi.serializers import PASSWORD_LIMIT
from userapi.throttling import LoginAttempts, PasswordAttempts, TooMany


def count(attempts):
    """Counts one, as `Attempts.count` does. Raises ValidationError."""
    try:
        attempts.count()
    except TooMany as error:
        raise ValidationError(str(error.detail)) from None


class LoginForm(AdminAuthenticationForm):
    """The login of the admin. It counts with those of the API: who guesses has one set of attempts for both."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].max_length = PASSWORD_LIMIT
        for field in self.fields.values():
            # Of itself, a length that is set by now checks nothing. To fold a long name takes hours, and holds the GIL.
            field.validators.append(MaxLengthValidator(field.max_length))

    def clean(self):
        if self.errors:
            return self.cleaned_data
        attempts = LoginAttempts(self.cleaned_data.get("username", ""), self.request.META.get("REMOTE_ADDR", ""))
        count(attempts)
        data = super().clean()
        if self.user_cache is not None:
            attempts.succeeded()
        return data


class EndsLogins:
    """Before a form of Django that sets a password: the tokens of the old one end with it."""

    def set_password_and_save(self, user, *args, **options):
        with transaction.atomic():
            user = super().set_password_and_save(user, *args, **options)
            user.tokens.all().delete()
        return user


class OwnPasswordForm(EndsLogins, AdminPasswordChangeForm):
    """Of who is logged in by this session: wrong old passwords are counted, as the API counts them by token."""

    def __init__(self, *args, session, **kwargs):
        super().__init__(*args, **kwargs)
        self.session = session

    def clean_old_password(self):
        attempts = PasswordAttempts(self.session.session_key)
        count(attempts)
        password = super().clean_old_password()
        attempts.succeeded()
        return password


class PasswordForm(EndsLogins, auth.AdminPasswordChangeForm):
    pass


class UserForm(auth.UserChangeForm):
    class Meta(auth.UserChangeForm.Meta):
        model = User


class NewUserForm(auth.AdminUserCreationForm):
    class Meta(auth.AdminUserCreationForm.Meta):
        model = User
        fields = ("username", "email")

    def clean_username(self):
        return self.cleaned_data["username"]  # whether it is taken, the model says
