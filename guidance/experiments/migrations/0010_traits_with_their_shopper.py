import django.db.models.deletion
from django.db import migrations, models

MOVE_TRAITS = """
UPDATE experiments_unit SET
    tier = t.tier,
    language = t.language
FROM experiments_unittraits t
WHERE t.experiment_id = experiments_unit.experiment_id
    AND t.customer_id = experiments_unit.customer_id
"""
MOVE_BACK = """
INSERT INTO experiments_unittraits (experiment_id, customer_id, tier, language)
SELECT experiment_id, customer_id, tier, language FROM experiments_unit
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0006_left_out_since'),
        ('experiments', '0009_order_shoppers_by_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='unit',
            name='tier',
            field=models.CharField(blank=True, default='', max_length=30),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='unit',
            name='language',
            field=models.CharField(blank=True, default='', max_length=10),
            preserve_default=False,
        ),
        migrations.RunSQL(MOVE_TRAITS, MOVE_BACK),
        migrations.DeleteModel(name='UnitTraits'),
    ]
