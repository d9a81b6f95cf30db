from django.db import migrations

# The defaults as they were when thresholds were first kept; a measure's rows are never added by hand.
THRESHOLDS = [
    ("input_drift", 0.1, 0.25),
    ("ctr_drop", 0.1, 0.25),
    ("conversion_drop", 0.1, 0.25),
    ("ndcg_drop", 0.1, 0.25),
    ("seen_drop", 0.2, 0.5),
    ("fallback_share", 0.1, 0.5),
    ("disparate_exposure", 1.25, 2.0),
    ("popularity_lift", 0.5, 1.0),
    ("low_coverage", 0.1, 0.02),
]


def add_thresholds(apps, schema_editor):
    thresholds = apps.get_model("recommendations", "HealthThreshold")
    for measure, look, alarm in THRESHOLDS:
        thresholds.objects.get_or_create(measure=measure, defaults={"look": look, "alarm": alarm})


class Migration(migrations.Migration):
    dependencies = [("recommendations", "0005_health")]

    operations = [migrations.RunPython(add_thresholds, migrations.RunPython.noop)]
