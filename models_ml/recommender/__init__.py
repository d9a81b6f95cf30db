"""The recommender: sequence model, baselines, fusion, measurement and serving."""
