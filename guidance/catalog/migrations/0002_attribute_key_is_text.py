from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="productattribute",
            name="key",
            field=models.CharField(max_length=60, verbose_name="attribute"),
        ),
    ]
