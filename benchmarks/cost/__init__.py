"""What an upload asks of AWS, and what that costs."""
