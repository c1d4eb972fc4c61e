from django.db import migrations, models

# Django would write the table anew on SQLite. This adds the column without touching a row on all three databases, and
# leaves the default there for processes that do not know the column yet.
ADD = "ALTER TABLE taskapi_taskevent ADD COLUMN request_id varchar(128) DEFAULT '' NOT NULL"
DROP = "ALTER TABLE taskapi_taskevent DROP COLUMN request_id"


class Migration(migrations.Migration):

    dependencies = [
        ('taskapi', '0004_stats'),
    ]

    operations = [
        migrations.RunSQL(ADD, DROP, state_operations=[
            migrations.AddField(
                model_name='taskevent',
                name='request_id',
                field=models.CharField(blank=True, db_default='', default='', max_length=128),
            ),
        ]),
    ]
