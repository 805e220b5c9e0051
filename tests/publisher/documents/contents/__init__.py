"""What is read out of attachments."""
