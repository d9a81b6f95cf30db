"""The models: their data, training, measurement and serving. Nothing here knows Django."""

import os

# From 1.29 on, importing onnxruntime starts a thread that reports each model and its use to
# Microsoft: a shop's models are its own affair. The thread is not in the workers that gunicorn
# forks after the import, and they aborted where they waited for it at their end. Only this, set
# before the import, keeps it from starting.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
