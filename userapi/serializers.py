from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.core.validators import EmailValidator
from django.db import IntegrityError, transaction
from rest_framework import serializers

from taskmanager.wire import StrictSerializer, StringField
from userapi.models import FOLD, TAKEN, User
from userapi.throttling import PasswordAttempts

USERNAME = User._meta.get_field("username")
EMAIL = User._meta.get_field("email")
UNAPPROVED = "Your account is made. You can log in as soon as the staff has approved it."
# Long enough for any passphrase; hashing without a bound would let a client choose our CPU time.
PASSWORD_LIMIT = 1024


class PasswordField(StringField):
    def __init__(self, **kwargs):
        super().__init__(write_only=True, trim_whitespace=False, max_length=PASSWORD_LIMIT, **kwargs)


def check_password_rules(password, user, field):
    """Raises a ValidationError under the field's name when Django's password validators refuse."""
    try:
        password_validation.validate_password(password, user)
    except DjangoValidationError as error:
        raise serializers.ValidationError({field: error.messages}) from None


class ProfileSerializer(StrictSerializer):
    """A user, as the user sees it."""

    id = serializers.IntegerField(read_only=True)
    username = StringField(max_length=USERNAME.max_length)
    email = StringField(max_length=EMAIL.max_length, validators=[EmailValidator()])

    def validate_username(self, value):
        value = User.normalize_username(value)
        for validator in USERNAME.validators:
            validator(value)
        return self.unique("username", value)

    def validate_email(self, value):
        return self.unique("email", value)

    def unique(self, field, value):
        column, key = User._meta.get_field(f"{field}_key"), FOLD[field](value)
        if len(key) > column.max_length:  # one character can stand for eighteen
            raise serializers.ValidationError("Too long: some of its characters stand for several each.")
        others = User.objects.exclude(pk=self.instance.pk) if self.instance else User.objects
        if others.filter(**{column.name: key}).exists():
            raise serializers.ValidationError(TAKEN[field])
        return value

    def save(self):
        try:
            with transaction.atomic():
                return super().save()
        except IntegrityError:
            # Somebody took the name between the check and the write: the check now says which field it was.
            self.run_validation(self.initial_data)
            raise

    def update(self, user, data):
        for field, value in data.items():
            setattr(user, field, value)
        user.save(update_fields=list(data))
        return user


class RegisterSerializer(ProfileSerializer):
    """A new user; where staff has to approve accounts, one who cannot log in yet, which `detail` says."""

    password = PasswordField()

    def validate(self, data):
        user = User(username=data["username"], email=data["email"])
        check_password_rules(data["password"], user, "password")
        return data

    def create(self, data):
        return User.objects.create_user(**data, is_active=settings.REGISTRATION != "approved")

    def to_representation(self, user):
        return super().to_representation(user) | ({} if user.is_active else {"detail": UNAPPROVED})


class LoginSerializer(StrictSerializer):
    """Who wants a token."""

    username = StringField(max_length=1024)
    password = PasswordField()


class PasswordSerializer(StrictSerializer):
    """The old password and the new one; the context has the `token` that asks."""

    old_password = PasswordField()
    new_password = PasswordField()

    def validate_old_password(self, value):
        attempts = PasswordAttempts(self.context["token"].pk)
        attempts.count()
        if not self.instance.check_password(value):
            raise serializers.ValidationError("This is not your password.")
        attempts.succeeded()
        return value

    def validate(self, data):
        check_password_rules(data["new_password"], self.instance, "new_password")
        return data

    def update(self, user, data):
        user.change_password(data["new_password"])
        return user
