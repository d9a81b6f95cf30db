from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_consent_proof_and_suppressions")]

    operations = [
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                fields=["time_zone"],
                condition=models.Q(("time_zone__gt", "")),
                name="customer_zone",
            ),
        ),
    ]
