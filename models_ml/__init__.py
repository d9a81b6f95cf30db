"""The models: their data, training, measurement and serving. Nothing here knows Django."""
