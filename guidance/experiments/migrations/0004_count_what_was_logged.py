from django.db import migrations

# Whom experiments met before there were sums is counted with the next rollup.
MARK = """
INSERT INTO customers_changedcustomer (customer_id)
SELECT DISTINCT customer_id FROM decisions_decision
WHERE experiment <> '' AND customer_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_changed_customers"),
        ("decisions", "0002_experiments_decisions"),
        ("experiments", "0003_metrics"),
    ]

    operations = [migrations.RunSQL(MARK, migrations.RunSQL.noop)]
