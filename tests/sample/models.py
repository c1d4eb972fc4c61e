from django.db import models


class Rights(models.Model):  # noqa: DJ008  there are no rows
    """No table: a place for permissions."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("run_census", "May run the program census")]
