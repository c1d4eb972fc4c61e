import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('taskapi', '0005_request_id'),
    ]

    operations = [
        migrations.AddField(
            model_name='task',
            name='notify_url',
            field=models.CharField(blank=True, db_default='', default='', max_length=2000),
        ),
        migrations.AddField(
            model_name='task',
            name='notifies',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='deliveries', to='taskapi.task'),
        ),
    ]
