from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("content", "0003_citation_draftrevision_publishedcopy_reviewtask_and_more"),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="sentences",
            field=models.JSONField(
                default=list,
                help_text="As the writer wrote them, with what each tells.",
                verbose_name="sentences",
            ),
        ),
    ]
