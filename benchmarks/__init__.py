"""What things cost, as ratios within one run or as counts: machines are noisy, these are not."""
