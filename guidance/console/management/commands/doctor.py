"""`manage.py doctor`: is this installation well, and if not, what mends it?"""

from django.core.management.base import BaseCommand

from guidance.console.doctor import diagnose


class Command(BaseCommand):
    help = "Checks database, migrations, cache, clock, disk, worker, model files and mail."

    def handle(self, *args: object, **options: object) -> None:
        diagnoses = diagnose()
        for diagnosis in diagnoses:
            sign = self.style.SUCCESS("ok ") if diagnosis.is_well else self.style.ERROR("bad")
            self.stdout.write(f"{sign} {diagnosis.name:<20} {diagnosis.detail}")
            if diagnosis.fix:
                self.stdout.write(f"    -> {diagnosis.fix}")
        if not all(diagnosis.is_well for diagnosis in diagnoses):
            raise SystemExit(1)
