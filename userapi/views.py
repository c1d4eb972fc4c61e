import base64

from django.contrib.auth import authenticate
from django.db import transaction
from drf_spectacular.utils import extend_schema_view
from rest_framework import generics, status
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.response import Response
from rest_framework.views import APIView

from taskmanager.throttling import Throttle
from taskmanager.wire import SmallJSONParser, id_of
from userapi import schema
from userapi.serializers import LoginSerializer, PasswordSerializer, ProfileSerializer, RegisterSerializer
from userapi.throttling import LoginAttempts, RegistrationIsOpen, RegistrationThrottle

# Who has more has a script that logs in for each call.
TOKENS_SHOWN = 1_000


class OpenView(APIView):
    """For who has no token yet. A token that came along, good or bad, does not matter."""

    parser_classes = [SmallJSONParser]
    authentication_classes = []
    permission_classes = []

    def get_authenticate_header(self, request):
        return "Token"


class RegisterView(OpenView):
    permission_classes = [RegistrationIsOpen]
    throttle_classes = [Throttle, RegistrationThrottle]

    @schema.register
    def post(self, request):
        serializer = RegisterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data, status=status.HTTP_201_CREATED)


class LoginView(OpenView):
    @schema.login
    def post(self, request):
        serializer = LoginSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        attempts = LoginAttempts(serializer.validated_data["username"], request.META.get("REMOTE_ADDR", ""))
        attempts.count()
        user = authenticate(request, **serializer.validated_data)
        if user is None:
            raise AuthenticationFailed("Wrong username or password.")
        attempts.succeeded()
        token, text = user.log_in(client=request.headers.get("User-Agent", ""))
        return Response(
            {
                "token": text,
                "expiry": token.expiry,
                "user_id": user.pk,
                "username": user.username,
                "email": user.email,
            }
        )


class LogoutView(APIView):
    @schema.logout
    def post(self, request):
        request.auth.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(APIView):
    @schema.logoutall
    def post(self, request):
        request.user.tokens.all().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema_view(get=schema.me, patch=schema.edit_me)
class MeView(generics.RetrieveUpdateAPIView):
    serializer_class = ProfileSerializer
    http_method_names = ["get", "patch", "head", "options"]

    def get_object(self):
        return self.request.user


class TokensView(APIView):
    """The user's logins, newest first."""

    @schema.tokens
    def get(self, request):
        tokens = request.user.tokens.good().order_by("-created", "-id")[:TOKENS_SHOWN]
        return Response([described(token, request.auth) for token in tokens])


class TokenView(APIView):
    """One of the user's logins."""

    @schema.end_token
    def delete(self, request, pk):
        deleted, _ = request.user.tokens.filter(pk=id_of(pk)).delete()
        if not deleted:
            raise NotFound(f"You have no token {pk[:40]}.")
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordView(APIView):
    @schema.password
    def post(self, request):
        serializer = PasswordSerializer(request.user, data=request.data, context={"token": request.auth})
        serializer.is_valid(raise_exception=True)
        with transaction.atomic():
            serializer.save()
            request.user.tokens.exclude(pk=request.auth.pk).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class WebhookSecretView(APIView):
    """What the user's receivers verify deliveries with."""

    @schema.webhook_secret
    def get(self, request):
        return self.answer(request.user)

    @schema.replace_webhook_secret
    def post(self, request):
        request.user.replace_webhook_key()
        return self.answer(request.user)

    def answer(self, user):
        secret = base64.b64encode(user.webhook_key()).decode()
        return Response({"secret": f"whsec_{secret}"}, headers={"Cache-Control": "no-store"})


def described(token, current):
    """A token as it is answered: whatever is known of it but itself."""
    fields = {name: getattr(token, name) for name in ("id", "name", "created", "last_used", "expiry")}
    return fields | {"current": token.pk == current.pk}
