from django.db import migrations, models

# As `measures.DEFAULTS` had them when they were first watched.
THRESHOLDS = [("miscalibration", 1.0, 1.5), ("group_ctr", 0.2, 0.5), ("group_ndcg", 0.2, 0.5)]
MEASURES = [
    ("input_drift", "drift of inputs (PSI)"),
    ("ctr_drop", "drop of CTR"),
    ("conversion_drop", "drop of conversion"),
    ("ndcg_drop", "drop of NDCG of purchases"),
    ("seen_drop", "drop of the share seen"),
    ("fallback_share", "share answered by a fallback"),
    ("disparate_exposure", "exposure out of proportion"),
    ("popularity_lift", "popularity lift"),
    ("low_coverage", "low coverage"),
    ("miscalibration", "lists unlike their shoppers' tastes"),
    ("group_ctr", "CTR of a group below that of all"),
    ("group_ndcg", "NDCG of a group below that of all"),
]


def add_thresholds(apps, schema_editor):
    thresholds = apps.get_model("recommendations", "HealthThreshold")
    for measure, look, alarm in THRESHOLDS:
        thresholds.objects.get_or_create(measure=measure, defaults={"look": look, "alarm": alarm})


def take_thresholds_away(apps, schema_editor):
    names = [measure for measure, _look, _alarm in THRESHOLDS]
    apps.get_model("recommendations", "HealthThreshold").objects.filter(measure__in=names).delete()
    apps.get_model("recommendations", "HealthAlert").objects.filter(measure__in=names).delete()


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0010_exploration_help")]

    operations = [
        migrations.AlterField(
            "healthalert",
            "measure",
            models.CharField(choices=MEASURES, max_length=30, verbose_name="measure"),
        ),
        migrations.AlterField(
            "healththreshold",
            "measure",
            models.CharField(choices=MEASURES, max_length=30, unique=True, verbose_name="measure"),
        ),
        migrations.RunPython(add_thresholds, take_thresholds_away),
    ]
