"""What /schema/ says about the users' API."""

from functools import partial

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from taskmanager import openapi
from taskmanager.openapi import BODY, answered, asked
from userapi.serializers import LoginSerializer, PasswordSerializer, ProfileSerializer, RegisterSerializer

call = partial(openapi.call, tags=["users"])

ADA = {"username": "ada", "email": "ada@example.com"}
LOGIN = {"username": "ada", "password": "correct-horse-9"}
PROFILE = {"id": 1} | ADA


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "userapi.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema):
        text = "`Token <token>`, with the token that `login` has answered."
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": text}


class TokenSerializer(serializers.Serializer):
    """What a login answers."""

    token = serializers.CharField(read_only=True)
    expiry = serializers.DateTimeField(read_only=True)
    user_id = serializers.IntegerField(read_only=True)
    username = serializers.CharField(read_only=True)
    email = serializers.EmailField(read_only=True)


class LoginInfoSerializer(serializers.Serializer):
    """A token of the user, without itself."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(read_only=True, help_text="The User-Agent that logged in.")
    created = serializers.DateTimeField(read_only=True)
    last_used = serializers.DateTimeField(read_only=True, allow_null=True)
    expiry = serializers.DateTimeField(read_only=True, allow_null=True)
    current = serializers.BooleanField(read_only=True, help_text="Whether this call came with it.")


class RegisteredSerializer(ProfileSerializer):
    """A new user."""

    # Not read-only, or it would be required.
    detail = serializers.CharField(
        required=False, help_text="Where the staff has to approve accounts, a sentence that says so; else not there."
    )


class WebhookSecretSerializer(serializers.Serializer):
    """What the user's receivers verify deliveries with."""

    secret = serializers.CharField(read_only=True, help_text="`whsec_`, and the key in base64.")


register = call(
    "register",
    "Make an account",
    {201: RegisteredSerializer},
    (*BODY, 403, 429),
    open_to_all=True,
    request=RegisterSerializer,
    examples=[asked("Ada", ADA | {"password": "correct-horse-9"}), answered("Ada", PROFILE, 201)],
)
login = call(
    "login",
    "Get a token",
    {200: TokenSerializer},
    (*BODY, 401, 429),
    open_to_all=True,
    request=LoginSerializer,
    examples=[
        asked("Ada", LOGIN),
        answered("A token", {"token": "1f9c…", "expiry": "2030-01-31T12:00:00Z", "user_id": 1} | ADA),
    ],
)
logout = call("logout", "End this token", {204: None}, request=None)
logoutall = call("logoutall", "End all tokens of the user", {204: None}, request=None)
me = call("me", "Who am I", {200: ProfileSerializer}, examples=[answered("Ada", PROFILE)])
edit_me = call(
    "edit_me",
    "Change name or e-mail address",
    {200: ProfileSerializer},
    BODY,
    request=ProfileSerializer(partial=True),
    examples=[asked("Another address", {"email": "ada@example.org"}), answered("Ada", PROFILE)],
)
password = call(
    "password",
    "Change the password; ends all other tokens",
    {204: None},
    (*BODY, 429),
    request=PasswordSerializer,
    examples=[asked("A new one", {"old_password": "correct-horse-9", "new_password": "battery-staple-9"})],
)
tokens = call(
    "tokens",
    "List the tokens of the user, newest first",
    {200: LoginInfoSerializer(many=True)},
    examples=[
        answered(
            "A shell",
            {
                "id": 3,
                "name": "curl/8.5.0",
                "created": "2030-01-01T12:00:00Z",
                "last_used": "2030-01-31T12:00:00Z",
                "expiry": "2030-03-01T12:00:00Z",
                "current": True,
            },
        )
    ],
)
end_token = call(
    "end_token",
    "End one of the tokens",
    {204: None},
    (404,),
    parameters=[
        OpenApiParameter("id", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH, description="Of the token.")
    ],
)
SECRET = answered("A secret", {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw…"})
webhook_secret = call(
    "webhook_secret",
    "Read the secret that signs what `notify_url` gets",
    {200: WebhookSecretSerializer},
    examples=[SECRET],
)
replace_webhook_secret = call(
    "replace_webhook_secret",
    "Replace that secret; from then on the old one signs nothing",
    {200: WebhookSecretSerializer},
    request=None,
    examples=[SECRET],
)
