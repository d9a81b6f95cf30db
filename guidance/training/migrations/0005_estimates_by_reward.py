from django.db import migrations


def by_reward(apps, schema_editor):
    """What was estimated were clicks; other rewards stand beside them from now on."""
    versions = apps.get_model("training", "ModelVersion")
    for version in versions.objects.exclude(off_policy={}).only("pk", "off_policy"):
        if "surfaces" in version.off_policy:
            version.off_policy = {"click": version.off_policy}
            version.save(update_fields=["off_policy"])


def clicks_alone(apps, schema_editor):
    versions = apps.get_model("training", "ModelVersion")
    for version in versions.objects.exclude(off_policy={}).only("pk", "off_policy"):
        version.off_policy = version.off_policy.get("click", {})
        version.save(update_fields=["off_policy"])


class Migration(migrations.Migration):
    dependencies = [("training", "0004_off_policy")]

    operations = [migrations.RunPython(by_reward, clicks_alone)]
