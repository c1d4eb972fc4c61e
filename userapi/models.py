"""Who uses the system, and the tokens they log in with."""

import unicodedata
from contextlib import suppress
from datetime import timedelta
from functools import cache

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac
from knox.crypto import hash_token
from knox.models import AbstractAuthToken, AuthTokenManager
from rest_framework.exceptions import AuthenticationFailed

from taskmanager.prepared import Prepared

# A token in constant use costs one write in this time.
TOUCH_INTERVAL = timedelta(minutes=1)
CHANGED = "The password has just been changed. Log in again."
# What differs in case only is the same.
TAKEN = {
    "username": "A user with that username already exists.",
    "email": "A user with that e-mail address already exists.",
}
# So many counts that are over are deleted for each that begins.
BATCH = 100
WEBHOOK_SALT = "userapi.webhooks"


def fold(text):
    """The form in which names and e-mail addresses are compared: NFKC, case folded (Unicode 3.13, D146)."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def fold_email(email):
    """The same for an e-mail address. Its domain may be written in ASCII, too (RFC 3490): a@xn--9ca.com is a@é.com."""
    name, at, domain = fold(email).rpartition("@")
    with suppress(UnicodeError):  # else it is no domain, and is compared as it is
        domain = domain.encode("idna").decode("idna")
    return f"{name}{at}{domain}"


# How what has to be unique is compared.
FOLD = {"username": fold, "email": fold_email}


class Users(UserManager):
    def get_by_natural_key(self, username):
        return self.get(username_key=fold(username))

    def create_superuser(self, username, email=None, password=None, **fields):
        """As Django has it. Raises ValidationError, which its command prints, when the e-mail address is taken."""
        if email and self.filter(email_key=fold_email(email)).exists():
            raise ValidationError(TAKEN["email"])
        return super().create_superuser(username, email, password, **fields)


class User(AbstractUser):
    """A user. Names and e-mail addresses are unique whatever their case, by the two key columns."""

    username_key = models.CharField(max_length=450, unique=True, editable=False)
    # Null for a user without an address (createsuperuser asks for one, but does not insist).
    email_key = models.CharField(max_length=762, unique=True, null=True, editable=False)  # noqa: DJ001  null is not unique

    # How often the secret of this user's webhooks was replaced.
    webhook_generation = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = Users()

    def webhook_key(self):
        """The bytes with which what is sent to this user's webhooks is signed.

        Derived from SECRET_KEY, so that nothing secret is stored; another SECRET_KEY makes another one.
        """
        return salted_hmac(WEBHOOK_SALT, f"{self.pk}.{self.webhook_generation}", algorithm="sha256").digest()

    def replace_webhook_key(self):
        """From now on another key signs."""
        User.objects.filter(pk=self.pk).update(webhook_generation=models.F("webhook_generation") + 1)
        self.refresh_from_db(fields=["webhook_generation"])

    def save(self, *args, update_fields=None, **kwargs):
        self.username_key = fold(self.username)
        self.email_key = fold_email(self.email) if self.email else None
        if update_fields is not None:
            # Only the keys of what is written: the rest of this object may be older than the row.
            keys = {f"{name}_key" for name in ("username", "email") if name in update_fields}
            update_fields = keys.union(update_fields)
        super().save(*args, update_fields=update_fields, **kwargs)

    def validate_unique(self, exclude=None):
        """Raises ValidationError for the name or the address of somebody else, whatever its case."""
        super().validate_unique(exclude)
        others = User.objects.exclude(pk=self.pk)
        for field in FOLD.keys() - (exclude or set()):
            value = getattr(self, field)
            if value and others.filter(**{f"{field}_key": FOLD[field](value)}).exists():
                raise ValidationError({field: TAKEN[field]})

    def log_in(self, client=""):
        """(Token, its text), for who has just shown the password.

        Raises AuthenticationFailed when the password was changed meanwhile: that ends the logins under way, too.
        """
        with transaction.atomic():
            unchanged = User.objects.select_for_update().filter(pk=self.pk, password=self.password, is_active=True)
            if not unchanged.first():
                raise AuthenticationFailed(CHANGED)
            return Token.objects.create(self, name=client.replace("\0", "")[:255])

    def change_password(self, password):
        """Sets another one, for who has just shown the present one.

        Raises AuthenticationFailed when that was changed meanwhile, perhaps because somebody else knew it, too.
        """
        unchanged = User.objects.filter(pk=self.pk, password=self.password)
        self.set_password(password)
        if not unchanged.update(password=self.password):
            raise AuthenticationFailed(CHANGED)


class Tokens(AuthTokenManager):
    def good(self):
        """Those by which an active user is logged in."""
        return self.filter(models.Q(expiry__gt=timezone.now()) | models.Q(expiry=None), user__is_active=True)

    def find(self, token):
        """The good token, with its user, that this string is. Raises Token.DoesNotExist."""
        for values in by_digest().rows(hash_token(token)):
            found = read(Token, values)
            found.user = read(User, values[len(Token._meta.concrete_fields) :])
            if found.user.is_active and (found.expiry is None or found.expiry > timezone.now()):
                return found
        raise Token.DoesNotExist


@cache
def by_digest():
    """The columns of a token and its user."""
    return Prepared(Token.objects.select_related("user").filter(digest=""))


def read(model, values):
    """The object whose columns are the first of these values."""
    names = [field.attname for field in model._meta.concrete_fields]
    return model.from_db(DEFAULT_DB_ALIAS, names, values[: len(names)])


class Token(AbstractAuthToken):
    """A login. Only a hash of the token is stored; it expires when it has not been used for TOKEN_TTL."""

    # The abstract model makes the digest the primary key; ours can be shown in a URL.
    id = models.BigAutoField(primary_key=True)
    digest = models.CharField(max_length=128, unique=True)
    user = models.ForeignKey(User, related_name="tokens", on_delete=models.CASCADE)
    name = models.CharField(max_length=255, blank=True)
    last_used = models.DateTimeField(null=True)

    objects = Tokens()

    def __str__(self):
        return f"token {self.pk} of {self.user}"

    def is_good(self):
        """Whether it still logs its user in."""
        return Token.objects.good().filter(pk=self.pk).exists()

    def touch(self):
        """Notes the use and renews the token; writes at most once a TOUCH_INTERVAL."""
        now = timezone.now()
        if self.last_used and now - self.last_used < TOUCH_INTERVAL:
            return
        self.last_used, self.expiry = now, now + settings.TOKEN_TTL
        Token.objects.filter(pk=self.pk).update(last_used=self.last_used, expiry=self.expiry)


class AttemptCountQuerySet(models.QuerySet):
    def add(self, key, limit, window):
        """Counts one more attempt under this key, unless there were `limit` since its window began.

        Returns for how many seconds none is counted any more: 0 when this one was. A window, a timedelta, begins with
        the first attempt after the last one has ended.
        """
        now = timezone.now()
        running = self.filter(key=key, ends_at__gt=now)
        while not running.filter(number__lt=limit).update(number=F("number") + 1):
            full = running.filter(number__gte=limit).values_list("ends_at", flat=True).first()
            if full:
                return (full - now).total_seconds()
            self.begin(key, now, window)
        return 0

    def begin(self, key, now, window):
        """Opens a window, unless another process just has; and throws away some that are over."""
        fresh = {"number": 0, "ends_at": now + window}
        if not self.filter(key=key, ends_at__lte=now).update(**fresh):
            self.bulk_create([self.model(key=key, **fresh)], ignore_conflicts=True)
        over = self.filter(ends_at__lte=now)
        over.filter(pk__in=list(over.values_list("pk", flat=True)[:BATCH])).delete()

    def take_back(self, key):
        """Counts one less."""
        self.filter(key=key, number__gt=0).update(number=F("number") - 1)

    def reset(self, key):
        """Counts from none again. The row stays: who logs in now does so again."""
        self.filter(key=key).update(number=0)


class AttemptCount(models.Model):
    """How often something was tried in a window of time: in the database, so that all processes count together."""

    id = models.BigAutoField(primary_key=True)
    # A hash of what is counted: neither names nor addresses are kept.
    key = models.CharField(max_length=64, unique=True)
    number = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    objects = AttemptCountQuerySet.as_manager()

    def __str__(self):
        return f"{self.number} until {self.ends_at}"
