"""Token authentication: Knox's header rules, with one query for token and user."""

from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from userapi.models import Token


class TokenAuthentication(KnoxTokenAuthentication):
    """`Authorization: Token <token>`. Anything else that is there is answered with a 401."""

    def authenticate_credentials(self, token):
        try:
            found = Token.objects.find(token.decode())
        except (Token.DoesNotExist, UnicodeDecodeError):
            raise AuthenticationFailed("Invalid or expired token. Log in again.") from None
        found.touch()
        return found.user, found
