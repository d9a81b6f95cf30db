from django.db import migrations, models

LEFT_OUT = models.CharField(
    blank=True,
    choices=[
        ("several_arms", "met several arms"),
        ("staff", "is of the staff"),
        ("bot", "is a script"),
    ],
    max_length=12,
)


class Migration(migrations.Migration):
    dependencies = [("experiments", "0004_count_what_was_logged")]

    operations = [
        migrations.AlterField(model_name="armday", name="left_out", field=LEFT_OUT),
        migrations.AlterField(model_name="unit", name="left_out", field=LEFT_OUT),
    ]
