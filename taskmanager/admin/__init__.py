"""The admin at /admin/: Django's own, for staff.

apps         says which site it is
site         the site: its login shares the limits of the API's
middleware   sessions, forms and their protection, for the admin's URLs only
lists        read-only pages, and lists that stay quick however long the table is
"""

ADMIN = "/admin/"
