"""What training and evaluating a full-size model cost on this machine's accelerator, with each exact saving added in turn."""
