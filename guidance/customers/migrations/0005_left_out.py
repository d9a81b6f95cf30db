from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("customers", "0004_zone_index")]

    operations = [
        migrations.AlterModelOptions(
            name="customer",
            options={
                "ordering": ["ref"],
                "permissions": [("exclude_customer", "Can leave a customer out of figures")],
                "verbose_name": "customer",
                "verbose_name_plural": "customers",
            },
        ),
        migrations.AddField(
            model_name="customer",
            name="excluded_as",
            field=models.CharField(
                blank=True,
                choices=[("staff", "staff"), ("bot", "script")],
                db_default="",
                default="",
                max_length=5,
                verbose_name="left out of figures as",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="excluded_source",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=10, verbose_name="left out by"
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                condition=models.Q(("excluded_as__gt", "")),
                fields=["id"],
                name="customer_excluded",
            ),
        ),
    ]
