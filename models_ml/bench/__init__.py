"""`python -m models_ml.bench NAME`: quality and speed against peers."""
