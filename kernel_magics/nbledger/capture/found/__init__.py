"""What nobody declared and is found: params, metrics, models, predictions."""
