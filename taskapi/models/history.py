from django.db import models
from django.db.models.functions import Greatest


class History(models.Model):
    """How far back the events go: those up to `pruned_to` may be gone. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    pruned_to = models.BigIntegerField(default=0)

    def __str__(self):
        return f"events after {self.pruned_to}"

    @classmethod
    def forget(cls, event_id):
        """Events up to this id may be gone from now on."""
        cls.objects.get_or_create(pk=1)
        cls.objects.filter(pk=1).update(pruned_to=Greatest("pruned_to", event_id))

    @classmethod
    def start(cls):
        """The id after which all events are there."""
        return cls.objects.filter(pk=1).values_list("pruned_to", flat=True).first() or 0
