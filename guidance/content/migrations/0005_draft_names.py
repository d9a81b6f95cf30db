from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("content", "0004_draft_sentences")]

    operations = [
        migrations.AlterModelOptions(
            name="draft",
            options={
                "ordering": ["created_at", "id"],
                "permissions": [("review_draft", "Can approve and reject drafts")],
                "verbose_name": "draft",
                "verbose_name_plural": "drafts at the review desk",
            },
        ),
    ]
