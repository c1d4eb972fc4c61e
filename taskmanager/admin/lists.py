"""Pages to read, and lists whose queries are bounded however long the table is."""

from functools import cached_property

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator

# How many rows a list has at most, and so how far its pages go.
WINDOW = 10_000
PER_PAGE = 50


class Pages(Paginator):
    """Counts no further than WINDOW."""

    @cached_property
    def count(self):
        return self.object_list.order_by()[:WINDOW].count()


class BoundedList(ChangeList):
    """In the order that its admin says; an order by any column would sort the whole table."""

    def get_ordering(self, request, queryset):
        return self.model_admin.ordering


class Bounded(admin.ModelAdmin):
    """The admin of a table that can be long: newest first, without a count of it all."""

    ordering = ("-pk",)
    sortable_by = ()
    paginator = Pages
    list_per_page = list_max_show_all = PER_PAGE
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def get_changelist(self, request, **options):
        return BoundedList

    def lookup_allowed(self, lookup, value, request):
        """Only what a filter of the list asks for: anything else could be a scan of the table."""
        return lookup in {getattr(given, "parameter_name", f"{given}__exact") for given in self.list_filter}


class ReadOnly(Bounded):
    """Shows, and changes nothing."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


def newest(rows, column="id"):
    """Those of the rows that are among the newest WINDOW by this column, which an index has to lead to."""
    last = rows.order_by(f"-{column}").values_list(column, flat=True)[WINDOW - 1 : WINDOW]
    return rows.filter(**{f"{column}__gte": floor}) if (floor := next(iter(last), None)) is not None else rows
