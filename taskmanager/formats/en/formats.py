"""How Django writes times on the pages of the admin: in UTC, and to the second."""

DATETIME_FORMAT = "Y-m-d H:i:s"
