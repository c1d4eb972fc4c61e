from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.utils.html import format_html

from taskmanager.admin.lists import Bounded
from userapi.forms import NewUserForm, PasswordForm, UserForm
from userapi.models import Token, User, fold

# What makes somebody more than a user: only a superuser gives or takes it. And what it is in one who is not.
POWERLESS = {"is_staff": False, "is_superuser": False, "groups": None, "user_permissions": None}
POWERS = tuple(POWERLESS)
# Longer is no address; to fold it would take long, and databases take no pattern of any length.
SEARCHED = User._meta.get_field("email").max_length


@admin.register(User)
class UserAdmin(Bounded, DjangoUserAdmin):
    """Users are not deleted here, because all of their tasks would go, too: they are deactivated."""

    form, add_form, change_password_form = UserForm, NewUserForm, PasswordForm
    list_display = ("username", "email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_help_text = "The beginning of a name or of an e-mail address."
    fieldsets = (
        (None, {"fields": ("username", "email", "first_name", "last_name", "set_password")}),
        ("May", {"fields": ("is_active", *POWERS)}),
        ("Times", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("username", "email", "usable_password", "password1", "password2")}),)
    readonly_fields = ("set_password", "last_login", "date_joined")
    ordering = ("-pk",)
    actions = ("activate", "deactivate")

    @admin.display(description="password")
    def set_password(self, user):
        return format_html('<a href="{}">Set another</a>, which ends the tokens.', "../password/")

    @admin.action(description="Activate the selected users", permissions=["change"])
    def activate(self, request, users):
        number = self.within_reach(request, users).update(is_active=True)
        self.message_user(request, f"Activated: {number}.", messages.SUCCESS)

    @admin.action(description="Deactivate the selected users and end their tokens", permissions=["change"])
    def deactivate(self, request, users):
        ids = list(self.within_reach(request, users).exclude(pk=request.user.pk).values_list("pk", flat=True))
        with transaction.atomic():
            User.objects.filter(pk__in=ids).update(is_active=False)
            Token.objects.filter(user__in=ids).delete()
        text = f"Deactivated: {len(ids)}. Their tasks go on; to kill them, search the tasks by the user's name."
        self.message_user(request, text, messages.SUCCESS)

    def within_reach(self, request, users):
        """Those of these users whom this one may change: with powers, only for superusers; others would borrow them."""
        return users if request.user.is_superuser else users.filter(**POWERLESS)

    def get_search_results(self, request, users, text):
        key = fold(text.strip()[:SEARCHED])
        found = Q(username_key__startswith=key) | Q(email_key__startswith=key)
        return (users.filter(found) if key else users), False

    def has_change_permission(self, request, user=None):
        reachable = user is None or self.within_reach(request, User.objects.filter(pk=user.pk)).exists()
        return reachable and super().has_change_permission(request, user)

    def has_delete_permission(self, request, user=None):
        return False

    def get_readonly_fields(self, request, user=None):
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *POWERS)

    def save_model(self, request, user, form, change):
        # Only what the form has changed: the rest of the row, such as the password, may be newer by now.
        columns = {field.name for field in User._meta.concrete_fields}
        user.save(update_fields=columns.intersection(form.changed_data) if change else None)
        if not user.is_active:
            user.tokens.all().delete()

    def changeform_view(self, request, *args, **kwargs):
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError:
            text = "Nothing was saved: somebody else has just taken the name or the e-mail address. Choose another."
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


@admin.register(Token)
class TokenAdmin(Bounded):
    """Logins. They are ended here; the tokens themselves are nowhere to be seen."""

    list_display = fields = readonly_fields = ("user", "name", "created", "last_used", "expiry")
    list_display_links = ("name",)
    list_select_related = ("user",)
    search_fields = ("user",)
    search_help_text = "The name of a user."

    def get_queryset(self, request):
        return super().get_queryset(request).defer("digest", "token_key").select_related("user")

    def get_search_results(self, request, tokens, text):
        return (tokens.filter(user__username_key=fold(text[:SEARCHED])) if text else tokens), False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, token=None):
        return False


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin):
    """Groups are powers: staff who could change one would give themselves what they like."""

    def has_add_permission(self, request):
        return request.user.is_superuser

    def has_change_permission(self, request, group=None):
        return request.user.is_superuser

    def has_delete_permission(self, request, group=None):
        return request.user.is_superuser
