"""What a candidate policy would have earned on decisions that another policy made and logged."""
